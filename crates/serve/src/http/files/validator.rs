//! Versions of a file, and whether a client has them: RFC 9110 section 13.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Method;
use http::header::{
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE,
};
use http::request::Parts;
use plumb_sys::file::Look;
use plumb_wire::http::validator::{Comparison, EntityTag, names};

/// What tells one version of a file from another.
///
/// The entity tag is made of the inode, the size and the time of the last
/// change of the inode (ctime), in nanoseconds. It is strong: every write and
/// every truncation moves the ctime, which no program can set back (the mtime
/// it can), and a file that is replaced is another inode. What is left is two
/// writes of one length within one tick of the kernel's clock with a request
/// between them; since Linux 6.13 such writes differ too. A program that writes
/// through a mapping moves the ctime once per write-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Version(pub(super) Look);

impl Version {
    /// What stands between the quotes; `suffix` names the encoding.
    pub(super) fn tag(&self, suffix: &str) -> String {
        let dash = if suffix.is_empty() { "" } else { "-" };
        let Look { inode, size_bytes, changed_unix_ns, .. } = self.0;
        format!("{inode:x}-{size_bytes:x}-{changed_unix_ns:x}{dash}{suffix}")
    }

    /// The same as a field's value.
    pub(super) fn etag(&self, suffix: &str) -> HeaderValue {
        let text = format!("\"{}\"", self.tag(suffix));
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }

    /// `Last-Modified`: not in the future, RFC 9110 section 8.8.2.1.
    pub(super) fn modified(&self, now: SystemTime) -> SystemTime {
        let seconds = u64::try_from(self.0.modified_unix_s).unwrap_or(0);
        (UNIX_EPOCH + Duration::from_secs(seconds)).min(now)
    }
}

/// What a condition says to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// Go on.
    Go,
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client thinks.
    Failed,
}

/// Judges the conditions of a request in the order of RFC 9110 section 13.2.2.
/// `tag` and `modified` are those of what is there, `None` where nothing is.
pub(super) fn judge(request: &Parts, tag: Option<&str>, modified: Option<SystemTime>) -> Judged {
    let headers = &request.headers;
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    let tag = tag.map(|tag| EntityTag { weak: false, opaque: tag.as_bytes() });
    let named = |field, comparison| {
        headers.contains_key(field).then(|| {
            headers.get_all(field).iter().any(|v| names(v.as_bytes(), tag.as_ref(), comparison))
        })
    };
    match named(&IF_MATCH, Comparison::Strong) {
        Some(true) => {}
        Some(false) => return Judged::Failed,
        None => {
            if let (Some(since), Some(modified)) = (date(headers, &IF_UNMODIFIED_SINCE), modified)
                && seconds(modified) > seconds(since)
            {
                return Judged::Failed;
            }
        }
    }
    match named(&IF_NONE_MATCH, Comparison::Weak) {
        Some(true) if reads => Judged::NotModified,
        Some(true) => Judged::Failed,
        Some(false) => Judged::Go,
        None => match (date(headers, &IF_MODIFIED_SINCE), modified) {
            (Some(since), Some(modified)) if reads && seconds(modified) <= seconds(since) => {
                Judged::NotModified
            }
            _ => Judged::Go,
        },
    }
}

/// Whether a range is meant of this version, RFC 9110 section 13.1.5. A date
/// proves it only when the file was not changed within that same second.
pub(super) fn range_is_of(
    headers: &HeaderMap,
    tag: &str,
    modified: SystemTime,
    now: SystemTime,
) -> bool {
    let Some(condition) = headers.get(IF_RANGE).map(HeaderValue::as_bytes) else { return true };
    if let Some((condition, rest)) = EntityTag::read(condition.trim_ascii()) {
        let current = EntityTag { weak: false, opaque: tag.as_bytes() };
        return rest.is_empty() && condition.is(&current, Comparison::Strong);
    }
    date(headers, &IF_RANGE)
        .is_some_and(|date| seconds(date) == seconds(modified) && seconds(modified) < seconds(now))
}

/// A date in one of the three forms; what is none is as if it was not sent,
/// and so are several lines.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    httpdate::parse_http_date(first.to_str().ok()?.trim()).ok()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sunday, 06-Nov-94 08:49:36 GMT";
    const AFTER: &str = "Sun Nov  6 08:49:38 1994";

    fn judged(method: Method, headers: &[(&str, &str)]) -> Judged {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        judge(&parts, Some("x"), httpdate::parse_http_date(MODIFIED).ok())
    }

    #[test]
    fn conditions_in_their_order() {
        use Judged::{Failed, Go, NotModified};
        for (headers, expected) in [
            (&[][..], Go),
            (&[("if-match", "\"x\"")], Go),
            (&[("if-match", "W/\"x\"")], Failed),
            (&[("if-match", "\"y\"")], Failed),
            (&[("if-match", "*")], Go),
            (&[("if-match", "\"x\""), ("if-unmodified-since", BEFORE)], Go),
            (&[("if-unmodified-since", BEFORE)], Failed),
            (&[("if-unmodified-since", MODIFIED)], Go),
            (&[("if-unmodified-since", AFTER)], Go),
            (&[("if-unmodified-since", "yesterday")], Go),
            (&[("if-none-match", "W/\"x\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"y\""), ("if-modified-since", AFTER)], Go),
            (&[("if-none-match", "\"y\""), ("if-none-match", "\"x\"")], NotModified),
            (&[("if-match", "\"y\""), ("if-none-match", "\"x\"")], Failed),
            (&[("if-modified-since", BEFORE)], Go),
            (&[("if-modified-since", MODIFIED)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", "")], Go),
        ] {
            assert_eq!(judged(Method::GET, headers), expected, "{headers:?}");
        }
        assert_eq!(judged(Method::PUT, &[("if-none-match", "*")]), Failed);
        assert_eq!(judged(Method::PUT, &[("if-modified-since", AFTER)]), Go);
        assert_eq!(judged(Method::HEAD, &[("if-modified-since", AFTER)]), NotModified);
    }

    #[test]
    fn a_range_of_another_version_is_not_sent() {
        let modified = httpdate::parse_http_date(MODIFIED).unwrap();
        let later = modified + Duration::from_secs(1);
        let of = |value: &str, now| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_RANGE, HeaderValue::from_str(value).unwrap());
            range_is_of(&headers, "x", modified, now)
        };
        assert!(range_is_of(&HeaderMap::new(), "x", modified, later));
        assert!(of("\"x\"", later) && of(MODIFIED, later));
        for other in ["\"y\"", "W/\"x\"", "\"x\" \"x\"", BEFORE, AFTER, "x", ""] {
            assert!(!of(other, later), "{other}");
        }
        assert!(!of(MODIFIED, modified), "within the same second");
    }
}
