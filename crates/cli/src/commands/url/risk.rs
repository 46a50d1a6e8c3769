//! What may go wrong with a URL: where two programs read it differently, and
//! where a person reads it differently from both.

use std::ops::Range;

use plumb_wire::http::url::{decode, is_dropped};
use serde::Serialize;

use super::reading::{Url, named};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// Good to know.
    Note,
    /// Somebody can be deceived by it.
    Warning,
}

/// One thing to know, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Notice {
    /// What it is, in a word that programs can rely on.
    pub id: &'static str,
    pub level: Level,
    /// In bytes of the text.
    pub start: usize,
    pub end: usize,
    /// What was seen.
    pub claim: String,
    /// What it leads to; none where the claim says all.
    pub risk: Option<String>,
}

/// A list of allowed or forbidden hosts is passed by.
const SSRF: &str = "a filter that reads it one way in front of a client that reads it the other \
    lets requests out to hosts that it forbids (server-side request forgery)";
const REDIRECT: &str = "a check for \"a path of this site\" lets it pass, and a browser leaves the \
    site (open redirect)";
const PHISHING: &str = "a person, or a program that cuts the text itself, takes it for the host";

struct Notices<'a> {
    url: &'a Url,
    found: Vec<Notice>,
}

/// Everything there is to say, what matters most first.
pub(super) fn notices(url: &Url) -> Vec<Notice> {
    let mut notices = Notices { url, found: Vec::new() };
    notices.hosts();
    notices.userinfo();
    notices.ports();
    notices.dropped();
    notices.paths();
    notices.encodings();
    notices.names();
    notices.schemes();
    notices.refusals();
    notices.found.sort_by_key(|notice| std::cmp::Reverse(notice.level));
    notices.found
}

impl Notices<'_> {
    fn add(
        &mut self,
        level: Level,
        id: &'static str,
        place: Range<usize>,
        claim: String,
        risk: &str,
    ) {
        let risk = Some(risk).filter(|risk| !risk.is_empty()).map(str::to_owned);
        self.found.push(Notice { id, level, start: place.start, end: place.end, claim, risk });
    }

    fn warn(&mut self, id: &'static str, place: Range<usize>, claim: String, risk: &str) {
        self.add(Level::Warning, id, place, claim, risk);
    }

    fn note(&mut self, id: &'static str, place: Range<usize>, claim: String) {
        self.add(Level::Note, id, place, claim, "");
    }

    /// Where a part stands, by RFC 3986 if it sees it, else by WHATWG.
    fn place(&self, name: &str) -> Range<usize> {
        let readings = [&self.url.rfc3986, &self.url.whatwg];
        let parts = readings.into_iter().filter_map(|reading| reading.parts.as_ref());
        let mut named = parts.flat_map(|parts| parts.named());
        named.find(|(part, _)| *part == name).map_or(0..0, |(_, range)| range)
    }

    /// To whom it goes: the difference that matters most.
    fn hosts(&mut self) {
        let (rfc, whatwg) = (&self.url.rfc3986, &self.url.whatwg);
        let Some(browser) = whatwg.host.clone().filter(|host| !host.is_empty()) else { return };
        let place = self.place("host");
        let Some(generic) = rfc.host.clone().filter(|host| !host.is_empty()) else {
            let claim = match rfc.scheme {
                Some(_) => format!(
                    "a browser goes to {browser}; by RFC 3986 there is no host, only a path"
                ),
                None => {
                    format!("a browser goes to {browser}; by RFC 3986 there is not even a scheme")
                }
            };
            return self.warn("host-missing", place, claim, REDIRECT);
        };
        if self.url.rfc3986.parts.as_ref().and_then(|parts| parts.host.clone())
            != whatwg.parts.as_ref().and_then(|parts| parts.host.clone())
        {
            let claim = format!("two hosts: {generic} by RFC 3986, {browser} in a browser");
            return self.warn("host-differs", place, claim, SSRF);
        }
        if generic == browser {
            return;
        }
        match self.url.parsed.as_ref().and_then(url::Url::host) {
            Some(url::Host::Ipv4(address)) => {
                let claim = format!(
                    "{generic} is the address {address} to browsers and to the C library; by RFC \
                     3986 it is a name"
                );
                self.warn("host-ipv4-form", place, claim, SSRF);
            }
            Some(url::Host::Ipv6(_)) => {
                self.note(
                    "host-ipv6-form",
                    place,
                    format!("{generic} is {browser} in its short form"),
                );
            }
            _ => self.mapped_name(&generic, &browser, place),
        }
    }

    /// The same place, another spelling.
    fn mapped_name(&mut self, generic: &str, browser: &str, place: Range<usize>) {
        let unicode = self.url.host.as_ref().and_then(|host| host.unicode.clone());
        if unicode.as_deref() == Some(&generic.to_lowercase()) {
            let claim = format!("{generic} is asked of DNS as {browser}");
            return self.note("host-idn", place, claim);
        }
        let how =
            if generic.contains('%') { "without its percent-encoding" } else { "once mapped" };
        let claim =
            format!("{generic} is {browser} {how}, in a browser; RFC 3986 leaves it as it is");
        self.warn("host-mapped", place, claim, SSRF);
    }

    fn userinfo(&mut self) {
        let Some(range) = self.url.rfc3986.parts.as_ref().and_then(|parts| parts.userinfo.clone())
        else {
            return self.at_behind_the_host();
        };
        let shown = self.url.shown_part(range.clone());
        let host =
            self.url.whatwg.host.clone().or(self.url.rfc3986.host.clone()).unwrap_or_default();
        let text = &self.url.text[range.clone()];
        if text.contains('@') {
            let claim = "more than one @: both standards let the last count".to_owned();
            self.warn(
                "userinfo-two-ats",
                range.clone(),
                claim,
                "a program that takes the first goes elsewhere",
            );
        }
        let name = text.split([':', '\\', '/']).next().unwrap_or_default();
        let agreed = self.url.whatwg.userinfo.is_some() || self.url.whatwg.refused.is_some();
        if super::host::is_public_name(name) && !agreed {
            // The two hosts were told already.
            return;
        }
        if super::host::is_public_name(name) {
            let claim = format!("{shown} is only a user's name; the host is {host}");
            return self.warn("userinfo-looks-like-host", range, claim, PHISHING);
        }
        if text.contains(':') {
            let claim = "it carries a password (not shown)".to_owned();
            let risk = "URLs end up in logs, histories and Referer fields, and arguments in the list \
                of processes";
            self.warn("userinfo-password", range, claim, risk);
        } else if !text.is_empty() {
            self.note("userinfo", range, "it carries a user's name (not shown)".to_owned());
        }
    }

    /// `http://good#@evil/`: whoever looks for the `@` first goes astray.
    fn at_behind_the_host(&mut self) {
        let Some(host) = self.url.rfc3986.parts.as_ref().and_then(|parts| parts.host.clone())
        else {
            return;
        };
        let after = &self.url.text[host.end..];
        let Some(at) = after.find(['?', '#']).filter(|_| !after.starts_with('/')) else { return };
        let Some(sign) = after[at..].find('@').filter(|sign| !after[at..at + sign].contains('/'))
        else {
            return;
        };
        let place = host.end + at..host.end + at + sign + 1;
        let claim = format!("the host ends at the {}, before the @", &after[at..at + 1]);
        let risk = "a program that looks for the @ first goes to what follows it";
        self.warn("at-behind-host", place, claim, risk);
    }

    fn ports(&mut self) {
        let Some(range) = self.url.rfc3986.parts.as_ref().and_then(|parts| parts.port.clone())
        else {
            return;
        };
        let text = self.url.text[range.clone()].to_owned();
        let default = self.url.rfc3986.scheme.as_deref().and_then(super::reading::default_port);
        if text.is_empty() {
            let place = range.start - 1..range.end;
            self.note(
                "port-empty",
                place,
                "a colon without a port: the scheme's own is meant".to_owned(),
            );
        } else if text.len() > 1 && text.starts_with('0') {
            let value = text.trim_start_matches('0');
            self.note("port-zeros", range, format!("the port {text} is {value}"));
        } else if default.is_some_and(|port| port.to_string() == text) {
            let claim = format!("{text} is the scheme's own port: a browser leaves it out");
            self.note("port-default", range, claim);
        }
    }

    /// What a browser drops on the way.
    fn dropped(&mut self) {
        let text = &self.url.text;
        let first = text.char_indices().find(|(_, c)| is_dropped(*c));
        if let Some((at, c)) = first {
            let claim =
                format!("a browser drops {} wherever it stands, RFC 3986 refuses it", named(c));
            let risk =
                "a filter that looks for a word does not find it, and a log gets another line";
            self.warn("dropped-character", at..at + c.len_utf8(), claim, risk);
        }
        let trimmed = text.trim_matches(|c: char| c <= ' ' && !is_dropped(c));
        if trimmed.len() < text.len() && !trimmed.is_empty() {
            let start =
                if text.starts_with(|c: char| c <= ' ') { 0 } else { text.trim_end().len() };
            let claim = "a browser drops blanks and controls at both ends".to_owned();
            self.note("trimmed", start..start + 1, claim);
        }
    }

    fn paths(&mut self) {
        let (rfc, whatwg) = (&self.url.rfc3986, &self.url.whatwg);
        let Some(range) = rfc.parts.as_ref().map(|parts| parts.path.clone()) else { return };
        let raw = self.url.text[range.clone()].to_owned();
        let (generic, browser) = (rfc.path.clone().unwrap_or_default(), whatwg.path.clone());
        let hosts =
            self.found.iter().any(|notice| matches!(notice.id, "host-differs" | "host-missing"));
        let special = whatwg.scheme.as_deref().is_some_and(plumb_wire::http::url::is_special);
        if special && raw.contains('\\') {
            let risk = "a filter that looks for ../ or for a directory's name does not find it";
            let claim = "a browser reads each backslash as a slash".to_owned();
            self.warn("path-backslash", range.clone(), claim, risk);
        } else if let Some(browser) = browser.filter(|path| !hosts && !same_path(path, &generic)) {
            let claim = format!("two paths: {generic} by RFC 3986, {browser} in a browser");
            let risk = "rules for a path are applied to one, and the server sees the other";
            self.add(Level::Note, "path-differs", range.clone(), claim, risk);
        }
        let lower = raw.to_ascii_lowercase();
        if lower.contains("%2e")
            && segments(&lower).any(|segment| is_dots(&segment.replace("%2e", ".")))
        {
            let risk = "a filter that looks for ../ does not find it (path traversal)";
            self.warn("path-encoded-dots", range, "encoded dots are dot segments".to_owned(), risk);
        } else if segments(&raw).any(is_dots) && !generic.is_empty() && rfc.scheme.is_some() {
            self.note("path-dots", range, format!("dot segments are taken out: {generic}"));
        }
    }

    /// What is hidden in percent-encodings, and what is broken in them.
    fn encodings(&mut self) {
        let text = self.url.text.clone();
        for broken in decode(&text).broken {
            let claim = format!("{} is no percent-encoding", &text[broken.clone()]);
            let risk = "some programs refuse it, some leave it, some decode what they can";
            self.warn("percent-broken", broken, claim, risk);
        }
        /// Encoding, id, what it is, what it leads to.
        const HIDDEN: &[(&str, &str, &str, &str)] = &[
            (
                "%00",
                "percent-nul",
                "an encoded NUL",
                "a program in C takes the text for ended here",
            ),
            (
                "%0d",
                "percent-line-end",
                "an encoded line end",
                "decoded into a header or a log it makes a new line",
            ),
            (
                "%0a",
                "percent-line-end",
                "an encoded line end",
                "decoded into a header or a log it makes a new line",
            ),
            (
                "%2f",
                "percent-slash",
                "an encoded slash",
                "decoded before the path is cut, it makes another path",
            ),
            (
                "%5c",
                "percent-slash",
                "an encoded backslash",
                "decoded, some servers take it for a slash",
            ),
            ("%25", "percent-twice", "an encoded %", "decoded twice it becomes something else"),
        ];
        let lower = text.to_ascii_lowercase();
        let path = self.place("path");
        for (code, id, what, risk) in HIDDEN {
            let Some(at) = lower.find(code) else { continue };
            let slash = *id == "percent-slash";
            let twice = *id == "percent-twice";
            let hex = |offset: usize| {
                lower.as_bytes().get(at + offset).is_some_and(u8::is_ascii_hexdigit)
            };
            if (slash && !path.contains(&at)) || (twice && !(hex(3) && hex(4))) {
                continue;
            }
            if self.found.iter().any(|notice| notice.id == *id) {
                continue;
            }
            let level = if slash { Level::Note } else { Level::Warning };
            let end = at + if twice { 5 } else { 3 };
            self.add(level, id, at..end, format!("{} is {what}", &text[at..end]), risk);
        }
    }

    fn names(&mut self) {
        let Some(host) = self.url.host.clone() else { return };
        let place = self.place("host");
        for label in host.deceptive {
            let claim = format!("{} {}", label.label, label.why);
            self.warn(
                "host-looks-like",
                place.clone(),
                claim,
                "a person takes it for another site",
            );
        }
        if let Some(scope) = host.scope {
            let claim = format!("{} is not of the public Internet: {scope}", host.ascii);
            let risk = "fetched by a server for a stranger, it opens what only that server can reach \
                (server-side request forgery)";
            self.add(Level::Note, "host-not-public", place.clone(), claim, risk);
        }
        if host.kind == "name" && host.ascii.ends_with('.') {
            let claim = "the dot at the end says that the name is complete: another host to cookies \
                and some certificates' checks, the same to DNS";
            self.note("host-dot", place.clone(), claim.to_owned());
        }
        if let Some(label) = host.ascii.split('.').find(|label| label.len() > 63) {
            let claim = format!("a label of {} bytes: DNS allows 63", label.len());
            self.warn("host-label-long", place, claim, "no resolver finds it");
        }
    }

    fn schemes(&mut self) {
        let Some(scheme) = self.url.whatwg.scheme.clone() else { return };
        let place = self.place("scheme");
        match scheme.as_str() {
            "javascript" | "vbscript" => {
                let claim = format!("{scheme}: is a program, run in the page that holds the link");
                self.warn(
                    "scheme-script",
                    place,
                    claim,
                    "from a stranger it is cross-site scripting",
                );
            }
            "data" => self.note("scheme-data", place, "data: holds the document itself".to_owned()),
            "file" => {
                self.note("scheme-file", place, "file: reads this machine's files".to_owned())
            }
            _ => {}
        }
    }

    /// What leads nowhere by itself. What one standard refuses is in its
    /// reading.
    fn refusals(&mut self) {
        if self.url.is_relative() && self.url.rfc3986.refused.is_none() {
            let claim = "a relative reference: it leads nowhere without a base".to_owned();
            self.note("relative", 0..0, claim);
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\'])
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// Alike but for what each standard encodes of its own accord.
fn same_path(one: &str, other: &str) -> bool {
    let plain = |path: &str| if path.is_empty() { b"/".to_vec() } else { decode(path).bytes };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is to be warned of, and what is only noted, in their order.
    fn ids(text: &str) -> (Vec<&'static str>, Vec<&'static str>) {
        let all = notices(&Url::read(text));
        let of = |level: Level| {
            all.iter().filter(|notice| notice.level == level).map(|notice| notice.id).collect()
        };
        (of(Level::Warning), of(Level::Note))
    }

    #[test]
    fn an_ordinary_url_is_nothing_to_talk_about() {
        for text in [
            "https://api.example.com:8443/v2/users?page=1&limit=10&q=hello+world#section",
            "http://www.example.com",
            "mailto:someone@example.com",
            "https://www.example.com/?next=https%3A%2F%2Fwww.example.net%2F",
            "https://www.example.com/100%25",
            "ssh://git@www.example.com/",
        ] {
            assert_eq!(ids(text).0, [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn what_deceives_programs_and_people() {
        for (text, warnings) in [
            (r"http://good.example\@evil.example/", &["host-differs"][..]),
            (r"http:/\evil.example", &["host-missing", "path-backslash"]),
            ("http:evil.example", &["host-missing"]),
            ("https:///evil.example/", &["host-missing"]),
            (" https://h.example.com/", &["host-missing"]),
            ("http://0x7f.1/", &["host-ipv4-form"]),
            ("http://2130706433/", &["host-ipv4-form"]),
            ("http://0177.0.0.1/", &["host-ipv4-form"]),
            ("http://127.1/", &["host-ipv4-form"]),
            ("http://%65xample.com/", &["host-mapped"]),
            ("http://ｅxample.com/", &["host-mapped"]),
            ("http://www.example.com@evil.com/", &["userinfo-looks-like-host"]),
            ("http://u:p@www.example.com/", &["userinfo-password"]),
            ("http://a@b@www.example.com/", &["userinfo-two-ats"]),
            ("http://good.com#@evil.com/", &["at-behind-host"]),
            ("http://good.com?@evil.com/", &["at-behind-host"]),
            ("http://h.com/a\tb", &["dropped-character"]),
            ("http://h.com/%2e%2e/x", &["path-encoded-dots"]),
            ("http://h.com/a%zz", &["percent-broken"]),
            ("http://h.com/a%00", &["percent-nul"]),
            ("http://h.com/?a=%0d%0aSet-Cookie:x", &["percent-line-end"]),
            ("http://h.com/%252e%252e", &["percent-twice"]),
            ("http://xn--80ak6aa92e.com/", &["host-looks-like"]),
            ("javascript:alert(1)", &["scheme-script"]),
        ] {
            assert_eq!(ids(text).0, warnings, "{text:?}");
        }
    }

    #[test]
    fn what_is_good_to_know() {
        for (text, notes) in [
            ("http://h.com:80/", &["port-default"][..]),
            ("http://h.com:/", &["port-empty"]),
            ("http://h.com:0080/", &["port-zeros"]),
            ("http://h.com./", &["host-dot"]),
            ("http://h.com/a/../b", &["path-dots"]),
            ("http://h.com/a%2Fb", &["percent-slash"]),
            ("http://10.0.0.1/", &["host-not-public"]),
            ("http://[::ffff:127.0.0.1]/", &["host-ipv6-form", "host-not-public"]),
            ("http://169.254.169.254/latest", &["host-not-public"]),
            ("http://bücher.com/", &["host-idn"]),
            ("/a/b", &["relative"]),
            ("http://someone@h.com/", &["userinfo"]),
        ] {
            assert_eq!(ids(text), (Vec::new(), notes.to_vec()), "{text:?}");
        }
    }
}
