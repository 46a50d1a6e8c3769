//! What a redirect makes of a request (RFC 9110 section 15.4).

/// Whether a status leads elsewhere.
pub fn leads_on(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The method of the next request: 303 turns all but HEAD into GET; 301 and
/// 302 do so for POST, as every client does; 307 and 308 change nothing. A
/// method that becomes GET loses its body.
pub fn method_after(status: u16, method: &str) -> &str {
    match status {
        303 if method != "HEAD" => "GET",
        301 | 302 if method == "POST" => "GET",
        _ => method,
    }
}

/// Fields that describe a body, and go with it (RFC 9110 section 15.4).
pub(crate) const OF_BODY: [&str; 8] = [
    "content-type",
    "content-length",
    "content-encoding",
    "content-language",
    "content-location",
    "transfer-encoding",
    "digest",
    "last-modified",
];

/// Fields that stay with their origin.
pub(crate) const OF_ORIGIN: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "host"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_changes_only_where_it_must() {
        for (status, before, after) in [
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (302, "PUT", "PUT"),
            (303, "PUT", "GET"),
            (303, "HEAD", "HEAD"),
            (307, "POST", "POST"),
            (308, "POST", "POST"),
            (301, "DELETE", "DELETE"),
        ] {
            assert_eq!(method_after(status, before), after, "{status} {before}");
        }
        assert!(leads_on(308) && !leads_on(304) && !leads_on(300));
    }
}
