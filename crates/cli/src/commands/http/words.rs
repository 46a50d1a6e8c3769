//! Which words are the method, the URLs and the items.

use plumb_probe::credentials;
use plumb_wire::http::url::Parts;
use url::Url;

use super::item::{self, Item};
use crate::args::request::method_token;
use crate::error::CommandError;

/// Methods that are known whatever their case; others are written in capitals.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

/// The words sorted.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) method: Option<String>,
    pub(super) urls: Vec<Target>,
    pub(super) items: Vec<Item>,
    /// `@file` or `-`, where it is the only body item.
    pub(super) raw_body: Option<String>,
}

/// A URL and what it held of credentials.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) credentials: Option<String>,
}

/// Sorts the words.
pub(super) fn sort(words: &[String]) -> Result<Words, CommandError> {
    let mut rest = words.iter().map(String::as_str).peekable();
    let method = rest.next_if(|first| words.len() > 1 && is_method(first));
    let method = method.map(|first| method_token(&first.to_ascii_uppercase())).transpose()?;
    let Some(first) = rest.next() else {
        return Err(CommandError::usage("there is no URL"));
    };
    let mut sorted =
        Words { method, urls: vec![target(first)?], items: Vec::new(), raw_body: None };
    for word in rest {
        if word.starts_with("http://") || word.starts_with("https://") {
            sorted.urls.push(target(word)?);
        } else if word == "-" || (word.starts_with('@') && word.len() > 1) {
            if sorted.raw_body.replace(word.to_owned()).is_some() {
                return Err(CommandError::usage("there is one body").at(word, 0..word.len()));
            }
        } else {
            sorted.items.push(item::parse(word)?);
        }
    }
    Ok(sorted)
}

/// Whether a word holds a secret, which everybody on the machine can read as
/// long as the process lives.
pub(super) fn show_secret(words: &[String]) -> bool {
    const SECRET: [&str; 3] = ["authorization:", "proxy-authorization:", "cookie:"];
    words.iter().any(|word| {
        let lower = word.to_ascii_lowercase();
        let given = |name: &str| {
            lower
                .strip_prefix(name)
                .is_some_and(|value| !value.is_empty() && !value.starts_with('@'))
        };
        let in_url = (lower.starts_with("http://") || lower.starts_with("https://"))
            && target(word).is_ok_and(|target| target.credentials.is_some());
        SECRET.iter().any(|name| given(name)) || in_url
    })
}

/// Whether the first of several words is a method: a known one, or capitals.
fn is_method(word: &str) -> bool {
    let known = METHODS.iter().any(|method| method.eq_ignore_ascii_case(word));
    known
        || (!word.is_empty()
            && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_'))
}

/// The URL that a word means: `:8080/x` and `/x` are on this host, and what has
/// no scheme is http.
pub(super) fn target(word: &str) -> Result<Target, CommandError> {
    if word.is_empty() {
        return Err(CommandError::usage("a URL cannot be empty"));
    }
    if let Some(at) = word.find(char::is_control) {
        return Err(CommandError::usage("a URL has no control characters").at(word, at..at + 1));
    }
    let text = match word.find("://") {
        Some(end) if is_scheme(&word[..end]) => word.to_owned(),
        _ => match word.strip_prefix(':') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("http://localhost:{rest}")
            }
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                format!("http://localhost{rest}")
            }
            _ if word.starts_with('/') && !word.starts_with("//") => {
                format!("http://localhost{word}")
            }
            _ => format!("http://{}", word.trim_start_matches('/')),
        },
    };
    let mut url = Url::parse(&text).map_err(|_| crate::commands::url::refusal(&text))?;
    if !matches!(url.scheme(), "http" | "https") {
        let message = format!("http speaks http and https, not {}", url.scheme());
        return Err(CommandError::usage(message).at(word, 0..url.scheme().len().min(word.len())));
    }
    if url.port() == Some(0) {
        let port = Parts::rfc3986(&text).port.unwrap_or(0..text.len());
        return Err(CommandError::usage("port 0 cannot be connected to").at(&text, port));
    }
    let credentials = credentials::take(&mut url);
    Ok(Target { url, credentials })
}

/// RFC 3986 section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(words: &[&str]) -> Words {
        sort(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn short_forms_of_urls_are_on_this_host() {
        for (word, url) in [
            (":8080/path", "http://localhost:8080/path"),
            (":/path", "http://localhost/path"),
            (":", "http://localhost/"),
            ("/path", "http://localhost/path"),
            (":8080", "http://localhost:8080/"),
            ("example.com/a?b#c", "http://example.com/a?b#c"),
            ("https://example.com", "https://example.com/"),
            ("localhost:8080", "http://localhost:8080/"),
            ("[::1]:80/x", "http://[::1]/x"),
            ("a.example?u=http://b/", "http://a.example/?u=http://b/"),
        ] {
            assert_eq!(target(word).unwrap().url.as_str(), url, "{word}");
        }
        for bad in ["", "ftp://x/", "http://", "a b\u{7}", "http://x:0/", "http://x:99999/"] {
            assert!(target(bad).is_err(), "{bad}");
        }
        let with = target("http://u:p@h/").unwrap();
        assert_eq!((with.url.as_str(), with.credentials.as_deref()), ("http://h/", Some("u:p")));
    }

    #[test]
    fn a_secret_in_a_word_is_noticed() {
        let shows = |word: &str| show_secret(&[word.to_owned()]);
        assert!(shows("Authorization:Bearer x") && shows("cookie:a=b") && shows("http://u:p@h/"));
        assert!(
            !shows("Cookie:")
                && !shows("Cookie:@file")
                && !shows("http://h/?a=b@c")
                && !shows("a=b")
        );
    }

    #[test]
    fn the_method_comes_first_if_it_is_one() {
        assert_eq!(sorted(&["get", "h"]).method.as_deref(), Some("GET"));
        assert_eq!(sorted(&["PURGE", "h"]).method.as_deref(), Some("PURGE"));
        assert_eq!(sorted(&["localhost", "a=b"]).method, None);
        assert_eq!(sorted(&["get"]).urls[0].url.as_str(), "http://get/");
        let several = sorted(&["http://a/", "x=1", "https://b/", "-"]);
        assert_eq!((several.urls.len(), several.items.len()), (2, 1));
        assert_eq!(several.raw_body.as_deref(), Some("-"));
    }
}
