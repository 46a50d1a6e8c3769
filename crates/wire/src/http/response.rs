//! How the body of a response is framed, RFC 9112 section 6.3, and what is odd about it.

use super::Head;
use super::body::Framing;

/// What a head says of the body that follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseFraming {
    /// Where the body ends.
    pub framing: Framing,
    /// Content-Length, where there is one that can be read, also where it does not decide.
    pub declared_bytes: Option<u64>,
    /// The connection may carry another exchange after this one.
    pub reusable: bool,
    /// What a strict reader would refuse, in words.
    pub remarks: Vec<String>,
}

/// A framing that cannot be believed: the end of the body is anybody's guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// In words.
    pub text: String,
}

impl std::fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Ambiguous {}

/// The framing of the response with this head to a request with this method.
pub fn framing(head: &Head, method: &[u8]) -> Result<ResponseFraming, Ambiguous> {
    let status = head.status().unwrap_or(0);
    let mut remarks = Vec::new();
    let declared_bytes = content_length(head, &mut remarks)?;
    let codings = tokens(head, "transfer-encoding");
    let mut found = ResponseFraming {
        framing: Framing::Empty,
        declared_bytes,
        reusable: persists(head),
        remarks,
    };
    if method == b"HEAD" || matches!(status, 100..=199 | 204 | 304) {
        return Ok(found);
    }
    if method == b"CONNECT" && (200..300).contains(&status) {
        return Ok(found);
    }
    if let Some(last) = codings.last() {
        if declared_bytes.is_some() {
            let text = "both Transfer-Encoding and Content-Length: the length is ignored, RFC 9112 section 6.3";
            found.remarks.push(text.to_owned());
            found.reusable = false;
        }
        if head.start.first == b"HTTP/1.0" {
            found.remarks.push("Transfer-Encoding in HTTP/1.0, RFC 9112 section 6.1".to_owned());
            found.reusable = false;
        }
        if codings.len() > 1 || last != "chunked" {
            let all = codings.join(", ");
            found.remarks.push(format!("Transfer-Encoding is {all}: only chunked is undone"));
        }
        if last == "chunked" {
            found.framing = Framing::Chunked;
        } else {
            (found.framing, found.reusable) = (Framing::UntilClose, false);
        }
        return Ok(found);
    }
    match declared_bytes {
        Some(0) => {}
        Some(length) => found.framing = Framing::Length(length),
        None => (found.framing, found.reusable) = (Framing::UntilClose, false),
    }
    Ok(found)
}

/// The one length that all Content-Length fields agree on (RFC 9110 section 8.6).
fn content_length(head: &Head, remarks: &mut Vec<String>) -> Result<Option<u64>, Ambiguous> {
    let mut found: Option<u64> = None;
    let values = tokens(head, "content-length");
    for value in &values {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let length =
            value.parse::<u64>().ok().filter(|_| digits).ok_or_else(|| Ambiguous {
                text: format!("Content-Length {value:?} is no length"),
            })?;
        match found {
            Some(before) if before != length => {
                let text = format!("two lengths: Content-Length {before} and {length}");
                return Err(Ambiguous { text });
            }
            _ => found = Some(length),
        }
    }
    if values.len() > 1 {
        remarks.push(format!("Content-Length stands there {} times", values.len()));
    }
    Ok(found)
}

/// The elements of a list-valued field over all its lines, in lower case.
fn tokens(head: &Head, name: &str) -> Vec<String> {
    let lines = head.headers.iter().filter(|line| line.name.eq_ignore_ascii_case(name.as_bytes()));
    lines
        .flat_map(|line| {
            let value = String::from_utf8_lossy(&line.value).to_ascii_lowercase();
            value.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect()
}

/// RFC 9112 section 9.3.
fn persists(head: &Head) -> bool {
    let options = tokens(head, "connection");
    let has = |wanted: &str| options.iter().any(|option| option == wanted);
    if head.start.first == b"HTTP/1.1" { !has("close") } else { has("keep-alive") && !has("close") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        status: u16,
        headers: &[(&str, &str)],
        method: &str,
    ) -> Result<ResponseFraming, Ambiguous> {
        framing(&Head::response(status, "x", headers), method.as_bytes())
    }

    #[test]
    fn the_rules_stand_in_their_order() {
        let length = [("Content-Length", "5")];
        let chunked = [("transfer-encoding", "Chunked")];
        for (status, headers, method, framing, reusable) in [
            (200, &length[..], "HEAD", Framing::Empty, true),
            (304, &length, "GET", Framing::Empty, true),
            (204, &[], "GET", Framing::Empty, true),
            (200, &length, "CONNECT", Framing::Empty, true),
            (200, &chunked, "GET", Framing::Chunked, true),
            (200, &length, "GET", Framing::Length(5), true),
            (200, &[], "GET", Framing::UntilClose, false),
            (200, &[("Transfer-Encoding", "gzip")], "GET", Framing::UntilClose, false),
            (
                200,
                &[("Content-Length", "0"), ("Connection", "Close")],
                "GET",
                Framing::Empty,
                false,
            ),
        ] {
            let found = of(status, headers, method).unwrap();
            assert_eq!(
                (found.framing, found.reusable),
                (framing, reusable),
                "{status} {headers:?}"
            );
        }
    }

    #[test]
    fn what_is_ambiguous_is_refused_or_said() {
        let both = [("Content-Length", "5"), ("Transfer-Encoding", "chunked")];
        let found = of(200, &both, "GET").unwrap();
        assert_eq!(
            (found.framing, found.remarks.len(), found.reusable),
            (Framing::Chunked, 1, false)
        );
        let same = [("Content-Length", "5"), ("Content-Length", "5")];
        assert_eq!(of(200, &same, "GET").unwrap().framing, Framing::Length(5));
        assert_eq!(of(200, &same, "GET").unwrap().remarks.len(), 1);
        for bad in ["5, 6", "+5", "0x5", "", "99999999999999999999"] {
            assert!(of(200, &[("Content-Length", bad)], "GET").is_err(), "{bad}");
        }
    }
}
