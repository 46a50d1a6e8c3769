//! Lines of text with a meaning instead of a colour.
//!
//! A view says what a piece of text means; whether and how that is coloured is
//! decided once, when the line is written. What reaches a line has passed
//! [`sanitize`].

use anstyle::{AnsiColor, Style};

use crate::sanitize;

/// Columns that a text beside a name has at least: on a narrower terminal its
/// lines run over, since words broken everywhere cannot be read.
const BESIDE_COLUMNS_MIN: usize = 16;

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// A heading, or what is to be read first.
    Strong,
    /// It works.
    Good,
    /// It is broken, or plumb could not do what it was asked.
    Bad,
    /// It works, and something is wrong.
    Warning,
    /// What to do next.
    Hint,
    /// Less important: times, numbers of events.
    Faint,
}

impl Tone {
    /// The terminal style: colour by meaning, from the terminal's own palette.
    pub const fn ansi(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
            Tone::Hint => AnsiColor::Cyan.on_default(),
            Tone::Faint => Style::new().dimmed(),
        }
    }
}

/// A run of text with one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    tone: Tone,
    text: String,
}

impl Span {
    /// What the text means.
    pub fn tone(&self) -> Tone {
        self.tone
    }

    /// The text, already safe to show.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    spans: Vec<Span>,
}

impl Line {
    /// An empty line.
    pub fn new() -> Line {
        Line::default()
    }

    /// A line of plain text.
    pub fn plain(text: impl AsRef<str>) -> Line {
        Line::new().and(Tone::Plain, text)
    }

    /// The line with more text after it. The text is sanitised here, so no
    /// caller can forget it.
    #[must_use]
    pub fn and(mut self, tone: Tone, text: impl AsRef<str>) -> Line {
        self.push(tone, text);
        self
    }

    /// As [`Line::and`], in place.
    pub fn push(&mut self, tone: Tone, text: impl AsRef<str>) {
        let text = sanitize::text(text.as_ref()).into_owned();
        if !text.is_empty() {
            self.spans.push(Span { tone, text });
        }
    }

    /// Spaces up to the given column; none if the line is already that long.
    #[must_use]
    pub fn pad_to(mut self, column: usize) -> Line {
        let missing = column.saturating_sub(self.width());
        self.push(Tone::Plain, " ".repeat(missing));
        self
    }

    /// The runs of text, in order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Columns that the line takes on a terminal.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|span| width(&span.text)).sum()
    }

    /// The line cut to at most `columns`.
    #[must_use]
    pub fn cut(mut self, columns: usize) -> Line {
        let mut left = columns;
        for span in &mut self.spans {
            if width(&span.text) > left {
                span.text = cut(&span.text, left);
            }
            left -= width(&span.text);
        }
        self.spans.retain(|span| !span.text.is_empty());
        self
    }

    /// The line as it is written to a terminal, without the end of line.
    pub fn render(&self, color: bool) -> String {
        let mut out = String::new();
        for Span { tone, text } in &self.spans {
            let style = tone.ansi();
            if color && style != Style::new() {
                out.push_str(&format!("{style}{text}{style:#}"));
            } else {
                out.push_str(text);
            }
        }
        if color { out } else { out.trim_end().to_owned() }
    }
}

/// Lines as text, each with its end.
pub fn render(lines: &[Line], color: bool) -> String {
    lines.iter().map(|line| line.render(color) + "\n").collect()
}

/// Columns that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// `text` cut to at most `columns`, the last one an ellipsis if something is
/// missing.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    if columns > 0 {
        out.push('…');
    }
    out
}

/// A text wrapped into what is left of `columns` behind the column `at`, with
/// `name` before its first line, or on a line of its own where it reaches into the text.
pub fn beside(name: Line, at: usize, tone: Tone, text: &str, columns: usize) -> Vec<Line> {
    let pieces = wrap(text, columns.saturating_sub(at).max(BESIDE_COLUMNS_MIN));
    let (alone, mut before) = if at > 0 && name.width() >= at && !pieces.is_empty() {
        (Some(name), None)
    } else {
        (None, Some(name))
    };
    let line = |piece| before.take().unwrap_or_default().pad_to(at).and(tone, piece);
    alone.into_iter().chain(pieces.into_iter().map(line)).collect()
}

/// `text` broken at spaces into lines of at most `columns`. A word that is
/// longer than a line stands alone and is broken where it must be.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let text = sanitize::text(text);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) <= columns {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
            if width(&line) + wide > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_only_where_asked() {
        let line = Line::new().and(Tone::Bad, "no").and(Tone::Plain, " way\x1b[0m");
        assert_eq!(line.render(false), "no way\\x1b[0m");
        assert_eq!(line.render(true), "\u{1b}[1m\u{1b}[31mno\u{1b}[0m way\\x1b[0m");
    }

    #[test]
    fn a_line_is_cut_at_the_column() {
        let line = Line::new().and(Tone::Good, "abcdef").and(Tone::Plain, "ghi");
        assert_eq!(line.clone().cut(9).render(false), "abcdefghi");
        assert_eq!(line.clone().cut(8).render(false), "abcdefg…");
        assert_eq!(line.clone().cut(6).render(false), "abcdef");
        assert_eq!(line.cut(4).render(false), "abc…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 0), "");
    }

    #[test]
    fn words_are_wrapped_and_the_longest_are_broken() {
        assert_eq!(wrap("the quick brown fox", 9), ["the quick", "brown fox"]);
        assert_eq!(wrap("a verylongword b", 6), ["a", "verylo", "ngword", "b"]);
        assert!(wrap("", 5).is_empty());
    }

    #[test]
    fn a_text_stands_beside_its_name() {
        let shown = |columns| {
            let name = Line::new().and(Tone::Hint, "name");
            render(&beside(name, 6, Tone::Plain, "the quick brown fox jumps", columns), false)
        };
        assert_eq!(shown(25), "name  the quick brown fox\n      jumps\n");
        assert_eq!(shown(6), "name  the quick brown\n      fox jumps\n");
        let long = beside(Line::plain("a name"), 6, Tone::Plain, "a text", 40);
        assert_eq!(render(&long, false), "a name\n      a text\n");
    }
}
