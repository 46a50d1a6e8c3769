//! What to check: a URL, an ADDR, or `host[:port]`.
//!
//! Bare `host` and `host:443` mean https, `host:80` http, any other port tcp.

use std::ops::Range;

use plumb_evidence::Target;
use plumb_evidence::evidence::Scheme;
use plumb_probe::credentials;
use url::Url;

use super::authority::{self, Ports};
use crate::error::CommandError;
use crate::suggest;

const SCHEMES: [&str; 5] = ["https", "http", "tls", "tcp", "udp"];

/// A target with, for `http` and `https`, its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedTarget {
    pub text: String,
    pub scheme: Scheme,
    /// In ASCII; an IPv6 address without brackets.
    pub host: String,
    pub port: u16,
    /// Without credentials.
    pub url: Option<Url>,
    /// `user:password` of the URL.
    pub credentials: Option<String>,
}

impl ParsedTarget {
    /// The target as evidence keeps it.
    pub fn target(&self, insecure: bool, aia: bool, timeout_ms: u64) -> Target {
        Target {
            text: self.text.clone(),
            scheme: self.scheme,
            host: self.host.clone(),
            port: self.port,
            insecure,
            aia,
            timeout_ms,
        }
    }
}

/// Reads a TARGET, or says what is wrong and where.
pub fn parse(text: &str) -> Result<ParsedTarget, CommandError> {
    if text.is_empty() {
        return Err(CommandError::usage("a target cannot be empty"));
    }
    if let Some(at) = text.find(|c: char| c.is_whitespace() || c.is_control()) {
        let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
        return Err(
            CommandError::usage("a target has no spaces or control characters").at(text, at..end)
        );
    }
    match text.find("://") {
        Some(end) => with_scheme(text, end),
        None if text.starts_with("unix:") => Err(not_unix(text)),
        None => without_scheme(text),
    }
}

fn with_scheme(text: &str, scheme_end: usize) -> Result<ParsedTarget, CommandError> {
    let name = text[..scheme_end].to_ascii_lowercase();
    let scheme = match name.as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        "tls" => Scheme::Tls,
        "tcp" => Scheme::Tcp,
        "udp" => Scheme::Udp,
        "unix" => return Err(not_unix(text)),
        _ => {
            return Err(CommandError::usage(format!(
                "check does not speak {:?}",
                &text[..scheme_end]
            ))
            .at(text, 0..scheme_end.max(1))
            .hint_if(suggest::did_you_mean(&name, SCHEMES))
            .hint(format!("it speaks {}", SCHEMES.join(", "))));
        }
    };
    let authority_start = scheme_end + 3;
    let authority_end = text[authority_start..]
        .find(['/', '?', '#', '\\'])
        .map_or(text.len(), |at| authority_start + at);
    let host_start = user_part(text, authority_start..authority_end);
    let (host, port) = host_and_port(text, host_start..authority_end)?;
    if scheme.is_http() {
        return url_target(text, scheme, &host);
    }
    if authority_end != text.len() {
        return Err(CommandError::usage(format!(
            "{name}:// takes a host and a port, nothing behind them"
        ))
        .at(text, authority_end..text.len()));
    }
    let Some(port) = port else {
        return Err(CommandError::usage(format!("{name}:// needs a port"))
            .at(text, text.len()..text.len())
            .hint(format!("such as {text}:443")));
    };
    Ok(ParsedTarget { text: text.to_owned(), scheme, host, port, url: None, credentials: None })
}

/// The URL that was most likely meant, slashes forgotten or not.
fn as_url(text: &str) -> Option<String> {
    let (scheme, rest) = match text.split_once(":/") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        Some(_) => return None,
        None => ("https", text),
    };
    let rest = rest.trim_start_matches('/');
    (!rest.is_empty()).then(|| format!("{scheme}://{rest}"))
}

fn without_scheme(text: &str) -> Result<ParsedTarget, CommandError> {
    if let Some(at) = text.find(['/', '?', '#']) {
        return Err(CommandError::usage("a path belongs to a URL")
            .at(text, at..text.len())
            .hint_if(as_url(text).map(|url| format!("write {url}"))));
    }
    if let Some(at) = text.find('@') {
        return Err(CommandError::usage("a user name belongs to a URL").at(text, 0..at + 1));
    }
    let (host, port) = host_and_port(text, 0..text.len())?;
    let scheme = match port {
        None | Some(443) => Scheme::Https,
        Some(80) => Scheme::Http,
        Some(_) => Scheme::Tcp,
    };
    if let (Scheme::Tcp, Some(port)) = (scheme, port) {
        return Ok(ParsedTarget {
            text: text.to_owned(),
            scheme,
            host,
            port,
            url: None,
            credentials: None,
        });
    }
    let literal = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let mut parsed = url_target(&format!("{}://{literal}/", scheme.name()), scheme, &host)?;
    parsed.text = text.to_owned();
    Ok(parsed)
}

/// Where the host begins, behind `user:password@`.
fn user_part(text: &str, authority: Range<usize>) -> usize {
    let at = text[authority.clone()].rfind('@');
    at.map_or(authority.start, |at| authority.start + at + 1)
}

/// The host and the port in `range` of `text`; a check knows no zones.
fn host_and_port(text: &str, range: Range<usize>) -> Result<(String, Option<u16>), CommandError> {
    let found = authority::parse(text, range, Ports::OfPeers)?;
    if let Some(zone) = found.zone {
        let at = text.find('%').unwrap_or(0);
        return Err(CommandError::usage("a check takes no address with a zone")
            .at(text, at..at + 1 + zone.len()));
    }
    Ok((found.host, found.port))
}

fn url_target(text: &str, scheme: Scheme, host: &str) -> Result<ParsedTarget, CommandError> {
    let mut url = Url::parse(text).map_err(|error| {
        CommandError::usage(format!("this is no URL: {error}")).at(text, 0..text.len())
    })?;
    let port =
        url.port_or_known_default().unwrap_or(if scheme == Scheme::Https { 443 } else { 80 });
    let credentials = credentials::take(&mut url);
    let shown = if credentials.is_some() { url.to_string() } else { text.to_owned() };
    url.set_fragment(None);
    Ok(ParsedTarget {
        text: shown,
        scheme,
        host: host.to_owned(),
        port,
        url: Some(url),
        credentials,
    })
}

fn not_unix(text: &str) -> CommandError {
    CommandError::usage("check looks at the network, and a unix socket has none").at(text, 0..5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::authority::{LABEL_BYTES_MAX, NAME_BYTES_MAX};

    fn shape(text: &str) -> String {
        let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let url = parsed.url.map(|url| url.to_string()).unwrap_or_default();
        format!("{} {} {} {url}", parsed.scheme.name(), parsed.host, parsed.port)
            .trim_end()
            .to_owned()
    }

    #[test]
    fn a_url_with_slashes_forgotten_is_guessed() {
        assert_eq!(as_url("host/a").as_deref(), Some("https://host/a"));
        assert_eq!(as_url("//host:81").as_deref(), Some("https://host:81"));
        assert_eq!(as_url("http:/host/a").as_deref(), Some("http://host/a"));
        assert_eq!(as_url("foo:/host"), None);
        assert_eq!(as_url("/"), None);
    }

    #[test]
    fn urls_addresses_and_bare_hosts() {
        assert_eq!(
            shape("https://www.example.com/"),
            "https www.example.com 443 https://www.example.com/"
        );
        assert_eq!(
            shape("HTTPS://Example.com:8443/a?b#c"),
            "https example.com 8443 https://example.com:8443/a?b"
        );
        assert_eq!(
            shape("http://[2001:db8::1]:8080/x"),
            "http 2001:db8::1 8080 http://[2001:db8::1]:8080/x"
        );
        assert_eq!(shape("www.example.com"), "https www.example.com 443 https://www.example.com/");
        assert_eq!(
            shape("www.example.com:443"),
            "https www.example.com 443 https://www.example.com/"
        );
        assert_eq!(shape("www.example.com:80"), "http www.example.com 80 http://www.example.com/");
        assert_eq!(shape("mail.example.com:25"), "tcp mail.example.com 25");
        assert_eq!(shape("tcp://mail.example.com:25"), "tcp mail.example.com 25");
        assert_eq!(shape("udp://10.1.1.1:53"), "udp 10.1.1.1 53");
        assert_eq!(shape("tls://[::1]:995"), "tls ::1 995");
        assert_eq!(shape("::1"), "https ::1 443 https://[::1]/");
        assert_eq!(shape("[::1]:22"), "tcp ::1 22");
        assert_eq!(shape("10.130.1.4"), "https 10.130.1.4 443 https://10.130.1.4/");
        assert_eq!(
            shape("bücher.example"),
            "https xn--bcher-kva.example 443 https://xn--bcher-kva.example/"
        );
        assert_eq!(shape("https://user@h.example/"), "https h.example 443 https://h.example/");
    }

    #[test]
    fn the_text_keeps_what_was_given_without_the_user() {
        assert_eq!(parse("www.example.com:80").unwrap().text, "www.example.com:80");
        let parsed = parse("https://user:secret@h.example/").unwrap();
        assert_eq!(parsed.text, "https://h.example/");
        assert_eq!(parsed.credentials.as_deref(), Some("user:secret"));
    }

    #[test]
    fn errors_point_at_the_place() {
        let given = [
            "",
            "a b",
            "www.example.com:70000",
            "https://www.example.com:70000/",
            "host:0",
            "host:",
            "host:http",
            "htps://www.example.com/",
            "gopher://x/",
            "://x",
            "https://",
            "https:///path",
            "tcp://host",
            "tcp://host:1/x",
            "udp://:53",
            "www..example.com",
            ".example.com",
            "exa!mple.com",
            "www.example.com/path",
            "user@host",
            "[::1",
            "[::g]:80",
            "[::1]80",
            "a:b:c",
            "unix:/run/x",
            "10.1.1.300",
            "https://exa mple.com/",
            "https://ex^ample.com/",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
        ];
        let mut shown = String::new();
        for text in given {
            let error = match parse(text) {
                Err(error) => error,
                Ok(parsed) => panic!("{text} was taken as {parsed:?}"),
            };
            assert_eq!(error.exit_status(), crate::exit::ExitStatus::USAGE);
            shown.push_str(&plumb_report::styled::render(&error.lines(), false));
        }
        insta::assert_snapshot!(shown);
        assert!(!shown.contains("secret"));
    }

    #[test]
    fn names_at_the_limit_and_one_past_it() {
        let label = "a".repeat(LABEL_BYTES_MAX);
        assert!(parse(&format!("{label}.example")).is_ok());
        assert!(parse(&format!("a{label}.example")).is_err());
        let name = format!("{label}.{label}.{label}.{}", "a".repeat(NAME_BYTES_MAX - 3 * 64));
        assert_eq!(name.len(), NAME_BYTES_MAX);
        assert!(parse(&name).is_ok());
        assert!(parse(&format!("{name}a")).is_err());
    }

    #[test]
    fn no_text_makes_the_parser_panic() {
        for text in [
            "é:é",
            "[é]:1",
            "https://é@é:é",
            "::",
            ":",
            "[]",
            "[",
            "]",
            "@",
            "é//",
            "a\u{202e}b",
            "%00",
            "tcp://é",
        ] {
            let _ = parse(text);
        }
    }
}
