//! User names and passwords in URLs (RFC 3986 section 3.2.1), and Basic
//! credentials (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

/// Takes `user:password` out of a URL, percent-encoding undone.
pub fn take(url: &mut Url) -> Option<String> {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let found = !url.username().is_empty() || url.password().is_some();
    let credentials = found.then(|| {
        format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()))
    });
    // Fails only where a URL can hold no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    credentials
}

/// The value of `Authorization` and `Proxy-Authorization` for `user:password`.
pub fn basic(credentials: &str) -> Option<HeaderValue> {
    let mut value =
        HeaderValue::try_from(format!("Basic {}", STANDARD.encode(credentials))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The header that carries `user:password`, as name and value.
pub fn header(credentials: &str) -> Option<(String, String)> {
    let value = basic(credentials)?.to_str().ok()?.to_owned();
    Some(("authorization".to_owned(), value))
}

/// A URL as it may be shown and recorded.
pub fn hidden(url: &Url) -> String {
    let mut shown = url.clone();
    take(&mut shown);
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_decoded_and_shown_to_nobody() {
        let mut url: Url = "https://us%40er:p%3Ass@h.example/a?b".parse().unwrap();
        assert_eq!(hidden(&url), "https://h.example/a?b");
        assert_eq!(take(&mut url).as_deref(), Some("us@er:p:ss"));
        assert_eq!(take(&mut url), None);
        assert_eq!(url.as_str(), "https://h.example/a?b");
        // RFC 7617 section 2.
        assert_eq!(basic("Aladdin:open sesame").unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
