//! Numbers without a page of their own: what their range says of them.
//!
//! `reference/ranges.md` has a section for each range, `kind:FIRST-LAST`, where
//! several may stand with commas between them. The first range that holds a
//! number speaks for it, so the narrower ones stand first.

use super::page::{self, Source};
use super::{Kind, Number};

const RANGES: &str = include_str!("../../reference/ranges.md");

/// A range of numbers of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Whose numbers.
    pub kind: Kind,
    /// The range as its section's heading has it, without the prefix.
    pub range: &'static str,
    head: &'static str,
    body: &'static str,
}

/// A number without a page, in the range that speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlisted {
    /// The number that was asked for.
    pub number: Number,
    /// Its range.
    pub span: Span,
}

/// Every range, in the order of the file.
pub fn spans() -> impl Iterator<Item = Span> {
    page::sections(RANGES).filter_map(|(heading, head, body)| {
        let (prefix, range) = heading.split_once(':')?;
        Some(Span { kind: Kind::from_prefix(prefix)?, range: range.trim(), head, body })
    })
}

/// The last number that a kind has room for, by its ranges. Layers end at 7,
/// which no field of a packet says.
pub fn last_of(kind: Kind) -> Option<i64> {
    if kind == Kind::Layer {
        return None;
    }
    let parts = spans().filter(|span| span.kind == kind).flat_map(Span::parts).flatten();
    let plain = parts.filter_map(|(_, last)| match last {
        Number::Plain(number) => Some(number),
        Number::Pair(..) => None,
    });
    plain.max()
}

impl Span {
    fn line(self, name: &str) -> Option<&'static str> {
        page::lines(self.head).find(|line| line.name == name).map(|line| line.value)
    }

    /// Whether the range holds a number.
    pub fn holds(self, number: Number) -> bool {
        self.range.split(',').any(|part| holds(part.trim(), number) == Some(true))
    }

    /// The ends of each part; `None` for a part that cannot be read.
    pub fn parts(self) -> impl Iterator<Item = Option<(Number, Number)>> {
        self.range.split(',').map(|part| ends(part.trim()))
    }
}

/// First and last of `4-7`, `4`, `3/16-255`.
fn ends(part: &str) -> Option<(Number, Number)> {
    let (first, last) = match part.get(1..).and_then(|rest| rest.find('-')) {
        Some(at) => (&part[..=at], &part[at + 2..]),
        None => (part, part),
    };
    let first = Number::parse(first)?;
    let last = match (first, Number::parse(last)?) {
        (Number::Pair(kind, _), Number::Plain(code)) => {
            Number::Pair(kind, u8::try_from(code).ok()?)
        }
        (_, last) => last,
    };
    (first <= last).then_some((first, last))
}

fn holds(part: &str, number: Number) -> Option<bool> {
    let (first, last) = ends(part)?;
    let alike = matches!(
        (first, number, last),
        (Number::Plain(_), Number::Plain(_), Number::Plain(_))
            | (Number::Pair(..), Number::Pair(..), Number::Pair(..))
    );
    Some(alike && first <= number && number <= last)
}

impl Unlisted {
    /// What the range says of a number of this kind, if one holds it.
    pub fn of(kind: Kind, number: Number) -> Option<Unlisted> {
        let span = spans().find(|span| span.kind == kind && span.holds(number))?;
        Some(Unlisted { number, span })
    }

    /// The topic that was asked for: `status:299`.
    pub fn topic(self) -> String {
        let prefix = self.span.kind.prefix();
        match self.number {
            Number::Plain(number) if self.span.kind.is_hexadecimal() => {
                format!("{prefix}:{number:#06x}")
            }
            number => format!("{prefix}:{number}"),
        }
    }

    /// Whether all there is to say is that there is no such thing.
    pub fn says_nothing(self) -> bool {
        let title = self.title();
        title == "unassigned" || title.starts_with("no ") || title.starts_with("unknown")
    }

    /// What it is: `unassigned`.
    pub fn title(self) -> &'static str {
        self.span.line("title").unwrap_or_default()
    }

    /// Where the range is laid down.
    pub fn sources(self) -> Vec<Source> {
        page::sources(self.span.line("source").unwrap_or_default())
    }

    /// Topics that belong to it.
    pub fn see(self) -> impl Iterator<Item = &'static str> {
        let see = self.span.line("see").unwrap_or_default();
        see.split(',').map(str::trim).filter(|topic| !topic.is_empty())
    }

    /// What to make of it.
    pub fn text(self) -> &'static str {
        self.span.body.trim()
    }
}
