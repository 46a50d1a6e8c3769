//! Messages as they are shown: to a person indented and coloured, into a pipe
//! byte for byte.

use std::io::{self, Write};

use plumb_probe::http::{Headers, Message, Payload, ResponseHead};
use plumb_report::{Line, Tone, sanitize, styled};

use super::{Http, Pretty, json};
use crate::error::CommandError;
use crate::output::Output;

/// Bytes of a body that are gathered to be indented; what is longer is shown as
/// it comes.
const GATHERED_BYTES_MAX: usize = 4 << 20;

/// First bytes in which a NUL makes a body binary.
const LOOKED_AT_BYTES: usize = 1024;

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) request_head: bool,
    pub(super) request_body: bool,
    pub(super) head: bool,
    pub(super) body: bool,
    pub(super) meta: bool,
}

impl Parts {
    /// `head` is whether only heads come: of HEAD there is nothing else to
    /// print.
    pub(super) fn of(http: &Http, terminal: bool, head: bool) -> Result<Parts, CommandError> {
        let letters = match (&http.shown.print, http.output.verbose) {
            (Some(print), _) => print.as_str(),
            (None, _) if http.message.offline => "HB",
            (None, _) if http.output.quiet => "",
            (None, _) if http.shown.only_headers => "h",
            (None, _) if http.shown.only_body => "b",
            (None, 0) if head => "h",
            (None, 1) => "HBhb",
            (None, 2..) => "HBhbm",
            (None, 0) if http.downloads() => {
                if terminal {
                    "h"
                } else {
                    ""
                }
            }
            (None, 0) => {
                if terminal {
                    "hb"
                } else {
                    "b"
                }
            }
        };
        if let Some(at) = letters.find(|c| !"HBhbm".contains(c)) {
            return Err(
                CommandError::usage("the parts are H, B, h, b and m").at(letters, at..at + 1)
            );
        }
        let has = |letter| letters.contains(letter);
        Ok(Parts {
            request_head: has('H'),
            request_body: has('B'),
            head: has('h'),
            body: has('b'),
            meta: has('m'),
        })
    }
}

/// How messages look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// To a terminal: made safe, and indented unless told otherwise.
    pub(super) terminal: bool,
    pub(super) format: bool,
    pub(super) color: bool,
    pub(super) secrets: bool,
}

impl Look {
    pub(super) fn of(http: &Http, output: &Output) -> Look {
        let all = output.live;
        let (format, color) = match http.shown.pretty {
            None => (all, output.color),
            Some(Pretty::All) => {
                (true, output.color || http.output.color != crate::args::output::Color::Never)
            }
            Some(Pretty::Colors) => (false, http.output.color != crate::args::output::Color::Never),
            Some(Pretty::Format) => (true, false),
            Some(Pretty::None) => (false, false),
        };
        Look { terminal: output.live, format, color, secrets: http.shown.show_secrets }
    }

    /// Whether bytes go out as they are.
    pub(super) fn is_plain(self) -> bool {
        !self.terminal && !self.format && !self.color
    }

    fn headers(self, headers: &Headers) -> Headers {
        if self.secrets { headers.clone() } else { headers.redacted() }
    }

    /// The head of a request.
    pub(super) fn request(self, message: &Message) -> Vec<u8> {
        let message = Message { headers: self.headers(&message.headers), ..message.clone() };
        if self.is_plain() {
            return message.head();
        }
        let first = Line::new()
            .and(Tone::Good, &message.method)
            .and(Tone::Plain, " ")
            .and(Tone::Strong, message.target())
            .and(Tone::Faint, " HTTP/1.1");
        self.head(first, &message.headers)
    }

    /// The head of a response.
    pub(super) fn response(self, head: &ResponseHead) -> Vec<u8> {
        if self.is_plain() && !head.bytes.is_empty() {
            return head.bytes.clone();
        }
        if self.is_plain() {
            let mut text = format!("{} {}\r\n", head.version, head.status).into_bytes();
            for (name, value) in head.headers.iter() {
                text.extend_from_slice(name.as_bytes());
                text.extend_from_slice(b": ");
                text.extend_from_slice(value);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(b"\r\n");
            return text;
        }
        let tone = match head.status {
            200..=299 => Tone::Good,
            400.. => Tone::Bad,
            _ => Tone::Warning,
        };
        let first = Line::new()
            .and(Tone::Faint, format!("{} ", head.version))
            .and(tone, format!("{} {}", head.status, head.reason));
        self.head(first, &head.headers)
    }

    fn head(self, first: Line, headers: &Headers) -> Vec<u8> {
        let mut lines = vec![first];
        lines.extend(headers.iter().map(|(name, value)| {
            Line::new()
                .and(Tone::Hint, name)
                .and(Tone::Faint, ": ")
                .and(Tone::Plain, String::from_utf8_lossy(value))
        }));
        lines.push(Line::new());
        styled::render(&lines, self.color).into_bytes()
    }

    /// A body that is at hand.
    pub(super) fn body(
        self,
        bytes: &[u8],
        content_type: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.is_plain() {
            return out.write_all(bytes);
        }
        let mut body = Shown::new(self, content_type, out);
        body.write_all(bytes)?;
        body.finish()
    }
}

/// The body of a request, where it is at hand.
pub(super) fn payload(payload: &Payload) -> Option<Vec<u8>> {
    payload.as_bytes().map(|bytes| bytes.to_vec())
}

/// A body on its way to a person.
pub(super) struct Shown<'a> {
    look: Look,
    is_json: bool,
    is_latin1: bool,
    gathered: Vec<u8>,
    state: State,
    out: &'a mut dyn Write,
}

#[derive(PartialEq, Eq)]
enum State {
    Gathering,
    /// Too long to be gathered: shown as it comes.
    Passing,
    /// Not shown at all.
    Binary,
}

impl<'a> Shown<'a> {
    pub(super) fn new(look: Look, content_type: &str, out: &'a mut dyn Write) -> Shown<'a> {
        let media_type = content_type.to_ascii_lowercase();
        Shown {
            look,
            is_json: media_type.contains("json"),
            is_latin1: media_type.contains("iso-8859-1"),
            gathered: Vec::new(),
            state: State::Gathering,
            out,
        }
    }

    /// Shows what was gathered.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if self.state == State::Gathering {
            self.decide();
        }
        if self.state == State::Binary {
            let text = "binary data is not shown on a terminal: -o FILE keeps it, | passes it on";
            return writeln!(
                self.out,
                "{}",
                Line::new().and(Tone::Faint, format!("({text})")).render(self.look.color)
            );
        }
        let text = self.text();
        self.gathered.clear();
        if text.is_empty() {
            return Ok(());
        }
        // Without its type, what begins like JSON is tried too.
        let may_be_json = self.is_json || text.trim_start().starts_with(['{', '[']);
        let pretty =
            if may_be_json && self.state == State::Gathering { json::pretty(&text) } else { None };
        let lines: Vec<Line> = match (pretty, self.look.format, self.look.color) {
            (Some(pretty), true, _) => pretty.lines().map(colored_json).collect(),
            (Some(_), false, true) => text.lines().map(colored_json).collect(),
            _ => return self.pass(&text),
        };
        self.out.write_all(styled::render(&lines, self.look.color).as_bytes())
    }

    fn decide(&mut self) {
        let looked_at = &self.gathered[..self.gathered.len().min(LOOKED_AT_BYTES)];
        if self.look.terminal && looked_at.contains(&0) {
            self.state = State::Binary;
        }
    }

    fn text(&self) -> String {
        match self.is_latin1 {
            true => self.gathered.iter().map(|&byte| char::from(byte)).collect(),
            false => String::from_utf8_lossy(&self.gathered).into_owned(),
        }
    }

    /// Lines made safe, and their ends as they are.
    fn pass(&mut self, text: &str) -> io::Result<()> {
        if !self.look.terminal {
            return self.out.write_all(text.as_bytes());
        }
        for line in text.split_inclusive('\n') {
            let bare = line.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
            let shown =
                bare.unwrap_or(line).split('\t').map(sanitize::text).collect::<Vec<_>>().join("\t");
            self.out.write_all(shown.as_bytes())?;
            if bare.is_some() {
                self.out.write_all(b"\n")?;
            }
        }
        if !text.ends_with('\n') && self.state == State::Gathering {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

impl Write for Shown<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.state == State::Binary {
            return Ok(data.len());
        }
        self.gathered.extend_from_slice(data);
        if self.gathered.len() > GATHERED_BYTES_MAX {
            self.decide();
            if self.state == State::Binary {
                self.gathered.clear();
            } else {
                self.state = State::Passing;
            }
        }
        if self.state == State::Passing {
            // Up to the last whole line, so that no character is cut.
            let end = self.gathered.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let end = if end == 0 { self.gathered.len() } else { end };
            let rest = self.gathered.split_off(end);
            let text = self.text();
            self.gathered = rest;
            self.pass(&text)?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A line of JSON by what its parts are.
fn colored_json(line: &str) -> Line {
    let mut colored = Line::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (end, tone) = match first {
            '"' => {
                let end = string_end(rest);
                let is_name = rest[end..].trim_start().starts_with(':');
                (end, if is_name { Tone::Hint } else { Tone::Good })
            }
            c if c.is_ascii_alphanumeric() || c == '-' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
                (end.unwrap_or(rest.len()), Tone::Warning)
            }
            c => (c.len_utf8(), Tone::Plain),
        };
        colored.push(tone, &rest[..end]);
        rest = &rest[end..];
    }
    colored
}

fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(terminal: bool, format: bool, content_type: &str, body: &[u8]) -> String {
        let look = Look { terminal, format, color: false, secrets: false };
        let mut out = Vec::new();
        look.body(body, content_type, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_pipe_gets_every_byte_and_a_terminal_none_that_it_would_act_on() {
        let body = b"{\"a\":1}\x1b[2J";
        assert_eq!(shown(false, false, "text/plain", body).as_bytes(), body);
        assert_eq!(shown(true, true, "text/plain", b"a\x1b[2J\tb\r\nc"), "a\\x1b[2J\tb\nc\n");
        assert_eq!(shown(true, true, "application/json", b"{\"a\":1}"), "{\n    \"a\": 1\n}\n");
        assert!(shown(true, true, "image/png", b"\x89PNG\0\0").contains("binary data"));
        assert_eq!(
            shown(true, true, "text/plain; charset=ISO-8859-1", b"caf\xe9\n"),
            "caf\u{e9}\n"
        );
    }

    #[test]
    fn what_is_long_is_shown_as_it_comes() {
        let body = "line\n".repeat(GATHERED_BYTES_MAX / 5 + 10);
        assert_eq!(shown(true, true, "text/plain", body.as_bytes()), body);
    }
}
