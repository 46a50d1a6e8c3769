//! What was asked for: pages of the reference, findings, and faults of the lab.

use plumb_evidence::FindingId;
use plumb_evidence::reference::{self, By, Choice, Kind, Number, Reading, Subject, Topic};

use super::search;
use crate::error::CommandError;
use crate::lab_client;
use crate::suggest;

/// Prefix of findings.
pub(super) const FINDING: &str = "finding";
/// Prefix of faults of the lab.
pub(super) const FAULT: &str = "fault";

/// Everything with one prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    Pages(Kind),
    Findings,
    Faults,
}

/// A topic with its prefix known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// `status:`.
    All(Collection),
    /// `status:404`.
    One(Collection, &'a str),
    /// `404`.
    Bare(&'a str),
}

impl Collection {
    /// The one whose prefix is this word.
    fn called(word: &str) -> Option<Collection> {
        let named = |name: &str| name.eq_ignore_ascii_case(word);
        Kind::from_prefix(word)
            .map(Collection::Pages)
            .or_else(|| named(FINDING).then_some(Collection::Findings))
            .or_else(|| named(FAULT).then_some(Collection::Faults))
    }
}

impl<'a> Asked<'a> {
    /// Takes a topic apart. A prefix without its colon is the list of its
    /// pages, where no page is called so: `status`, and not `layer:tcp`.
    pub(super) fn parse(topic: &'a str) -> Asked<'a> {
        let asked = Asked::parted(topic);
        match asked {
            Asked::Bare(word) => match Collection::called(word) {
                Some(collection) if asked.choose() == Choice::Nothing => Asked::All(collection),
                _ => asked,
            },
            _ => asked,
        }
    }

    fn parted(topic: &'a str) -> Asked<'a> {
        let word = match Topic::parse(topic) {
            Topic::All(kind) => return Asked::All(Collection::Pages(kind)),
            Topic::Of(kind, key) => return Asked::One(Collection::Pages(kind), key),
            Topic::Bare(word) => word,
        };
        for (prefix, collection) in [(FINDING, Collection::Findings), (FAULT, Collection::Faults)] {
            let parted = word.split_once(':').filter(|(head, _)| head.eq_ignore_ascii_case(prefix));
            match parted.map(|(_, key)| key.trim()) {
                None => {}
                Some("") => return Asked::All(collection),
                Some(key) => return Asked::One(collection, key),
            }
        }
        Asked::Bare(word)
    }

    /// The page that is meant, or those that may be.
    pub(super) fn choose(&self) -> Choice {
        reference::choose(match *self {
            Asked::All(_) => Vec::new(),
            Asked::One(Collection::Pages(kind), key) => reference::readings_of(kind, key),
            Asked::One(Collection::Findings, key) => match finding(key) {
                Some(reading) => vec![reading],
                None => findings_below(key).collect(),
            },
            Asked::One(Collection::Faults, key) => match fault(key) {
                Some(reading) => vec![reading],
                None => faults_below(key).collect(),
            },
            Asked::Bare(word) => {
                let named = [finding(word), fault(word)].into_iter().flatten();
                let named: Vec<Reading> = named.chain(reference::readings(word)).collect();
                if !named.is_empty() {
                    return reference::choose(named);
                }
                findings_below(word).chain(faults_below(word)).collect()
            }
        })
    }
}

/// Whether a name begins with these words of it: `tls.cert.expired` is below
/// `tls` and `tls.cert`.
fn is_below(name: &str, start: &str) -> bool {
    let rest = name.get(start.len()..).filter(|rest| rest.starts_with('.'));
    rest.is_some() && reference::word::same(&name[..start.len()], start)
}

fn findings_below(start: &str) -> impl Iterator<Item = Reading> {
    let ids = FindingId::ALL.iter().filter(move |id| is_below(id.as_str(), start));
    ids.map(|id| Reading { subject: Subject::Finding(*id), by: By::Name })
}

fn faults_below(start: &str) -> impl Iterator<Item = Reading> {
    let faults = lab_client::faults().iter().filter(move |fault| is_below(fault.name, start));
    faults.map(|fault| {
        let subject = Subject::Fault { name: fault.name, title: fault.title };
        Reading { subject, by: By::Name }
    })
}

fn finding(word: &str) -> Option<Reading> {
    let id = FindingId::ALL.iter().find(|id| reference::word::same(id.as_str(), word))?;
    Some(Reading { subject: Subject::Finding(*id), by: By::Key })
}

fn fault(word: &str) -> Option<Reading> {
    let spec = lab_client::faults().iter().find(|fault| reference::word::same(fault.name, word))?;
    let subject = Subject::Fault { name: spec.name, title: spec.title };
    Some(Reading { subject, by: By::Key })
}

/// The error for a topic that nothing is called by: what is near, and where
/// to look.
pub(super) fn nothing(topic: &str, asked: &Asked<'_>) -> CommandError {
    let (message, kinds, word) = match *asked {
        Asked::One(Collection::Pages(kind), key) => {
            (format!("no {kind} is called {}", shown(key)), std::slice::from_ref(of(kind)), key)
        }
        _ => (format!("nothing is called {}", shown(topic)), Kind::ALL, without_prefix(topic)),
    };
    if let Asked::One(Collection::Pages(kind), key) = *asked
        && let Some(last) = too_large(kind, key)
    {
        let end = if kind.is_hexadecimal() { format!("{last:#06x}") } else { last.to_string() };
        return CommandError::usage(message)
            .hint(format!("the numbers of {kind}: end at {end}"))
            .hint(format!("plumb explain {kind}: lists every page of this kind"));
    }
    // Several words are a question to the text more often than a misspelt name.
    let phrase = word.contains(' ').then(|| search::first(&[word])).flatten();
    let near = if phrase.is_some() { None } else { near(asked, kinds, word) };
    let text = phrase.or_else(|| near.is_none().then(|| search::first(&[word])).flatten());
    let mut error = CommandError::usage(message).hint_if(near);
    if let Some(first) = text {
        error = error.hint(format!(
            "plumb explain --search {word} finds it in the text of {}",
            first.subject.topic()
        ));
    }
    error.hint(match asked {
        Asked::One(Collection::Pages(kind), _) => {
            format!("plumb explain {kind}: lists every page of this kind")
        }
        _ => "plumb explain lists what there is, plumb lab faults every fault".to_owned(),
    })
}

/// A word in an error, quoted, and cut where it is longer than any name.
fn shown(word: &str) -> String {
    /// The longest key, of a cipher suite, has 47.
    const SHOWN_CHARS_MAX: usize = 60;
    match word.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{:?} and so on", &word[..end]),
        None => format!("{word:?}"),
    }
}

/// The last number of a kind, if the key is a larger one.
fn too_large(kind: Kind, key: &str) -> Option<i64> {
    let last = reference::last_of(kind)?;
    let digits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let larger = match Number::parse(key) {
        Some(Number::Plain(number)) => number > last,
        // More digits than any number has.
        None => digits,
        Some(Number::Pair(..)) => false,
    };
    larger.then_some(last)
}

/// The kind as it stands in the table, to be borrowed for ever.
fn of(kind: Kind) -> &'static Kind {
    Kind::ALL.iter().find(|known| **known == kind).unwrap_or(&Kind::ALL[0])
}

/// The topic behind a prefix that is not known.
fn without_prefix(topic: &str) -> &str {
    topic.split_once(':').map_or(topic, |(_, key)| key.trim())
}

fn near(asked: &Asked<'_>, kinds: &[Kind], word: &str) -> Option<String> {
    let everywhere = !matches!(asked, Asked::One(Collection::Pages(_), _));
    if let Asked::Bare(topic) = asked
        && let Some((prefix, key)) = topic.split_once(':')
    {
        let prefixes = Kind::ALL.iter().map(|kind| kind.prefix()).chain([FINDING, FAULT]);
        let meant = suggest::nearest(prefix, prefixes).map(|prefix| format!("{prefix}:{key}"));
        if let Some(meant) = meant.filter(|meant| Asked::parse(meant).choose() != Choice::Nothing) {
            return Some(format!("did you mean {meant}?"));
        }
    }
    let mut words: Vec<(String, String)> = reference::words(kinds).collect();
    if everywhere {
        let names = FindingId::ALL.iter().map(|id| id.as_str()).chain(lab_client::fault_names());
        words.extend(names.map(|name| (name.to_owned(), name.to_owned())));
    }
    let given = reference::word::fold(word);
    let near = words.iter().map(|(word, _)| word.as_str()).filter(|word| is_near(&given, word));
    let nearest = suggest::nearest(&given, near)?;
    let (_, topic) = words.iter().find(|(word, _)| word == nearest)?;
    let key = topic.split_once(':').map_or(topic.as_str(), |(_, key)| key);
    Some(if reference::word::same(key, nearest) {
        format!("did you mean {topic}?")
    } else {
        format!("did you mean {nearest}, {topic}?")
    })
}

/// Whether a slip of the fingers or two makes one word of the other. There are
/// thousands of names, so that anything resembles one of them.
fn is_near(given: &str, word: &str) -> bool {
    /// One letter in three may be wrong.
    const SIMILARITY_MIN: f64 = 0.66;
    let long = given.len().max(word.len());
    long <= 3 * given.len().min(word.len())
        && strsim::normalized_damerau_levenshtein(given, word) >= SIMILARITY_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_and_faults_are_kinds_too() {
        assert_eq!(Asked::parse("finding:"), Asked::All(Collection::Findings));
        assert_eq!(Asked::parse("Fault:dns.x"), Asked::One(Collection::Faults, "dns.x"));
        for topic in ["tls.cert.expired", "TLS.Cert.Expired", "finding:tls.cert.expired"] {
            let Choice::One(Subject::Finding(id), others) = Asked::parse(topic).choose() else {
                panic!("{topic}");
            };
            assert_eq!((id.as_str(), others), ("tls.cert.expired", vec![]));
        }
        assert!(matches!(
            Asked::parse("fault:dns.nxdomain").choose(),
            Choice::One(Subject::Fault { name: "dns.nxdomain", .. }, _)
        ));
    }

    #[test]
    fn a_near_miss_is_told() {
        let hints = |topic: &str| nothing(topic, &Asked::parse(topic)).hints.join("\n");
        assert!(hints("dns.nxdoman").contains("did you mean dns.nxdomain?"));
        assert!(hints("tls.cert.expird").contains("did you mean tls.cert.expired?"));
        assert!(hints("statu:299").contains("did you mean status:299?"));
        assert!(hints("status:nothing-like-it").contains("plumb explain status:"));
        assert!(hints("prime256v2").contains("did you mean prime256v1, group:secp256r1?"));
        // Among thousands of names there is always one that shares some letters.
        for far in ["nonsens", "RFC9110", ".", "SOL_SOCKET", "header:x-foo"] {
            assert!(!hints(far).contains("did you mean"), "{far}: {}", hints(far));
        }
        assert!(hints("SOL_SOCKET").contains("plumb explain --search SOL_SOCKET"));
    }

    #[test]
    fn a_number_that_is_too_large_is_told_where_they_end() {
        let hints = |topic: &str| nothing(topic, &Asked::parse(topic)).hints.join("\n");
        for (topic, end) in [
            ("port:65536", "end at 65535"),
            ("port:99999999999999999999", "end at 65535"),
            ("ethertype:0x10000", "end at 0xffff"),
            ("alert:300", "end at 255"),
            ("proto:256", "end at 255"),
        ] {
            assert!(hints(topic).contains(end), "{topic}: {}", hints(topic));
            assert!(!hints(topic).contains("did you mean"), "{topic}: {}", hints(topic));
        }
        let long = "a".repeat(100_000);
        assert!(nothing(&long, &Asked::parse(&long)).message.len() < 200);
    }

    #[test]
    fn a_prefix_without_its_colon_is_its_list_and_half_a_finding_lists_those_below() {
        assert_eq!(Asked::parse("Status"), Asked::All(Collection::Pages(Kind::Status)));
        assert_eq!(Asked::parse("ethertype"), Asked::All(Collection::Pages(Kind::EtherType)));
        assert_eq!(Asked::parse("faults"), Asked::Bare("faults"));
        assert_eq!(Asked::parse("fault"), Asked::All(Collection::Faults));
        assert_eq!(Asked::parse("tcp"), Asked::Bare("tcp"));
        for topic in ["tls.cert", "finding:tls", "finding:TLS.cert", "fault:tls"] {
            let Choice::Several(several) = Asked::parse(topic).choose() else { panic!("{topic}") };
            assert!(several.iter().all(|one| one.topic().contains(":tls.")), "{topic}");
        }
        assert_eq!(Asked::parse("finding:tl").choose(), Choice::Nothing);
    }
}
