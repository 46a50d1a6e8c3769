//! From what was asked to the page that is meant.

use super::{Kind, Number, Page, Unlisted, word};
use crate::FindingId;

/// Something that can be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A page of the reference.
    Page(Page),
    /// A number that has no page, but a range.
    Unlisted(Unlisted),
    /// A finding, with a page of its own kind.
    Finding(FindingId),
    /// A fault of the lab, which the lab explains.
    Fault {
        /// `tls.cert-expired`.
        name: &'static str,
        /// What is wrong with it.
        title: &'static str,
    },
}

/// By what a topic was found; the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// It is its key, or its number.
    Key,
    /// It is a further name of it, or its title.
    Name,
    /// It is a number that only a range knows.
    Range,
}

/// One way to read a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What is meant.
    pub subject: Subject,
    /// Why.
    pub by: By,
}

impl Subject {
    /// The topic, with its prefix, that opens this and nothing else.
    pub fn topic(&self) -> String {
        match self {
            Subject::Page(page) => page.topic(),
            Subject::Unlisted(unlisted) => unlisted.topic(),
            Subject::Finding(id) => format!("finding:{id}"),
            Subject::Fault { name, .. } => format!("fault:{name}"),
        }
    }

    /// Its name in full.
    pub fn title(&self) -> &'static str {
        match self {
            Subject::Page(page) => page.title(),
            Subject::Unlisted(unlisted) => unlisted.title(),
            Subject::Finding(id) => id.page().title,
            Subject::Fault { title, .. } => title,
        }
    }
}

/// A topic taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic<'a> {
    /// `status:`: everything of the kind.
    All(Kind),
    /// `status:404`.
    Of(Kind, &'a str),
    /// A word without a prefix that is known; what stands before its first
    /// colon may have been meant as one.
    Bare(&'a str),
}

impl<'a> Topic<'a> {
    /// Takes a topic apart; a known prefix may also stand as a word of its own,
    /// `status 404`.
    pub fn parse(text: &'a str) -> Topic<'a> {
        let text = text.trim();
        let parted = text.split_once(':').or_else(|| text.split_once(' '));
        let Some((kind, key)) =
            parted.and_then(|(prefix, key)| Some((Kind::from_prefix(prefix.trim())?, key.trim())))
        else {
            return Topic::Bare(text);
        };
        if key.is_empty() { Topic::All(kind) } else { Topic::Of(kind, key) }
    }
}

/// The ways to read a word among pages of the kind. Where there is none, but
/// the word is a number, its range may know it.
pub fn readings_of(kind: Kind, given: &str) -> Vec<Reading> {
    let kinds = [Some(kind), kind.takes_in()];
    let number = |kind| match Number::of_kind(kind, given) {
        // A type whose only code is 0 has no page for that code.
        Some(Number::Pair(first, 0)) if !kind.pages().any(|page| page.has_key(given)) => {
            Some(Number::Plain(first.into()))
        }
        number => number,
    };
    let pages = kinds.into_iter().flatten().flat_map(|kind| pages_by(kind, given, number(kind)));
    let mut readings: Vec<Reading> = pages.collect();
    if readings.is_empty() {
        readings.extend(range_of(kind, number(kind)));
    }
    readings
}

/// The ways to read a word without a prefix among all pages; ranges only where
/// no page is meant. A number alone counts where it is written as the kind
/// writes its own: 53 is a port, and no cipher suite 0x0035.
pub fn readings(given: &str) -> Vec<Reading> {
    // `86dd` is a number; `face` and `0800` are more often something else.
    let mixed = |text: &str| {
        let has = |of: fn(&u8) -> bool| text.as_bytes().iter().any(of);
        has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    };
    let hexadecimal = given.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"))
        || (mixed(given) && Number::hexadecimal(given).is_some());
    let number = |kind: Kind| {
        let meant = kind.is_hexadecimal() == hexadecimal && !kind.counts_apart();
        Number::of_kind(kind, given).filter(|_| meant)
    };
    let pages = likely_first().flat_map(|kind| pages_by(kind, given, number(kind)));
    let pages: Vec<Reading> = pages.collect();
    if !pages.is_empty() {
        return pages;
    }
    let ranges = || likely_first().filter_map(|kind| range_of(kind, number(kind)));
    // 8081 is worth a line as a port, not as a status code that cannot be.
    let assigned = |reading: &Reading| match reading.subject {
        Subject::Unlisted(unlisted) => !unlisted.says_nothing(),
        _ => true,
    };
    let some: Vec<Reading> = ranges().filter(assigned).collect();
    if some.is_empty() { ranges().collect() } else { some }
}

/// Every kind, those first of which a number alone is most often: what people
/// read in logs.
fn likely_first() -> impl Iterator<Item = Kind> {
    const OFTEN: [Kind; 3] = [Kind::Status, Kind::Port, Kind::Proto];
    let others = Kind::ALL.iter().copied().filter(|kind| !OFTEN.contains(kind));
    OFTEN.into_iter().chain(others)
}

fn pages_by(kind: Kind, given: &str, number: Option<Number>) -> impl Iterator<Item = Reading> {
    kind.pages().filter_map(move |page| {
        let by = if page.has_key(given) || (number.is_some() && page.number() == number) {
            By::Key
        } else if page.has_name(given) {
            By::Name
        } else {
            return None;
        };
        Some(Reading { subject: Subject::Page(page), by })
    })
}

fn range_of(kind: Kind, number: Option<Number>) -> Option<Reading> {
    let unlisted = Unlisted::of(kind, number?)?;
    Some(Reading { subject: Subject::Unlisted(unlisted), by: By::Range })
}

/// What the ways to read a topic come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Nothing is called that.
    Nothing,
    /// One is meant, and the others are worth a line.
    One(Subject, Vec<Subject>),
    /// Several are meant equally; those that are less so stand last.
    Several(Vec<Subject>),
}

/// The one that is meant, if one is meant more than every other.
pub fn choose(mut readings: Vec<Reading>) -> Choice {
    readings.sort_by_key(|reading| reading.by);
    let best = readings.iter().filter(|reading| reading.by == readings[0].by).count();
    let mut subjects = readings.into_iter().map(|reading| reading.subject);
    match best {
        0 => Choice::Nothing,
        1 => match subjects.next() {
            Some(subject) => Choice::One(subject, subjects.collect()),
            None => Choice::Nothing,
        },
        _ => Choice::Several(subjects.collect()),
    }
}

/// Every word that finds something of these kinds, folded, with the topic that
/// it finds: for "did you mean". A title is no word that people misspell.
pub fn words(kinds: &[Kind]) -> impl Iterator<Item = (String, String)> {
    kinds.iter().flat_map(|kind| kind.pages()).flat_map(|page| {
        let names = [page.key].into_iter().chain(page.aka());
        names.map(move |name| (word::fold(name), page.topic())).collect::<Vec<_>>()
    })
}
