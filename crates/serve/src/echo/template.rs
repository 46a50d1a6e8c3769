//! What a reply says: text with places for the message, its number, its sender.

use std::fmt;
use std::io::Write as _;
use std::str::FromStr;

/// A reply: `Echo ({n}): {msg}\n`.
///
/// `{msg}` is the message as it came, `{n}` its number, `{peer}` who sent it;
/// `{{` and `}}` are braces; `\n \r \t \0 \\ \xNN` are what C has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Bytes(Vec<u8>),
    Message,
    Number,
    Peer,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct TemplateError {
    problem: String,
    /// Where it is: bytes of the text.
    pub place: std::ops::Range<usize>,
}

/// Names of places, and what they are.
const PLACES: [(&str, Part); 3] =
    [("msg", Part::Message), ("n", Part::Number), ("peer", Part::Peer)];

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut bytes = Vec::new();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let next = at + c.len_utf8();
            match c {
                '{' | '}' if text[next..].starts_with(c) => {
                    bytes.push(c as u8);
                    at = next + 1;
                }
                '{' => {
                    let Some(length) = text[next..].find('}') else {
                        return Err(wrong("{ without }; write {{ for a brace", at..text.len()));
                    };
                    let name = &text[next..next + length];
                    let Some((_, part)) = PLACES.iter().find(|(known, _)| *known == name) else {
                        let problem =
                            format!("no {{{name}}}: there are {{msg}}, {{n}} and {{peer}}");
                        return Err(wrong(problem, at..next + length + 1));
                    };
                    if !bytes.is_empty() {
                        parts.push(Part::Bytes(std::mem::take(&mut bytes)));
                    }
                    parts.push(part.clone());
                    at = next + length + 1;
                }
                '}' => return Err(wrong("} without {; write }} for a brace", at..next)),
                '\\' => at = escape(text, at, &mut bytes)?,
                _ => {
                    bytes.extend_from_slice(&text.as_bytes()[at..next]);
                    at = next;
                }
            }
        }
        if !bytes.is_empty() {
            parts.push(Part::Bytes(bytes));
        }
        Ok(Template(parts))
    }
}

impl Template {
    /// Whether `{peer}` stands in it.
    pub fn names_the_peer(&self) -> bool {
        self.0.contains(&Part::Peer)
    }

    /// Appends the reply to this message.
    pub fn fill(&self, message: &[u8], number: u64, peer: &dyn fmt::Display, out: &mut Vec<u8>) {
        for part in &self.0 {
            // Writing to a Vec cannot fail.
            let _ = match part {
                Part::Bytes(bytes) => out.write_all(bytes),
                Part::Message => out.write_all(message),
                Part::Number => write!(out, "{number}"),
                Part::Peer => write!(out, "{peer}"),
            };
        }
    }
}

/// Text with escapes and no places, as bytes: a greeting, a delimiter.
///
/// # Errors
/// When an escape is none.
pub fn unescape(text: &str) -> Result<Vec<u8>, TemplateError> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        if byte == b'\\' {
            at = escape(text, at, &mut bytes)?;
        } else {
            bytes.push(byte);
            at += 1;
        }
    }
    Ok(bytes)
}

/// One escape at `at`; gives where it ends.
fn escape(text: &str, at: usize, bytes: &mut Vec<u8>) -> Result<usize, TemplateError> {
    let simple = match text.as_bytes().get(at + 1) {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'0') => 0,
        Some(b'\\') => b'\\',
        Some(b'x') => {
            let digits =
                text.get(at + 2..at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
            let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                let end = text.len().min(at + 4);
                return Err(wrong("\\x wants two hexadecimal digits", at..end));
            };
            bytes.push(byte);
            return Ok(at + 4);
        }
        _ => {
            let end = text[at + 1..].chars().next().map_or(at + 1, |c| at + 1 + c.len_utf8());
            return Err(wrong("no such escape: there are \\n \\r \\t \\0 \\\\ \\xNN", at..end));
        }
    };
    bytes.push(simple);
    Ok(at + 2)
}

fn wrong(problem: impl Into<String>, place: std::ops::Range<usize>) -> TemplateError {
    TemplateError { problem: problem.into(), place }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> String {
        let mut out = Vec::new();
        template.parse::<Template>().unwrap().fill(b"hi", 7, &"192.0.2.1:5", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn places_and_escapes() {
        assert_eq!(filled("Echo ({n}): {msg}\\n"), "Echo (7): hi\n");
        assert_eq!(filled("{peer} {{msg}} é\\t\\x41\\\\"), "192.0.2.1:5 {msg} é\tA\\");
        assert_eq!(filled(""), "");
        assert_eq!(unescape("a{b}\\r\\n\\0é").unwrap(), "a{b}\r\n\0é".as_bytes());
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, place) in [
            ("a{msg", 1..5),
            ("a}", 1..2),
            ("{what}", 0..6),
            ("é{é}", 2..6),
            ("\\q", 0..2),
            ("a\\", 1..2),
            ("\\é", 0..3),
            ("\\x4", 0..3),
            ("\\x+4", 0..4),
            ("\\xé1", 0..4),
        ] {
            let error = text.parse::<Template>().unwrap_err();
            assert_eq!(error.place, place, "{text}");
            assert!(text.get(error.place).is_some(), "{text}");
        }
    }
}
