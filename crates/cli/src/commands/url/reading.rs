//! One URL as RFC 3986 and as the URL standard of browsers (WHATWG) read it.

use std::ops::Range;

use fluent_uri::{ParseErrorKind, UriRef};
use plumb_wire::http::url::{Parts, decode};
use serde::Serialize;

use super::host::{HostFacts, is_public_name};

/// What stands in the place of a secret.
pub(super) const REDACTED: &str = "<redacted>";

/// A URL with both readings of it.
#[derive(Debug, Clone)]
pub(super) struct Url {
    /// As it was written.
    pub text: String,
    pub rfc3986: Reading,
    pub whatwg: Reading,
    /// The URL standard's result, where it has one.
    pub parsed: Option<url::Url>,
    pub host: Option<HostFacts>,
    /// What must not be shown.
    secret: Option<Range<usize>>,
}

/// How one standard reads a URL.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Reading {
    /// Why the standard refuses it; none if it does not.
    pub refused: Option<Refused>,
    /// Where it sees the parts, in bytes of the text; none if it sees none.
    #[serde(skip)]
    pub parts: Option<Parts>,
    pub scheme: Option<String>,
    /// `<redacted>` where there is one.
    pub userinfo: Option<String>,
    pub host: Option<String>,
    /// The port that is meant: the scheme's own where none is written.
    pub port: Option<u16>,
    pub path: Option<String>,
    pub query: Option<String>,
    pub fragment: Option<String>,
    /// Normalised: RFC 3986 section 6.2.2, or as a browser's address bar says.
    pub normalized: Option<String>,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Refused {
    pub why: String,
    /// In bytes of the text.
    pub start: usize,
    pub end: usize,
}

impl Url {
    pub(super) fn read(text: &str) -> Url {
        let rfc_parts = Parts::rfc3986(text);
        let whatwg_parts = Parts::whatwg(text);
        let secret = secret(text, &rfc_parts, whatwg_parts.as_ref());
        let parsed = url::Url::parse(text);
        let host = parsed.as_ref().ok().and_then(facts);
        let whatwg = match &parsed {
            Ok(parsed) => accepted(parsed, whatwg_parts),
            Err(error) => refused_by_whatwg(text, *error, whatwg_parts),
        };
        let mut rfc3986 = by_rfc3986(text, rfc_parts, secret.as_ref());
        let mut whatwg = whatwg;
        if let Some(secret) = secret.clone() {
            rfc3986.hide(&text[secret.clone()]);
            whatwg.hide(&text[secret]);
        }
        Url { text: text.to_owned(), rfc3986, whatwg, parsed: parsed.ok(), host, secret }
    }

    /// Whether it says by itself where it leads.
    pub(super) fn is_relative(&self) -> bool {
        self.rfc3986.scheme.is_none() && self.whatwg.scheme.is_none()
    }

    /// The text with the secret covered, and a range of it as it stands there.
    pub(super) fn shown(&self) -> (String, impl Fn(Range<usize>) -> Range<usize> + '_) {
        let mut text = self.text.clone();
        if let Some(secret) = self.secret.clone() {
            text.replace_range(secret, REDACTED);
        }
        let place = |at: usize| match &self.secret {
            Some(secret) if at >= secret.end => at - secret.len() + REDACTED.len(),
            Some(secret) if at > secret.start => secret.start + REDACTED.len(),
            _ => at,
        };
        (text, move |range: Range<usize>| place(range.start)..place(range.end))
    }

    /// A part of the text as it may be shown.
    pub(super) fn shown_part(&self, range: Range<usize>) -> String {
        let (text, place) = self.shown();
        text[place(range)].to_owned()
    }
}

impl Reading {
    /// Covers a secret wherever this reading put it: what is a password to one
    /// standard is a piece of the path to the other.
    fn hide(&mut self, secret: &str) {
        let why = self.refused.as_mut().map(|refused| &mut refused.why);
        let fields = [
            &mut self.host,
            &mut self.path,
            &mut self.query,
            &mut self.fragment,
            &mut self.normalized,
        ];
        for field in fields.into_iter().filter_map(Option::as_mut).chain(why) {
            for spelling in [secret, &secret.to_ascii_lowercase()] {
                if field.contains(spelling) {
                    *field = field.replace(spelling, REDACTED);
                }
            }
        }
    }
}

/// A name that reads as a host may stand before the `@`: then it is there to
/// deceive, and must be seen.
fn secret(text: &str, rfc: &Parts, whatwg: Option<&Parts>) -> Option<Range<usize>> {
    let by_whatwg = whatwg.and_then(|parts| parts.userinfo.clone());
    let range = match (rfc.userinfo.clone(), by_whatwg) {
        (Some(one), Some(other)) => {
            if one.len() < other.len() {
                one
            } else {
                other
            }
        }
        (one, other) => one.or(other)?,
    };
    let name = text[range.clone()].split(':').next().unwrap_or_default();
    let looks_like_host = is_public_name(name.trim_end_matches('\\'));
    let start = if looks_like_host { range.start + name.len() + 1 } else { range.start };
    (start < range.end).then_some(start..range.end)
}

/// Facts of the host that the URL standard sees; of no name where the scheme
/// is not one whose hosts are names of the DNS.
fn facts(parsed: &url::Url) -> Option<HostFacts> {
    let host = parsed.host()?;
    if let url::Host::Domain(name) = host
        && (name.is_empty() || name.contains('%'))
    {
        return None;
    }
    Some(HostFacts::of(&host))
}

/// As appendix B splits it; whether it may stand so is said by the grammar.
fn by_rfc3986(text: &str, parts: Parts, secret: Option<&Range<usize>>) -> Reading {
    let own = |range: &Option<Range<usize>>| range.clone().map(|range| text[range].to_owned());
    let scheme = own(&parts.scheme).map(|scheme| scheme.to_ascii_lowercase());
    let port_text = own(&parts.port).filter(|port| !port.is_empty());
    let port = match &port_text {
        Some(port) => port.parse().ok(),
        None => scheme.as_deref().and_then(default_port).filter(|_| parts.host.is_some()),
    };
    let parsed = UriRef::parse(text);
    let refused = match &parsed {
        Err(error) if in_host(text, &parts, error.index()) => Some(Refused {
            why: "a host is ASCII: a name beyond it is written xn--...".to_owned(),
            start: parts.host.as_ref().map_or(0, |host| host.start),
            end: parts.host.as_ref().map_or(0, |host| host.end),
        }),
        Err(error) => Some(refused_by_grammar(text, error.index(), error.kind())),
        // The grammar allows any digits, the transport 16 bits.
        Ok(_) => {
            port_text.filter(|_| port.is_none()).zip(parts.port.clone()).map(|(port, range)| {
                Refused {
                    why: format!("the port {port} is too large: ports end at 65535"),
                    start: range.start,
                    end: range.end,
                }
            })
        }
    };
    let normalized = parsed.ok().map(|uri| uri.normalize().into_string());
    let path = match &normalized {
        Some(text) => text[Parts::rfc3986(text).path].to_owned(),
        None => normal_path(&text[parts.path.clone()]),
    };
    Reading {
        refused,
        scheme,
        userinfo: parts.userinfo.as_ref().map(|range| cover(text, range.clone(), secret)),
        host: own(&parts.host).map(|host| host.to_ascii_lowercase()),
        port,
        path: Some(path),
        query: own(&parts.query),
        fragment: own(&parts.fragment),
        normalized: normalized.map(|text| cover_userinfo(&text, secret.is_some())),
        parts: Some(parts),
    }
}

/// Whether the place is a character beyond ASCII in the host.
fn in_host(text: &str, parts: &Parts, at: usize) -> bool {
    let beyond = text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(|c| !c.is_ascii());
    beyond && parts.host.as_ref().is_some_and(|host| host.contains(&at))
}

/// A path without dot segments, though the URL around it is refused.
fn normal_path(path: &str) -> String {
    let encoded = super::build::encode_path(path);
    match UriRef::parse(format!("x://h{encoded}")) {
        Ok(uri) if path.starts_with('/') => uri.normalize().path().as_str().to_owned(),
        _ => path.to_owned(),
    }
}

fn accepted(parsed: &url::Url, parts: Option<Parts>) -> Reading {
    let userinfo = !parsed.username().is_empty() || parsed.password().is_some();
    let secret = !is_public_name(parsed.username()) || parsed.password().is_some();
    Reading {
        refused: None,
        scheme: Some(parsed.scheme().to_owned()),
        userinfo: userinfo.then(|| match (is_public_name(parsed.username()), secret) {
            (true, false) => parsed.username().to_owned(),
            (true, true) => format!("{}:{REDACTED}", parsed.username()),
            (false, _) => REDACTED.to_owned(),
        }),
        host: parsed.host_str().map(str::to_owned),
        port: parsed.port_or_known_default(),
        path: Some(parsed.path().to_owned()),
        query: parsed.query().map(str::to_owned),
        fragment: parsed.fragment().map(str::to_owned),
        normalized: Some(cover_userinfo(parsed.as_str(), secret)),
        parts,
    }
}

fn refused_by_whatwg(text: &str, error: url::ParseError, parts: Option<Parts>) -> Reading {
    use url::ParseError as E;
    let host = parts.as_ref().and_then(|parts| parts.host.clone());
    let port = parts.as_ref().and_then(|parts| parts.port.clone());
    let host_text = host.clone().map(|host| &text[host]).unwrap_or_default();
    let (why, place) = match error {
        E::RelativeUrlWithoutBase | E::RelativeUrlWithCannotBeABaseBase => {
            ("there is no scheme, so it needs a base".to_owned(), Some(0..0))
        }
        E::EmptyHost => ("there is no host".to_owned(), host),
        E::InvalidPort => (
            match port.as_ref().map(|port| &text[port.clone()]) {
                Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                    format!("the port {port} is too large: ports end at 65535")
                }
                _ => "a port is a number".to_owned(),
            },
            port,
        ),
        E::InvalidIpv4Address => (
            "a host that ends in a number must be an IPv4 address, and this is none".to_owned(),
            host,
        ),
        E::InvalidIpv6Address => ("this is no IPv6 address".to_owned(), host),
        E::InvalidDomainCharacter => match forbidden_in_host(host_text) {
            Some(c) => (format!("{c:?} may not stand in a name"), host),
            None => ("this cannot be a name".to_owned(), host),
        },
        E::IdnaError => {
            ("this cannot be a name: the rules for names beyond ASCII refuse it".to_owned(), host)
        }
        E::Overflow => ("it is longer than 4 GiB".to_owned(), None),
        other => (other.to_string(), host),
    };
    let place = place.unwrap_or(0..text.len());
    Reading {
        refused: Some(Refused { why, start: place.start, end: place.end }),
        scheme: parts
            .as_ref()
            .and_then(|parts| parts.scheme.clone())
            .map(|range| text[range].to_ascii_lowercase()),
        userinfo: None,
        host: None,
        port: None,
        path: None,
        query: None,
        fragment: None,
        normalized: None,
        parts,
    }
}

/// The first character that no host of a web scheme may hold, once decoded.
fn forbidden_in_host(host: &str) -> Option<char> {
    let decoded = decode(host).bytes;
    let text = String::from_utf8_lossy(&decoded).into_owned();
    text.chars().find(|c| *c <= ' ' || "#/:<>?@[\\]^|%\u{7f}".contains(*c))
}

fn refused_by_grammar(text: &str, at: usize, kind: ParseErrorKind) -> Refused {
    if let (Some(open), None) = (text.find("//["), text.find(']')) {
        let why = "the bracket is never closed".to_owned();
        return Refused { why, start: open + 2, end: open + 3 };
    }
    let rest = text.get(at..).unwrap_or_default();
    let c = rest.chars().next();
    let mut end = at + c.map_or(0, char::len_utf8);
    let why = match (kind, c) {
        (ParseErrorKind::InvalidPctEncodedOctet, _) => {
            let digits = rest.chars().skip(1).take(2).take_while(char::is_ascii_alphanumeric);
            end += digits.count();
            "two hexadecimal digits must follow a %".to_owned()
        }
        (ParseErrorKind::InvalidIpv6Addr, _) => {
            end = at + rest.find(']').unwrap_or(rest.len());
            "this is no IPv6 address".to_owned()
        }
        (_, Some(c)) if !c.is_ascii() => format!(
            "a URI is ASCII: {c} is written {}",
            plumb_wire::http::url::encode(c.to_string(), plumb_wire::http::url::Keep::Unreserved)
        ),
        (_, Some(c)) => format!("{} may not stand here", named(c)),
        (_, None) => "it ends too early".to_owned(),
    };
    Refused { why, start: at, end }
}

/// A character as people name it.
pub(super) fn named(c: char) -> String {
    match c {
        ' ' => "a blank".to_owned(),
        '\t' => "a tab".to_owned(),
        '\n' => "a line feed".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\\' => "a backslash".to_owned(),
        '"' => "a quotation mark".to_owned(),
        c if c.is_control() => format!("the control character U+{:04X}", u32::from(c)),
        c => c.to_string(),
    }
}

fn cover(text: &str, range: Range<usize>, secret: Option<&Range<usize>>) -> String {
    match secret {
        Some(secret) if secret.start <= range.end && secret.end >= range.start => {
            let before = text.get(range.start..secret.start).unwrap_or_default();
            let after = text.get(secret.end..range.end).unwrap_or_default();
            format!("{before}{REDACTED}{after}")
        }
        _ => text[range].to_owned(),
    }
}

/// A normalised URL without what stands before its `@`.
fn cover_userinfo(text: &str, secret: bool) -> String {
    match Parts::rfc3986(text).userinfo {
        Some(range) if secret => {
            let mut text = text.to_owned();
            text.replace_range(range, REDACTED);
            text
        }
        _ => text.to_owned(),
    }
}

/// What kind of scheme it is.
pub(super) fn scheme_class(scheme: &str) -> Option<&'static str> {
    Some(match scheme {
        "https" | "wss" => "of the web, encrypted",
        "http" | "ws" => "of the web, in clear text",
        "ftp" => "of the web's first days, in clear text; browsers gave it up",
        "file" => "a file of this machine",
        "data" | "blob" | "about" => "of the browser itself, no request",
        "javascript" | "vbscript" => "a program",
        "mailto" | "tel" | "sms" | "urn" => "names something, leads to no host",
        _ => return None,
    })
}

/// The port of a scheme where none is written.
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "ftp" => 21,
        "ssh" | "sftp" => 22,
        "telnet" => 23,
        "dns" => 53,
        "gopher" => 70,
        "ldap" => 389,
        "ldaps" => 636,
        "imap" => 143,
        "imaps" => 993,
        "rtsp" => 554,
        "mqtt" => 1883,
        "redis" => 6379,
        "postgres" | "postgresql" => 5432,
        "mysql" => 3306,
        "amqp" => 5672,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_covered_in_every_spelling() {
        for text in [
            "https://alice:correct-horse@www.example.com/",
            "https://correct-horse@www.example.com/",
            r"https://alice:correct-horse@www.example.com\@evil.example/",
            "https://www.example.com:correct-horse@evil.example/",
            "https:/alice:correct-horse@www.example.com/",
        ] {
            let url = Url::read(text);
            let all = format!(
                "{} {} {}",
                url.shown().0,
                serde_json::to_string(&url.rfc3986).unwrap(),
                serde_json::to_string(&url.whatwg).unwrap()
            );
            assert!(!all.contains("correct-horse"), "{all}");
            assert!(all.contains(REDACTED), "{all}");
        }
    }

    #[test]
    fn a_host_before_the_at_is_no_secret() {
        let url = Url::read("https://www.example.com@evil.example/");
        assert_eq!(url.shown().0, url.text);
        assert_eq!(url.whatwg.userinfo.as_deref(), Some("www.example.com"));
    }

    #[test]
    fn ranges_move_with_the_cover() {
        let url = Url::read("https://a:b@host/path");
        let (text, place) = url.shown();
        assert_eq!(text, "https://<redacted>@host/path");
        assert_eq!(&text[place(8..11)], "<redacted>");
        assert_eq!(&text[place(12..16)], "host");
    }

    #[test]
    fn refusals_point_at_the_place() {
        let refused = |text: &str| {
            let url = Url::read(text);
            let show = |refused: Option<Refused>| {
                refused.map(|refused| {
                    format!("{} [{}]", refused.why, &text[refused.start..refused.end])
                })
            };
            (show(url.rfc3986.refused), show(url.whatwg.refused))
        };
        let one = |text: &str| Some(text.to_owned());
        assert_eq!(refused("http://h/a b"), (one("a blank may not stand here [ ]"), None));
        assert_eq!(
            refused("http://h/%zz"),
            (one("two hexadecimal digits must follow a % [%zz]"), None)
        );
        assert_eq!(
            refused("http://h:70000/"),
            (
                one("the port 70000 is too large: ports end at 65535 [70000]"),
                one("the port 70000 is too large: ports end at 65535 [70000]")
            )
        );
        assert_eq!(refused("http://[::1::2]/").1, one("this is no IPv6 address [[::1::2]]"));
        assert_eq!(
            refused("http://1.2.3.256/").1,
            one(
                "a host that ends in a number must be an IPv4 address, and this is none [1.2.3.256]"
            )
        );
        assert_eq!(refused("http://h/é").0, one("a URI is ASCII: é is written %C3%A9 [é]"));
        assert_eq!(refused("/a/b").1, one("there is no scheme, so it needs a base []"));
    }

    /// Every text of six of the characters that matter, after each scheme: the
    /// places that the parts are said to be at hold what the parser read there.
    #[test]
    fn the_places_of_the_parts_are_those_that_the_parser_means() {
        const ALPHABET: &[char] = &['/', '\\', 'a', '@', ':', '?', '#', '\t'];
        for number in 0..ALPHABET.len().pow(6) {
            let tail: String =
                (0..6).map(|i| ALPHABET[number / ALPHABET.len().pow(i) % ALPHABET.len()]).collect();
            for scheme in ["http:", "x:"] {
                // The parser ends a port at a backslash in every scheme; the
                // standard refuses that port outside of the web's own.
                if scheme == "x:" && tail.contains('\\') {
                    continue;
                }
                let text = format!("{scheme}{tail}");
                let Ok(parsed) = url::Url::parse(&text) else { continue };
                let parts = Parts::whatwg(&text).unwrap();
                let part = |range: Option<Range<usize>>| {
                    range.map(|range| text[range].replace('\t', "")).unwrap_or_default()
                };
                assert_eq!(part(parts.host), parsed.host_str().unwrap_or_default(), "{text:?}");
                assert_eq!(part(parts.query), parsed.query().unwrap_or_default(), "{text:?}");
                assert_eq!(part(parts.fragment), parsed.fragment().unwrap_or_default(), "{text:?}");
            }
        }
    }
}
