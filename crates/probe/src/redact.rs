//! What must not be recorded.

use http::HeaderMap;
use url::Url;

/// What stands in the place of a secret.
const REDACTED: &str = "<redacted>";

/// Headers kept of one message; hyper itself takes at most 100 of HTTP/1.1.
const HEADERS_MAX: usize = 200;

/// Bytes of a header's value that are kept.
const VALUE_MAX_BYTES: usize = 4096;

/// Headers as they may be recorded, in the order in which they stood.
pub(crate) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = headers.iter().take(HEADERS_MAX).map(|(name, value)| {
        let value = if is_secret(name.as_str()) {
            REDACTED.to_owned()
        } else {
            let bytes = &value.as_bytes()[..value.len().min(VALUE_MAX_BYTES)];
            String::from_utf8_lossy(bytes).into_owned()
        };
        (name.as_str().to_owned(), value)
    });
    shown.collect()
}

/// A URL as it may be recorded: without user and password.
pub(crate) fn url(url: &Url) -> String {
    let mut shown = url.clone();
    // Fails only where a URL can hold no credentials.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.to_string()
}

/// The names under which secrets travel; header names are lower case here.
fn is_secret(name: &str) -> bool {
    matches!(name, "authorization" | "proxy-authorization" | "cookie" | "set-cookie")
        || ["token", "secret", "password", "api-key", "apikey"]
            .iter()
            .any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn secrets_are_replaced_and_the_rest_stays() {
        let mut map = HeaderMap::new();
        for name in ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"] {
            map.insert(name, HeaderValue::from_static("hunter2"));
        }
        map.insert("accept", HeaderValue::from_static("*/*"));
        for (name, value) in headers(&map) {
            assert_eq!(value, if name == "accept" { "*/*" } else { REDACTED }, "{name}");
        }
        let with = Url::parse("https://me:hunter2@www.example.com/a?b").unwrap();
        assert_eq!(url(&with), "https://www.example.com/a?b");
    }
}
