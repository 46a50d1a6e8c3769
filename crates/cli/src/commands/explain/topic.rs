//! What was asked for: pages of the reference, findings, and faults of the lab.

use plumb_evidence::FindingId;
use plumb_evidence::reference::{self, By, Choice, Kind, Reading, Subject, Topic};

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

impl<'a> Asked<'a> {
    pub(super) fn parse(topic: &'a str) -> Asked<'a> {
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
            Asked::One(Collection::Findings, key) => finding(key).into_iter().collect(),
            Asked::One(Collection::Faults, key) => fault(key).into_iter().collect(),
            Asked::Bare(word) => {
                let named = [finding(word), fault(word)].into_iter().flatten();
                named.chain(reference::readings(word)).collect()
            }
        })
    }
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
            (format!("no {kind} is called {key:?}"), std::slice::from_ref(of(kind)), key)
        }
        _ => (format!("nothing is called {topic:?}"), Kind::ALL, without_prefix(topic)),
    };
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
    let nearest = suggest::nearest(&given, words.iter().map(|(word, _)| word.as_str()))?;
    let (_, topic) = words.iter().find(|(word, _)| word == nearest)?;
    Some(format!("did you mean {topic}?"))
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
    }
}
