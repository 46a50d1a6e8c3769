//! The page of a finding or of the reference, and other Markdown, as text for a
//! terminal.

use plumb_evidence::FindingId;
use plumb_evidence::reference::{Page, Source, Unlisted};

use crate::styled::{self, Line, Tone};
use crate::text::COLUMNS_MAX;

/// The page that `plumb explain ID` shows.
pub fn finding(id: FindingId) -> Vec<Line> {
    let page = id.page();
    let mut lines = vec![Line::new().and(Tone::Strong, id.as_str())];
    lines.extend(styled::wrap(page.title, COLUMNS_MAX).iter().map(Line::plain));
    lines.push(Line::new());
    let exit_code = id.layer().exit_code().to_string();
    let facts = [
        ("layer", Some(id.layer().name())),
        ("exit code", Some(exit_code.as_str())),
        ("curl", page.curl),
        ("NEL type", page.nel),
        ("shown by", page.fault),
    ];
    for (name, value) in facts {
        let Some(value) = value else { continue };
        let value =
            if name == "shown by" { format!("plumb lab break {value}") } else { value.to_owned() };
        lines.push(Line::new().and(Tone::Faint, format!("  {name:<11}")).and(Tone::Plain, value));
    }
    let text = markdown(page.text);
    if !text.is_empty() {
        lines.push(Line::new());
        lines.extend(text);
    }
    lines
}

/// A page of the reference, made to be read at a glance: the facts first, as
/// columns, and what to do with it last.
pub fn reference(page: Page) -> Vec<Line> {
    let mut lines = heading(&page.topic(), page.title());
    let aka: Vec<&str> = page.aka().collect();
    if !aka.is_empty() {
        let also = format!("also {}", aka.join(", "));
        lines.extend(wrapped(&also, 2, Tone::Faint));
    }
    lines.push(Line::new());
    let facts: Vec<(&str, String)> =
        page.facts().map(|fact| (fact.name, fact.value.to_owned())).collect();
    lines.extend(columns(&facts));
    prose(page.text(), &mut lines);
    lines.push(Line::new());
    for line in page.example().lines() {
        lines.push(Line::new().and(Tone::Hint, format!("    {line}")));
    }
    lines.push(Line::new());
    // Not wrapped: a command line is there to be copied.
    lines.push(Line::new().and(Tone::Faint, "see it  ").and(Tone::Strong, page.alive()));
    let see: Vec<&str> = page.see().collect();
    lines.extend(beneath(&see, &page.sources()));
    lines
}

/// What is known of a number that has no page of its own; `more` is what this
/// machine knows of it, as facts.
pub fn unlisted(unlisted: Unlisted, more: &[(&str, String)]) -> Vec<Line> {
    let mut lines = heading(&unlisted.topic(), unlisted.title());
    if !more.is_empty() {
        lines.push(Line::new());
        lines.extend(columns(more));
    }
    prose(unlisted.text(), &mut lines);
    lines.push(Line::new());
    let see: Vec<&str> = unlisted.see().collect();
    lines.extend(beneath(&see, &unlisted.sources()));
    lines
}

/// Topic and title, the title on lines of its own where it is long.
fn heading(topic: &str, title: &str) -> Vec<Line> {
    let line = Line::new().and(Tone::Strong, topic).and(Tone::Plain, format!("  {title}"));
    if line.width() <= COLUMNS_MAX {
        return vec![line];
    }
    let mut lines = vec![Line::new().and(Tone::Strong, topic)];
    lines.extend(wrapped(title, 2, Tone::Plain));
    lines
}

/// Names and values side by side, the values wrapped in their column.
fn columns(facts: &[(&str, String)]) -> Vec<Line> {
    let column = facts.iter().map(|(name, _)| styled::width(name)).max().unwrap_or(0) + 4;
    let mut lines = Vec::new();
    for (name, value) in facts {
        let name = Line::new().and(Tone::Faint, format!("  {name}"));
        lines.extend(styled::beside(name, column, Tone::Plain, value, COLUMNS_MAX));
    }
    lines
}

fn wrapped(text: &str, indent: usize, tone: Tone) -> Vec<Line> {
    let parts = styled::wrap(text, COLUMNS_MAX - indent);
    parts.iter().map(|part| Line::plain(" ".repeat(indent)).and(tone, part)).collect()
}

fn prose(text: &str, lines: &mut Vec<Line>) {
    if !text.is_empty() {
        lines.push(Line::new());
        lines.extend(markdown(text));
    }
}

/// What stands below a page: topics that belong to it, and where to read more.
fn beneath(see: &[&str], sources: &[Source]) -> Vec<Line> {
    const COLUMN: usize = 8;
    let mut lines = Vec::new();
    let mut add = |name: &str, text: &str| {
        let name = Line::new().and(Tone::Faint, name);
        lines.extend(styled::beside(name, COLUMN, Tone::Plain, text, COLUMNS_MAX));
    };
    if !see.is_empty() {
        add("see", &see.join(", "));
    }
    for (i, source) in sources.iter().enumerate() {
        let lead = if i == 0 { "source" } else { "" };
        match &source.url {
            Some(url) => add(lead, &format!("{}  {url}", source.name)),
            None => add(lead, source.name),
        }
    }
    lines
}

/// The Markdown that pages are written in: headings, paragraphs, lists, quotes
/// and indented or fenced blocks. Paragraphs and lists are wrapped; blocks
/// stand as they are.
pub fn markdown(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut paragraph = Paragraph::default();
    let mut fenced = false;
    for raw in text.lines() {
        if raw.trim_start().starts_with("```") {
            paragraph.end(&mut lines);
            fenced = !fenced;
        } else if fenced {
            lines.push(Line::new().and(Tone::Hint, format!("    {raw}")));
        } else if paragraph.is_empty() && raw.starts_with("    ") {
            lines.push(Line::new().and(Tone::Hint, raw));
        } else if raw.trim().is_empty() {
            paragraph.end(&mut lines);
            if lines.last().is_some_and(|line| line.width() > 0) {
                lines.push(Line::new());
            }
        } else if raw.starts_with('#') {
            paragraph.end(&mut lines);
            lines.push(Line::new().and(Tone::Strong, raw.trim_start_matches('#').trim()));
        } else {
            paragraph.add(raw, &mut lines);
        }
    }
    paragraph.end(&mut lines);
    while lines.last().is_some_and(|line| line.width() == 0) {
        lines.pop();
    }
    lines
}

/// A paragraph or an item of a list while its lines are collected.
#[derive(Default)]
struct Paragraph {
    /// `- ` or `1. ` with its indent; empty for a paragraph.
    bullet: String,
    text: String,
}

impl Paragraph {
    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn add(&mut self, raw: &str, lines: &mut Vec<Line>) {
        if let Some(bullet) = bullet(raw) {
            self.end(lines);
            self.bullet = raw[..bullet].to_owned();
            self.text = raw[bullet..].trim().to_owned();
            return;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(raw.trim());
    }

    fn end(&mut self, lines: &mut Vec<Line>) {
        let Paragraph { bullet, text } = std::mem::take(self);
        let indent = bullet.len();
        // Code spans read well without their backquotes on a terminal.
        let text = text.replace("**", "").replace('`', "");
        for (i, part) in styled::wrap(&text, COLUMNS_MAX - indent).iter().enumerate() {
            let lead = if i == 0 { bullet.clone() } else { " ".repeat(indent) };
            lines.push(Line::plain(lead + part));
        }
    }
}

/// The length of the bullet with which a list's item begins.
fn bullet(raw: &str) -> Option<usize> {
    let indent = raw.len() - raw.trim_start().len();
    let item = &raw[indent..];
    if item.starts_with("- ") || item.starts_with("* ") {
        return Some(indent + 2);
    }
    let digits = item.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && item[digits..].starts_with(". ")).then_some(indent + digits + 2)
}

#[cfg(test)]
mod tests {
    use plumb_evidence::reference::{Kind, Number};

    use super::*;

    #[test]
    fn markdown_reads_well_on_a_terminal() {
        let text = "What it means.\nA second line of `text`.\n\n## On the wire\n\n- one item that is quite long \
                    and therefore is wrapped at the eightieth column of the terminal\n- two\n\n```console\n\
                    $ plumb check   x\n```\n\n1. first\n2. second\n";
        insta::assert_snapshot!(styled::render(&markdown(text), false));
    }

    #[test]
    fn every_page_of_the_reference_fits() {
        for page in Kind::ALL.iter().flat_map(|kind| kind.pages()) {
            let example = page.example();
            for line in reference(page) {
                let text = line.render(false);
                // What is there to be copied is not wrapped.
                let shown = text.strip_prefix("    ").unwrap_or(&text);
                let whole = text.starts_with("see it ")
                    || example.lines().any(|line| line.trim_end() == shown);
                assert!(whole || line.width() <= COLUMNS_MAX, "{}: {text}", page.topic());
            }
        }
    }

    #[test]
    fn a_number_without_a_page_reads_well() {
        let number = Number::Plain(12345);
        let found = Unlisted::of(Kind::Port, number).expect("a range");
        let more = [("/etc/services", "netbus (tcp)".to_owned())];
        insta::assert_snapshot!(styled::render(&unlisted(found, &more), false));
    }

    #[test]
    fn every_page_fits() {
        for &id in FindingId::ALL {
            for line in finding(id) {
                let code = line.render(false).starts_with("    ");
                assert!(code || line.width() <= COLUMNS_MAX, "{id}: {}", line.render(false));
            }
        }
    }
}
