//! The records of `explain --json`.

use plumb_evidence::reference::{Kind, Number, Page, Source, Subject, Unlisted};
use plumb_evidence::{FindingId, Layer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::machine;
use crate::lab_client;

/// The data of an `explanation` record: a page, whatever it is about. What a
/// kind of page does not have is null.
#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Explanation<'a> {
    topic: String,
    title: &'a str,
    /// `status`, `finding`, `fault`.
    kind: &'a str,
    key: String,
    number: Option<NumberField>,
    facts: Option<Facts>,
    text: String,
    example: Option<String>,
    alive: Option<&'a str>,
    see: Vec<&'a str>,
    source: Vec<SourceField>,
    /// Other topics that were meant by the same word.
    others: &'a [String],
    layer: Option<Layer>,
    nel: Option<&'a str>,
    curl: Option<&'a str>,
    fault: Option<&'a str>,
}

/// A number, or `type/code` as a text.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
pub(super) enum NumberField {
    Plain(i64),
    Pair(String),
}

/// An object with the facts as its fields, in the order of the page.
#[derive(Debug)]
pub(super) struct Facts(Vec<(String, String)>);

#[derive(Debug, serde::Serialize)]
struct SourceField {
    name: &'static str,
    url: Option<String>,
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A record of the overview: a kind of pages.
#[derive(Debug, serde::Serialize)]
pub(super) struct KindRecord {
    pub(super) prefix: &'static str,
    pub(super) title: &'static str,
    pub(super) pages: usize,
    /// A topic that opens one of them.
    pub(super) example: String,
}

/// A `reading` or `match` record: a page that may be meant.
#[derive(Debug, serde::Serialize)]
pub(super) struct PageRecord<'a> {
    pub(super) topic: String,
    pub(super) title: &'a str,
    /// Why it was found; null where that is plain.
    pub(super) line: Option<&'a str>,
}

impl<'a> Explanation<'a> {
    /// What is said of `subject`, which was asked for as `topic`.
    pub(super) fn of(subject: &Subject, topic: &str, others: &'a [String]) -> Explanation<'a> {
        let explanation = match subject {
            Subject::Page(page) => Explanation::of_page(*page),
            Subject::Unlisted(unlisted) => Explanation::of_unlisted(*unlisted),
            Subject::Finding(id) => Explanation::of_finding(*id),
            Subject::Fault { name, .. } => Explanation::of_fault(name),
        };
        let topic = if explanation.topic.is_empty() { topic.to_owned() } else { explanation.topic };
        Explanation { topic, others, ..explanation }
    }

    pub(super) fn of_page(page: Page) -> Explanation<'a> {
        let facts = page.facts().map(|fact| (fact.name.replace(' ', "_"), fact.value.to_owned()));
        Explanation {
            topic: page.topic(),
            title: page.title(),
            kind: page.kind.prefix(),
            key: page.key.to_owned(),
            number: page.number().map(NumberField::of),
            facts: Some(Facts(facts.collect())),
            text: page.text().to_owned(),
            example: Some(page.example()),
            alive: Some(page.alive()),
            see: page.see().collect(),
            source: sources(page.sources()),
            ..Explanation::default()
        }
    }

    fn of_unlisted(unlisted: Unlisted) -> Explanation<'a> {
        let facts = machine::facts(unlisted).into_iter();
        let facts = facts.map(|(name, value)| (name.replace(' ', "_"), value));
        Explanation {
            topic: unlisted.topic(),
            title: unlisted.title(),
            kind: unlisted.span.kind.prefix(),
            key: unlisted.number.to_string(),
            number: Some(NumberField::of(unlisted.number)),
            facts: Some(Facts(facts.collect())),
            text: unlisted.text().to_owned(),
            see: unlisted.see().collect(),
            source: sources(unlisted.sources()),
            ..Explanation::default()
        }
    }

    pub(super) fn of_finding(id: FindingId) -> Explanation<'a> {
        let page = id.page();
        Explanation {
            topic: id.as_str().to_owned(),
            title: page.title,
            kind: "finding",
            key: id.as_str().to_owned(),
            text: page.text.to_owned(),
            layer: Some(id.layer()),
            nel: page.nel,
            curl: page.curl,
            fault: page.fault,
            ..Explanation::default()
        }
    }

    pub(super) fn of_fault(name: &str) -> Explanation<'a> {
        let Some(fault) = lab_client::fault(name) else { return Explanation::default() };
        Explanation {
            topic: fault.name.to_owned(),
            title: fault.title,
            kind: "fault",
            key: fault.name.to_owned(),
            text: fault.page_text(),
            layer: Some(fault.layer()),
            fault: Some(fault.name),
            ..Explanation::default()
        }
    }
}

impl NumberField {
    fn of(number: Number) -> NumberField {
        match number {
            Number::Plain(number) => NumberField::Plain(number),
            Number::Pair(..) => NumberField::Pair(number.to_string()),
        }
    }
}

fn sources(sources: Vec<Source>) -> Vec<SourceField> {
    let field = |source: Source| SourceField { name: source.name, url: source.url };
    sources.into_iter().map(field).collect()
}

impl KindRecord {
    pub(super) fn of(kind: Kind) -> KindRecord {
        KindRecord {
            prefix: kind.prefix(),
            title: kind.title(),
            pages: kind.pages().count(),
            example: format!("{}:{}", kind.prefix(), kind.example()),
        }
    }
}
