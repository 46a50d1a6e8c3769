//! What a host is: a name with its public suffix and its two spellings, or an
//! address with its scope.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use psl::Psl;
use serde::Serialize;
use unicode_script::{Script, UnicodeScript};

/// What is known of a host without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct HostFacts {
    /// `name`, `ipv4` or `ipv6`.
    pub kind: &'static str,
    /// As it is asked of DNS: lower case, labels beyond ASCII as `xn--...`.
    pub ascii: String,
    /// As people read it, where that is another spelling.
    pub unicode: Option<String>,
    /// Below which the public registers names: `com`, `co.uk`, `github.io`.
    pub public_suffix: Option<String>,
    /// `icann` (a registry of the DNS), `private` (a company's service) or
    /// `unlisted` (the list does not know it: its last label is taken).
    pub suffix_kind: Option<&'static str>,
    /// The public suffix with one label more: cookies and "same site" end here.
    pub registrable_domain: Option<String>,
    /// Where an address belongs: `loopback`, `private`, ...; none if it is an
    /// ordinary one of the Internet.
    pub scope: Option<&'static str>,
    /// The scripts of letters in the name, where it is not Latin alone.
    pub scripts: Vec<&'static str>,
    /// The labels of which a person may be deceived, and by what.
    pub deceptive: Vec<Deceptive>,
}

/// A label that reads as what it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Deceptive {
    pub label: String,
    pub why: String,
}

impl HostFacts {
    /// Of a host as the URL standard read it.
    pub(super) fn of(host: &url::Host<&str>) -> HostFacts {
        match host {
            url::Host::Domain(name) => HostFacts::of_name(name),
            url::Host::Ipv4(address) => {
                HostFacts::of_address(IpAddr::V4(*address), address.to_string())
            }
            url::Host::Ipv6(address) => {
                HostFacts::of_address(IpAddr::V6(*address), address.to_string())
            }
        }
    }

    fn of_address(address: IpAddr, ascii: String) -> HostFacts {
        HostFacts {
            kind: if address.is_ipv4() { "ipv4" } else { "ipv6" },
            scope: scope(address),
            ..HostFacts::empty(ascii)
        }
    }

    fn of_name(name: &str) -> HostFacts {
        let ascii = name.to_ascii_lowercase();
        let (unicode, _) = idna::domain_to_unicode(&ascii);
        let mut facts = HostFacts::empty(ascii);
        facts.suffix(&unicode);
        facts.scope = local_name(&facts.ascii);
        facts.scripts = scripts(&unicode).into_iter().filter(|name| *name != "Latin").collect();
        // A word of a language under its own top-level domain deceives nobody.
        let foreign = unicode.trim_end_matches('.').rsplit('.').next().is_none_or(str::is_ascii);
        facts.deceptive =
            unicode.split('.').filter_map(|label| deceptive(label, foreign)).collect();
        facts.unicode = Some(unicode).filter(|unicode| *unicode != facts.ascii);
        facts
    }

    fn empty(ascii: String) -> HostFacts {
        HostFacts {
            kind: "name",
            ascii,
            unicode: None,
            public_suffix: None,
            suffix_kind: None,
            registrable_domain: None,
            scope: None,
            scripts: Vec::new(),
            deceptive: Vec::new(),
        }
    }

    /// Public suffix and registrable domain. The list is written in Unicode,
    /// the answer in ASCII as everything else.
    fn suffix(&mut self, unicode: &str) {
        let Some(suffix) = psl::List.suffix(unicode.trim_end_matches('.').as_bytes()) else {
            return;
        };
        let labels = suffix.as_bytes().split(|byte| *byte == b'.').count();
        self.suffix_kind = Some(match suffix.typ() {
            Some(psl::Type::Icann) => "icann",
            Some(psl::Type::Private) => "private",
            None => "unlisted",
        });
        self.public_suffix = last_labels(&self.ascii, labels);
        self.registrable_domain = last_labels(&self.ascii, labels + 1);
    }
}

/// Whether the name ends in a suffix that a registry of the DNS runs.
pub(super) fn is_public_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains('.')
        && !name.starts_with('.')
        && psl::List.suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// The last `count` labels; none if there are fewer.
fn last_labels(name: &str, count: usize) -> Option<String> {
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    let from = labels.len().checked_sub(count)?;
    Some(labels[from..].join("."))
}

/// The scope of an address that is not an ordinary one of the Internet.
pub(super) fn scope(address: IpAddr) -> Option<&'static str> {
    /// Where the clouds hand out credentials to whoever asks.
    const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
    match address {
        IpAddr::V4(v4) if v4 == METADATA => Some("link-local, a cloud's metadata service"),
        IpAddr::V4(v4) if v4.is_loopback() => Some("loopback"),
        IpAddr::V4(v4) if v4.is_private() => Some("private"),
        IpAddr::V4(v4) if v4.is_link_local() => Some("link-local"),
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Some("this host"),
        IpAddr::V4(v4) if v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64 => {
            Some("shared by a provider's customers")
        }
        IpAddr::V4(v4) if v4.is_multicast() || v4.is_broadcast() => Some("multicast or broadcast"),
        IpAddr::V4(v4) if v4.is_documentation() => Some("documentation"),
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) if v6.is_loopback() => Some("loopback"),
        IpAddr::V6(v6) if v6.is_unspecified() => Some("this host"),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => scope(IpAddr::V4(v4)),
            None if v6.is_unique_local() => Some("private"),
            None if v6.is_unicast_link_local() => Some("link-local"),
            None if v6.is_multicast() => Some("multicast or broadcast"),
            None => None,
        },
    }
}

/// Names that mean this host or its own network, RFC 6761 and RFC 6762.
fn local_name(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.');
    let is = |suffix: &str| {
        name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if is("localhost") {
        Some("loopback")
    } else if is("local") {
        Some("link-local")
    } else if is("internal") || is("home.arpa") {
        Some("private")
    } else {
        None
    }
}

/// The scripts of the letters; digits and punctuation belong to none.
fn scripts(text: &str) -> BTreeSet<&'static str> {
    text.chars()
        .map(|c| c.script())
        .filter(|script| !matches!(script, Script::Common | Script::Inherited | Script::Unknown))
        .map(|script| script.full_name())
        .collect()
}

/// Scripts that are written together in one language, UTS 39 section 5.2.
const TOGETHER: &[&[&str]] = &[
    &["Latin", "Han", "Hiragana", "Katakana"],
    &["Latin", "Han", "Bopomofo"],
    &["Latin", "Han", "Hangul"],
];

/// Letters of other scripts that look like these of Latin in most fonts; the
/// ones that whole words can be made of.
const LOOKALIKES: &str = "\u{430}a\u{441}c\u{501}d\u{435}e\u{4bb}h\u{456}i\u{458}j\u{4cf}l\u{43e}o\
    \u{440}p\u{51b}q\u{455}s\u{51d}w\u{445}x\u{443}y\u{3bf}o\u{3b1}a\u{3c1}p\u{3bd}v\u{3b9}i\u{585}o\u{57d}u";

/// What a label beyond ASCII looks like, if all of its letters look Latin.
fn looks_like(label: &str) -> Option<String> {
    let letters: Vec<char> = LOOKALIKES.chars().collect();
    let latin = |c: char| {
        if c.is_ascii() {
            return Some(c);
        }
        letters.chunks_exact(2).find(|pair| pair[0] == c).map(|pair| pair[1])
    };
    label.chars().map(latin).collect()
}

fn deceptive(label: &str, foreign: bool) -> Option<Deceptive> {
    if label.is_ascii() {
        return None;
    }
    let label_scripts = scripts(label);
    let mixed = label_scripts.len() > 1
        && !TOGETHER.iter().any(|set| label_scripts.iter().all(|script| set.contains(script)));
    let names: Vec<&str> = label_scripts.into_iter().collect();
    let why = match (looks_like(label).filter(|_| foreign || mixed), mixed) {
        (Some(latin), true) => {
            format!("looks like {latin}, and mixes letters of {}", names.join(" and "))
        }
        (Some(latin), false) => {
            format!("looks like {latin}, and is written in {}", names.join(" and "))
        }
        (None, true) => format!("mixes letters of {}", names.join(" and ")),
        (None, false) => return None,
    };
    Some(Deceptive { label: label.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> HostFacts {
        let (ascii, result) = idna::domain_to_unicode(text);
        result.unwrap();
        HostFacts::of_name(&idna::domain_to_ascii(&ascii).unwrap())
    }

    #[test]
    fn suffix_and_registrable_domain() {
        for (text, suffix, domain, kind) in [
            ("api.example.com", "com", Some("example.com"), "icann"),
            ("www.example.co.uk", "co.uk", Some("example.co.uk"), "icann"),
            ("someone.github.io", "github.io", Some("someone.github.io"), "private"),
            ("github.io", "github.io", None, "private"),
            ("com", "com", None, "icann"),
            ("host.lan", "lan", Some("host.lan"), "unlisted"),
            ("www.例え.jp", "jp", Some("xn--r8jz45g.jp"), "icann"),
            ("食狮.公司.cn", "xn--55qx5d.cn", Some("xn--85x722f.xn--55qx5d.cn"), "icann"),
            ("example.com.", "com", Some("example.com"), "icann"),
        ] {
            let facts = name(text);
            assert_eq!(facts.public_suffix.as_deref(), Some(suffix), "{text}");
            assert_eq!(facts.registrable_domain.as_deref(), domain, "{text}");
            assert_eq!(facts.suffix_kind, Some(kind), "{text}");
        }
    }

    #[test]
    fn both_spellings_of_a_name() {
        let facts = name("bücher.example");
        assert_eq!(facts.ascii, "xn--bcher-kva.example");
        assert_eq!(facts.unicode.as_deref(), Some("bücher.example"));
        assert_eq!(facts.deceptive, []);
        assert_eq!(name("example.com").unicode, None);
    }

    #[test]
    fn names_that_deceive() {
        let why = |text: &str| name(text).deceptive.pop().map(|label| label.why);
        assert_eq!(
            why("xn--80ak6aa92e.com").as_deref(),
            Some("looks like apple, and is written in Cyrillic")
        );
        assert_eq!(
            why("p\u{430}ypal.com").as_deref(),
            Some("looks like paypal, and mixes letters of Cyrillic and Latin")
        );
        assert_eq!(why("bücher.example"), None);
        assert_eq!(why("хор.рф"), None);
        assert_eq!(why("東京tower.jp"), None);
        assert!(why("gооglеж.com").unwrap().starts_with("mixes letters"));
    }

    #[test]
    fn scopes_of_addresses_and_names() {
        for (text, expected) in [
            ("127.0.0.1", Some("loopback")),
            ("10.1.2.3", Some("private")),
            ("172.32.0.1", None),
            ("169.254.169.254", Some("link-local, a cloud's metadata service")),
            ("100.64.0.1", Some("shared by a provider's customers")),
            ("100.128.0.1", None),
            ("::1", Some("loopback")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("fd00::1", Some("private")),
            ("fe80::1", Some("link-local")),
            ("2606:4700::1", None),
        ] {
            assert_eq!(scope(text.parse().unwrap()), expected, "{text}");
        }
        assert_eq!(name("app.localhost").scope, Some("loopback"));
        assert_eq!(name("notlocalhost").scope, None);
    }
}
