//! The head of a message: start line and header lines, RFC 9112 sections 2 to 5.
//!
//! Read as leniently as can be, every byte kept: what a strict reader would refuse is what a
//! person wants to see. What is odd is said in the field tree.

use serde::{Deserialize, Serialize};

use crate::layout::{DecodeError, Layout, Problem};
use crate::wire::Wire;

/// Twice what common servers take (8 to 32 KiB).
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The head of a request or a response.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Head {
    /// The first line.
    pub start: StartLine,
    /// The lines after it, in their order.
    pub headers: Vec<HeaderLine>,
    /// The empty line.
    pub end: LineEnd,
}

/// Three words: method, target and version of a request; version, status and reason of a
/// response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartLine {
    /// Method, or version.
    pub first: Vec<u8>,
    /// One blank, where all is well.
    pub gap: Vec<u8>,
    /// Target, or status.
    pub second: Vec<u8>,
    /// One blank, where all is well.
    pub gap_too: Vec<u8>,
    /// Version, or reason.
    pub third: Vec<u8>,
    /// How the line ends.
    pub end: LineEnd,
}

/// One header field. A line without a colon has neither name nor gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderLine {
    /// The name, in any case.
    pub name: Vec<u8>,
    /// The colon, and blanks around it.
    pub gap: Vec<u8>,
    /// The value, without blanks around it.
    pub value: Vec<u8>,
    /// How the line ends.
    pub end: LineEnd,
}

/// Blanks, and CR LF where all is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineEnd(pub Vec<u8>);

impl Default for LineEnd {
    fn default() -> LineEnd {
        LineEnd(b"\r\n".to_vec())
    }
}

impl Default for StartLine {
    fn default() -> StartLine {
        StartLine::new("GET", "/", "HTTP/1.1")
    }
}

impl Default for HeaderLine {
    fn default() -> HeaderLine {
        HeaderLine::new("", "")
    }
}

impl StartLine {
    /// Three words with one blank between them.
    pub fn new(
        first: impl AsRef<[u8]>,
        second: impl AsRef<[u8]>,
        third: impl AsRef<[u8]>,
    ) -> StartLine {
        StartLine {
            first: first.as_ref().to_vec(),
            gap: b" ".to_vec(),
            second: second.as_ref().to_vec(),
            gap_too: b" ".to_vec(),
            third: third.as_ref().to_vec(),
            end: LineEnd::default(),
        }
    }
}

impl HeaderLine {
    /// A name and its value, `: ` between them.
    pub fn new(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> HeaderLine {
        HeaderLine {
            name: name.as_ref().to_vec(),
            gap: b": ".to_vec(),
            value: value.as_ref().to_vec(),
            end: LineEnd::default(),
        }
    }
}

impl Head {
    /// The head of a request.
    pub fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Head {
        Head::of(StartLine::new(method, target, "HTTP/1.1"), headers)
    }

    /// The head of a response.
    pub fn response(status: u16, reason: &str, headers: &[(&str, &str)]) -> Head {
        Head::of(StartLine::new("HTTP/1.1", status.to_string(), reason), headers)
    }

    fn of(start: StartLine, headers: &[(&str, &str)]) -> Head {
        let headers = headers.iter().map(|(name, value)| HeaderLine::new(name, value)).collect();
        Head { start, headers, end: LineEnd::default() }
    }

    /// Reads a head from the front of what came so far; also says how many bytes it took.
    /// `None` when more is needed.
    pub fn read(bytes: &[u8]) -> Result<Option<(Head, usize)>, DecodeError> {
        match Head::decode_prefix(bytes) {
            Ok(read) => Ok(Some(read)),
            Err(DecodeError { problem: Problem::Truncated { .. }, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// True when the first word is a version.
    pub fn is_response(&self) -> bool {
        self.start.first.starts_with(b"HTTP/")
    }

    /// The status of a response, where it is a number of three digits.
    pub fn status(&self) -> Option<u16> {
        let digits = self.is_response().then_some(&self.start.second)?;
        let plain = digits.len() == 3 && digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
    }

    /// The value of the first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let named = |line: &&HeaderLine| line.name.eq_ignore_ascii_case(name.as_bytes());
        self.headers.iter().find(named).map(|line| line.value.as_slice())
    }
}

impl Layout for Head {
    const NAME: &'static str = "HTTP/1 head";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let start = wire.position_bytes();
        wire.group("start line", |wire| self.start.lay(wire))?;
        wire.each_while(
            &mut self.headers,
            HeaderLine::default,
            |wire, line| {
                let line_bytes =
                    if wire.is_reading() { line_ahead(wire, "header")?.len() } else { 0 };
                if wire.is_reading() && wire.position_bytes() + line_bytes - start > HEAD_BYTES_MAX
                {
                    return Err(wire.malformed("head", "longer than 64 KiB"));
                }
                line.lay(wire)
            },
            |wire, _| !line_ahead(wire, "header").is_ok_and(|line| text_of(line).is_empty()),
        )?;
        self.end.lay(wire)
    }
}

/// The line that begins here, its end included; an error when it goes on.
fn line_ahead<'a>(wire: &Wire<'a>, field: &'static str) -> Result<&'a [u8], DecodeError> {
    let ahead = wire.ahead();
    let end = ahead.iter().take(HEAD_BYTES_MAX).position(|byte| *byte == b'\n');
    if let Some(end) = end {
        return Ok(&ahead[..=end]);
    }
    if ahead.len() >= HEAD_BYTES_MAX {
        return Err(wire.malformed(field, "a line longer than 64 KiB"));
    }
    let available_bits = ahead.len() * 8;
    let problem = Problem::Truncated { needed_bits: available_bits + 8, available_bits };
    Err(DecodeError { field, offset_bytes: wire.position_bytes(), problem })
}

/// The line without what [`LineEnd`] takes.
fn text_of(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

impl StartLine {
    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let text = if wire.is_reading() { text_of(line_ahead(wire, "start line")?) } else { &[] };
        let is_response = text.starts_with(b"HTTP/");
        let names = if is_response {
            ["version", "status", "reason"]
        } else {
            ["method", "target", "version"]
        };
        let (first, rest) = word(text);
        let (gap, rest) = blanks(rest);
        let (second, rest) = if is_response { word(rest) } else { target(rest) };
        let (gap_too, third) = blanks(rest);
        wire.text(names[0], first.len(), &mut self.first)?;
        lay_gap(wire, gap.len(), &mut self.gap)?;
        wire.text(names[1], second.len(), &mut self.second)?;
        lay_gap(wire, gap_too.len(), &mut self.gap_too)?;
        wire.text(names[2], third.len(), &mut self.third)?;
        self.end.lay(wire)
    }
}

fn lay_gap(wire: &mut Wire<'_>, length_bytes: usize, gap: &mut Vec<u8>) -> Result<(), DecodeError> {
    wire.text("gap", length_bytes, gap)?.anomaly(length_bytes != 1, || "not one blank");
    Ok(())
}

/// Up to the first blank.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    text.split_at(end)
}

/// Up to the last run of blanks: a target may hold blanks that should not be there.
fn target(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(last) = text.iter().rposition(u8::is_ascii_whitespace) else {
        return text.split_at(text.len());
    };
    let before = text[..last].trim_ascii_end().len();
    text.split_at(before)
}

fn blanks(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(text.len());
    text.split_at(end)
}

impl HeaderLine {
    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let text = if wire.is_reading() { text_of(line_ahead(wire, "header")?) } else { &[] };
        let colon = text.iter().position(|byte| *byte == b':');
        let folded = text.first().is_some_and(u8::is_ascii_whitespace);
        let (name, gap, value) = match colon {
            Some(colon) if !folded => {
                let name = text[..colon].trim_ascii_end();
                let value = text[colon + 1..].trim_ascii_start();
                (name.len(), text.len() - name.len() - value.len(), value.len())
            }
            _ => (0, 0, text.len()),
        };
        wire.group("header", |wire| {
            let blank_before_colon = colon.is_some_and(|colon| !folded && colon > name);
            wire.text("name", name, &mut self.name)?;
            let is_token = self.name.iter().all(|byte| is_token_byte(*byte));
            wire.last().anomaly(name > 0 && !is_token, || "not a token, RFC 9110 section 5.1");
            wire.text("gap", gap, &mut self.gap)?
                .anomaly(blank_before_colon, || "a blank before the colon, RFC 9112 section 5.1");
            wire.text("value", value, &mut self.value)?
                .anomaly(folded, || "a folded line, RFC 9112 section 5.2")
                .anomaly(!folded && colon.is_none(), || "no colon");
            self.end.lay(wire)
        })
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl LineEnd {
    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let length = if wire.is_reading() {
            let line = line_ahead(wire, "line end")?;
            line.len() - text_of(line).len()
        } else {
            0
        };
        wire.text("line end", length, &mut self.0)?
            .anomaly(self.0 == b"\n", || "LF without CR, RFC 9112 section 2.2")
            .anomaly(self.0.len() > 2, || "blanks at the end of the line");
        Ok(())
    }
}
