//! What must not be recorded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "<redacted>";

/// Headers kept of one message; hyper itself takes at most 100 of HTTP/1.1.
const HEADERS_MAX: usize = 200;

/// Bytes of a header's value that are kept.
const VALUE_MAX_BYTES: usize = 4096;

/// Shorter parts of a secret are not looked for elsewhere: they would be found
/// by chance, and guessed as easily.
const SECRET_MIN_BYTES: usize = 4;

/// The names under which secrets travel; header names are lower case here.
pub(crate) fn is_secret(name: &str) -> bool {
    matches!(name, "authorization" | "proxy-authorization" | "cookie" | "set-cookie")
        || ["token", "secret", "password", "api-key", "apikey"]
            .iter()
            .any(|part| name.contains(part))
}

/// The secrets of a request, which a server may repeat in its answer: services
/// that show what they were sent are what people try things with.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    pub(crate) fn of(headers: &HeaderMap) -> Secrets {
        Secrets::among(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
    }

    /// The same of names in any case and their values.
    pub(crate) fn among<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Secrets {
        let secret = fields.filter(|(name, _)| is_secret(&name.to_ascii_lowercase()));
        let mut found: Vec<Vec<u8>> = Vec::new();
        for (_, value) in secret {
            found.push(value.to_vec());
            // The parts that stand for themselves: what follows "Bearer", the
            // values of cookies, the password in basic credentials.
            for part in value.split(|byte| b" ;".contains(byte)) {
                found.push(part.to_vec());
                let after = part.iter().position(|&byte| byte == b'=').map(|at| &part[at + 1..]);
                found.extend(after.map(<[u8]>::to_vec));
                if let Ok(pair) = STANDARD.decode(part)
                    && let Some(colon) = pair.iter().position(|&byte| byte == b':')
                {
                    found.push(pair[colon + 1..].to_vec());
                    found.push(pair);
                }
            }
        }
        let common = |part: &[u8]| {
            part.eq_ignore_ascii_case(b"basic") || part.eq_ignore_ascii_case(b"bearer")
        };
        found.retain(|part| part.len() >= SECRET_MIN_BYTES && !common(part));
        // The whole before its parts.
        found.sort_by_key(|part| std::cmp::Reverse(part.len()));
        Secrets(found)
    }

    /// The bytes with every secret replaced.
    pub(crate) fn out_of(&self, bytes: &[u8]) -> Vec<u8> {
        let mut clean = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while at < bytes.len() {
            match self.0.iter().find(|secret| bytes[at..].starts_with(secret)) {
                Some(secret) => {
                    clean.extend_from_slice(REDACTED.as_bytes());
                    at += secret.len();
                }
                None => {
                    clean.push(bytes[at]);
                    at += 1;
                }
            }
        }
        clean
    }

    /// The first bytes of a body without secrets, at most so many.
    pub(crate) fn first(&self, bytes: &[u8], max: usize) -> Vec<u8> {
        // One that begins before the cut is looked at whole.
        let longest = self.0.first().map_or(0, Vec::len);
        let mut clean = self.out_of(&bytes[..bytes.len().min(max + longest)]);
        clean.truncate(max);
        clean
    }

    /// Headers as they may be recorded, in the order in which they stood.
    pub(crate) fn headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        self.fields(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
    }

    /// The same of any names and values.
    pub(crate) fn fields<'a>(
        &self,
        fields: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> Vec<(String, String)> {
        let shown = fields.take(HEADERS_MAX).map(|(name, value)| {
            let value = if is_secret(&name.to_ascii_lowercase()) {
                REDACTED.to_owned()
            } else {
                let clean = self.first(value, VALUE_MAX_BYTES);
                without_credentials(&String::from_utf8_lossy(&clean))
            };
            (name.to_owned(), value)
        });
        shown.collect()
    }
}

/// The text without the `user:password@` of the URLs in it (RFC 3986 section
/// 3.2.1): redirects carry them.
fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let ends =
            |c: char| matches!(c, '/' | '?' | '#' | '\\' | '"' | '<' | '>') || c.is_whitespace();
        let authority = &after[..after.find(ends).unwrap_or(after.len())];
        rest = match authority.rfind('@') {
            Some(at) => {
                clean.push_str(REDACTED);
                &after[at..]
            }
            None => after,
        };
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn map(entries: &[(&'static str, &'static str)]) -> HeaderMap {
        let entry = |&(name, value): &(&'static str, &'static str)| {
            (name.parse().unwrap(), HeaderValue::from_static(value))
        };
        entries.iter().map(entry).collect()
    }

    #[test]
    fn secrets_are_replaced_and_the_rest_stays() {
        let names = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];
        let mut all: Vec<_> = names.map(|name| (name, "hunter2")).to_vec();
        all.push(("accept", "*/*"));
        for (name, value) in Secrets::default().headers(&map(&all)) {
            assert_eq!(value, if name == "accept" { "*/*" } else { REDACTED }, "{name}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_replaced() {
        let sent = "http://u:pa@ss@h/?q=a@b; <https://x:y@z>, http://h/a:b@c";
        let shown = Secrets::default().headers(&map(&[("location", sent)])).remove(0).1;
        let clean = "http://<redacted>@h/?q=a@b; <https://<redacted>@z>, http://h/a:b@c";
        assert_eq!(shown, clean);
    }

    #[test]
    fn what_a_server_repeats_is_replaced_too() {
        let secrets = Secrets::of(&map(&[
            ("authorization", "Basic bWU6aHVudGVyMg=="),
            ("cookie", "id=abcdef; theme=dark"),
            ("x-auth-token", "t0p-s3cret"),
        ]));
        let body =
            br#"{"auth":"Basic bWU6aHVudGVyMg==","pw":"hunter2","id":"abcdef","t":"t0p-s3cret"}"#;
        let clean = String::from_utf8(secrets.out_of(body)).unwrap();
        for secret in ["bWU6", "hunter2", "abcdef", "s3cret"] {
            assert!(!clean.contains(secret), "{clean}");
        }
        assert!(clean.contains("\"auth\":\"<redacted>\""), "{clean}");
        let echoed = secrets.headers(&map(&[("location", "/?t=t0p-s3cret")]));
        assert_eq!(echoed[0].1, "/?t=<redacted>");
        // One that lies across the cut does not show its beginning.
        for max in 0..body.len() {
            let cut = String::from_utf8(secrets.first(body, max)).unwrap();
            assert!(cut.len() <= max && !cut.contains("bWU6") && !cut.contains("hunt"), "{cut}");
        }
    }
}
