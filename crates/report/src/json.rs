//! JSON Lines: one envelope per line.
//!
//! `{"v":1,"type":"...","data":{...}}`. The first line of every command is
//! `begin` and the last is `end`, so that a cut-off is visible. Kinds and
//! fields may be added; their meaning never changes.

use std::io::{self, Write};

use plumb_evidence::{Event, Verdict};
use serde::Serialize;

use crate::sanitize;

/// The version of the envelope.
pub const VERSION: u32 = 1;

/// One line: what it is about, and the data.
#[derive(Debug, Serialize)]
pub struct Envelope<'a, T: Serialize + ?Sized> {
    /// [`VERSION`].
    pub v: u32,
    /// What the data is: `begin`, `event`, `verdict`, `end`, ...
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// The record itself.
    pub data: &'a T,
}

/// The first line's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Begin<'a> {
    /// Version of plumb.
    pub plumb: &'a str,
    /// The command, as words: `check`, `lab faults`.
    pub command: &'a str,
    /// Wall clock, seconds since 1970-01-01 UTC.
    pub started_unix_s: i64,
}

/// Why the command could not do what it was asked; stands before the last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure<'a> {
    /// Lower case, without a full stop.
    pub message: &'a str,
    /// The part of what the user wrote that it is about.
    pub place: Option<Place<'a>>,
    /// What to do next.
    pub hints: &'a [String],
}

/// A part of what the user wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place<'a> {
    /// The whole, with secrets covered.
    pub text: &'a str,
    /// Offset of its first byte in `text`.
    pub start: usize,
    /// Offset behind its last byte.
    pub end: usize,
}

/// The last line's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// With which the command ends.
    pub exit_code: u8,
    /// True if the user stopped it.
    pub interrupted: bool,
    /// From `begin` to `end`.
    pub duration_ns: u64,
}

/// Writes envelopes, a line each, flushed one by one: a reader sees an event
/// when it happens.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// Lines that go to `out`.
    pub fn new(out: W) -> JsonLines<W> {
        JsonLines { out }
    }

    /// One line of any kind.
    pub fn record<T: Serialize + ?Sized>(&mut self, kind: &str, data: &T) -> io::Result<()> {
        let mut line = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut line, SafeFormatter);
        Envelope { v: VERSION, kind, data }.serialize(&mut serializer)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }

    /// The first line.
    pub fn begin(&mut self, begin: &Begin<'_>) -> io::Result<()> {
        self.record("begin", begin)
    }

    /// One observation.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        self.record("event", event)
    }

    /// What a target's events mean.
    pub fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.record("verdict", verdict)
    }

    /// Why there is no more.
    pub fn failure(&mut self, failure: &Failure<'_>) -> io::Result<()> {
        self.record("error", failure)
    }

    /// The last line.
    pub fn end(&mut self, end: &End) -> io::Result<()> {
        self.record("end", end)
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Compact JSON in which the characters that a terminal acts on are written as
/// `\uNNNN`: JSON leaves C1 controls and bidirectional overrides as they are.
struct SafeFormatter;

impl serde_json::ser::Formatter for SafeFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        let mut plain_from = 0;
        for (at, c) in text.char_indices().filter(|&(_, c)| sanitize::is_unsafe(c)) {
            out.write_all(&text.as_bytes()[plain_from..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            plain_from = at + c.len_utf8();
        }
        out.write_all(&text.as_bytes()[plain_from..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn what_a_terminal_acts_on_is_escaped_and_reads_back() {
        let raw = "a\u{9b}2J\u{202e}b\u{e0041}\x1b\"é";
        let mut lines = JsonLines::new(Vec::new());
        lines.record("x", raw).unwrap();
        let text = String::from_utf8(lines.into_inner()).unwrap();
        assert!(!text.trim_end().chars().any(sanitize::is_unsafe), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["data"], raw);
    }

    #[test]
    fn a_check_reads_as_one_line_per_record() {
        let example = examples::expired_certificate();
        let mut lines = JsonLines::new(Vec::new());
        lines
            .begin(&Begin { plumb: "0.1.0", command: "check", started_unix_s: 1_795_161_600 })
            .unwrap();
        for event in &example.evidence.events {
            lines.event(event).unwrap();
        }
        lines.verdict(&example.verdict).unwrap();
        lines.end(&End { exit_code: 15, interrupted: false, duration_ns: 14_000_000 }).unwrap();
        let text = String::from_utf8(lines.into_inner()).unwrap();
        insta::assert_snapshot!(text);
    }
}
