//! One page: a section of its kind's file.
//!
//! A page borrows its section and reads a line of it when it is asked for, so
//! a look-up costs a scan for headings and no more.

use memchr::memmem;

use super::Kind;
use super::number::Number;
use super::word;

/// Where a section begins.
const HEADING: &[u8] = b"\n## ";

/// The lines of the head that are no facts.
const NOT_FACTS: [&str; 5] = ["title", "aka", "source", "see", "alive"];

/// What plumb knows of one thing: `status:404`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// What it is about.
    pub kind: Kind,
    /// What stands behind the prefix, as its registry writes it: `404`, `ETag`.
    pub key: &'static str,
    head: &'static str,
    body: &'static str,
}

/// Something that every page of a kind says: `retry: no`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// As its kind names it: `at fault`.
    pub name: &'static str,
    /// One line.
    pub value: &'static str,
}

/// Where a page's matter is laid down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `RFC 9110 section 15.5.5`, `socket(7)`, `IEEE 802.1Q`.
    pub name: &'static str,
    /// Where it can be read, for an RFC and for a manual page of Linux.
    pub url: Option<String>,
}

/// The sections of a file, each a page.
pub(super) fn pages_of(kind: Kind, source: &'static str) -> impl Iterator<Item = Page> {
    sections(source).map(move |(key, head, body)| Page { kind, key, head, body })
}

/// The sections of a file: heading, the lines below it, and what follows the
/// first empty line.
pub(super) fn sections(
    source: &'static str,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let first = source.starts_with("## ").then_some(HEADING.len() - 1);
    let others = memmem::find_iter(source.as_bytes(), HEADING).map(|at| at + HEADING.len());
    let mut starts = first.into_iter().chain(others).peekable();
    std::iter::from_fn(move || {
        let start = starts.next()?;
        let end = starts.peek().map_or(source.len(), |next| next - HEADING.len());
        let section = source.get(start..end)?;
        let (key, rest) = section.split_once('\n').unwrap_or((section, ""));
        let (head, body) = rest.split_once("\n\n").unwrap_or((rest, ""));
        Some((key.trim(), head, body))
    })
}

/// The lines of a head, as name and value.
pub(super) fn lines(head: &'static str) -> impl Iterator<Item = Fact> {
    head.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        Fact { name, value: value.trim() }
    })
}

/// Values with commas between them.
fn list(value: &'static str) -> impl Iterator<Item = &'static str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

impl Page {
    /// The topic that opens it: `status:404`.
    pub fn topic(self) -> String {
        format!("{}:{}", self.kind.prefix(), self.key)
    }

    /// Every line of the head, in the order of the file.
    pub fn lines(self) -> impl Iterator<Item = Fact> {
        lines(self.head)
    }

    fn line(self, name: &str) -> Option<&'static str> {
        self.lines().find(|line| line.name == name).map(|line| line.value)
    }

    /// Its name in full.
    pub fn title(self) -> &'static str {
        self.line("title").unwrap_or_default()
    }

    /// Further words that find it. They stand second, so that a page without
    /// any is not read to its end for them.
    pub fn aka(self) -> impl Iterator<Item = &'static str> {
        let line = self.lines().take(2).find(|line| line.name == "aka");
        list(line.map_or("", |line| line.value))
    }

    /// The facts that every page of its kind has.
    pub fn facts(self) -> impl Iterator<Item = Fact> {
        self.lines().filter(|line| !NOT_FACTS.contains(&line.name))
    }

    /// One of the facts.
    pub fn fact(self, name: &str) -> Option<&'static str> {
        self.facts().find(|fact| fact.name == name).map(|fact| fact.value)
    }

    /// The number that its registry gives it, if it has one; where no fact says
    /// it, a key that is a number does.
    pub fn number(self) -> Option<Number> {
        Number::beginning(self.fact("number").unwrap_or(self.key))
    }

    /// Where it is laid down.
    pub fn sources(self) -> Vec<Source> {
        sources(self.line("source").unwrap_or_default())
    }

    /// Topics that belong to it, each with its prefix.
    pub fn see(self) -> impl Iterator<Item = &'static str> {
        list(self.line("see").unwrap_or_default())
    }

    /// The command of plumb that shows it.
    pub fn alive(self) -> &'static str {
        self.line("alive").unwrap_or_default()
    }

    /// The prose: paragraphs with an empty line between them.
    pub fn text(self) -> &'static str {
        self.parts().0.trim()
    }

    /// The example, without the indent that sets it off.
    pub fn example(self) -> String {
        let lines = self.parts().1.trim_end().lines();
        let lines: Vec<&str> =
            lines.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
        lines.join("\n")
    }

    /// The example as it stands in the file.
    pub fn example_source(self) -> &'static str {
        self.parts().1
    }

    fn parts(self) -> (&'static str, &'static str) {
        if self.body.starts_with("    ") {
            return ("", self.body);
        }
        let at = self.body.find("\n    ").map_or(self.body.len(), |at| at + 1);
        self.body.split_at(at)
    }

    /// Whether a word is its key, whatever the case and the dashes.
    pub(super) fn has_key(self, given: &str) -> bool {
        word::same(self.key, given)
    }

    /// Whether a word is a further name of it, its title included.
    pub(super) fn has_name(self, given: &str) -> bool {
        self.aka().chain([self.title()]).any(|name| word::same(name, given))
    }
}

/// The sources of a line `source:`.
pub(super) fn sources(line: &'static str) -> Vec<Source> {
    list(line).map(|name| Source { name, url: url(name) }).collect()
}

fn url(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("RFC ") {
        let (number, part) = rest.split_once(' ').unwrap_or((rest, ""));
        number.parse::<u16>().ok()?;
        let part = match part.split_once(' ') {
            Some((what @ ("section" | "appendix"), which)) => format!("#{what}-{which}"),
            _ => String::new(),
        };
        return Some(format!("https://www.rfc-editor.org/rfc/rfc{number}{part}"));
    }
    let (page, chapter) = name.strip_suffix(')')?.split_once('(')?;
    let named = page.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let chapter = chapter.parse::<u8>().ok().filter(|_| named)?;
    Some(format!("https://man7.org/linux/man-pages/man{chapter}/{page}.{chapter}.html"))
}
