//! Messages on a stream of bytes: TCP keeps no boundaries, so the two ends
//! agree on how a message ends.
//!
//! ```text
//! line        hello\n                  (or \r\n)
//! delimiter   hello<delimiter>
//! length      00 00 00 05 hello        (1, 2 or 4 bytes, network order)
//! raw         what one read happens to give: no message at all
//! ```

use std::ops::ControlFlow;

use thiserror::Error;

/// How a message ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Framing {
    /// At a line feed; a carriage return before it belongs to the end.
    #[default]
    Line,
    /// Whatever comes at once is one message.
    Raw,
    /// After as many bytes as a number before it says.
    Length(LengthWidth),
    /// At these bytes.
    Delimiter(Vec<u8>),
}

/// Bytes of the number before a message, in network order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthWidth {
    /// Up to 255 bytes.
    One,
    /// Up to 65,535 bytes.
    Two,
    /// Up to 4 GiB.
    Four,
}

impl LengthWidth {
    /// How many bytes the number has.
    pub fn bytes(self) -> usize {
        match self {
            LengthWidth::One => 1,
            LengthWidth::Two => 2,
            LengthWidth::Four => 4,
        }
    }

    /// The largest message that it can announce.
    pub fn largest(self) -> usize {
        match self {
            LengthWidth::One => usize::from(u8::MAX),
            LengthWidth::Two => usize::from(u16::MAX),
            LengthWidth::Four => u32::MAX as usize,
        }
    }
}

/// A whole message, and what ended it on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Without what ended it.
    pub bytes: &'a [u8],
    /// `\n`, `\r\n` or the delimiter as it came; empty where nothing stands
    /// behind a message.
    pub end: &'a [u8],
}

/// A message is longer than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a message is longer than {max_bytes} bytes")]
pub struct TooLong {
    /// What is allowed.
    pub max_bytes: usize,
}

/// What a look at the bytes found.
enum Found<'a> {
    Whole {
        message: Message<'a>,
        taken: usize,
    },
    /// More must come; so many bytes need not be looked at again.
    Part {
        searched: usize,
    },
}

/// Splits a stream into messages, as its bytes come. It holds nothing between
/// messages, and never more than one message's bytes and what came with its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Splitter {
    partial: Vec<u8>,
    searched: usize,
}

impl Splitter {
    /// A splitter to which these bytes have come already, without an end in
    /// them.
    pub fn holding(partial: Vec<u8>) -> Splitter {
        Splitter { partial, searched: 0 }
    }

    /// Takes what came, and shows each message that is whole to `each` until it
    /// breaks off; what came behind that message is then forgotten.
    ///
    /// # Errors
    /// When a message has more than `max_bytes`.
    pub fn feed<B>(
        &mut self,
        framing: &Framing,
        max_bytes: usize,
        came: &[u8],
        mut each: impl FnMut(Message<'_>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, TooLong> {
        // Mostly whole messages come at once, and nothing is to be copied.
        let held = if self.partial.is_empty() {
            None
        } else {
            self.partial.extend_from_slice(came);
            Some(std::mem::take(&mut self.partial))
        };
        let mut rest = held.as_deref().unwrap_or(came);
        let mut searched = std::mem::take(&mut self.searched);
        while !rest.is_empty() {
            match framing.find(rest, searched, max_bytes)? {
                Found::Whole { message, taken } => {
                    if let ControlFlow::Break(done) = each(message) {
                        return Ok(ControlFlow::Break(done));
                    }
                    rest = &rest[taken..];
                    searched = 0;
                }
                Found::Part { searched } => {
                    self.partial = rest.to_vec();
                    self.searched = searched;
                    break;
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What is there of a message whose end never came. Of a message with a
    /// length, its number is part of it.
    pub fn rest(&self) -> &[u8] {
        &self.partial
    }
}

impl Framing {
    fn find<'a>(
        &self,
        bytes: &'a [u8],
        searched: usize,
        max_bytes: usize,
    ) -> Result<Found<'a>, TooLong> {
        let too_long = TooLong { max_bytes };
        let found = match self {
            Framing::Raw => {
                let taken = bytes.len().min(max_bytes.max(1));
                let message = Message { bytes: &bytes[..taken], end: &[] };
                return Ok(Found::Whole { message, taken });
            }
            Framing::Length(width) => return length(bytes, *width, max_bytes),
            Framing::Line => line_end(bytes, searched),
            Framing::Delimiter(delimiter) if delimiter.is_empty() => None,
            Framing::Delimiter(delimiter) => delimiter_at(bytes, searched, delimiter),
        };
        match found {
            Some((end, taken)) if end <= max_bytes => {
                let message = Message { bytes: &bytes[..end], end: &bytes[end..taken] };
                Ok(Found::Whole { message, taken })
            }
            Some(_) => Err(too_long),
            // The end itself may still come.
            None if bytes.len() > max_bytes.saturating_add(self.end_bytes_max()) => Err(too_long),
            None => {
                let again = self.end_bytes_max().saturating_sub(1);
                Ok(Found::Part { searched: bytes.len().saturating_sub(again) })
            }
        }
    }

    fn end_bytes_max(&self) -> usize {
        match self {
            Framing::Line => 2,
            Framing::Delimiter(delimiter) => delimiter.len(),
            Framing::Raw | Framing::Length(_) => 0,
        }
    }

    /// Appends a message as the other end expects it. Bytes behind a message
    /// are `end` where it was given, else the framing's own.
    ///
    /// # Errors
    /// When the message is longer than its number can say.
    pub fn put(
        &self,
        message: &[u8],
        end: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        if let Framing::Length(width) = self {
            let length = message.len() as u64;
            if message.len() > width.largest() {
                return Err(TooLong { max_bytes: width.largest() });
            }
            out.extend_from_slice(&length.to_be_bytes()[8 - width.bytes()..]);
        }
        out.extend_from_slice(message);
        match (self, end) {
            (Framing::Raw | Framing::Length(_), _) => {}
            (_, Some(end)) => out.extend_from_slice(end),
            (Framing::Line, None) => out.push(b'\n'),
            (Framing::Delimiter(delimiter), None) => out.extend_from_slice(delimiter),
        }
        Ok(())
    }
}

/// Where the text ends, and where the line does.
fn line_end(bytes: &[u8], searched: usize) -> Option<(usize, usize)> {
    let from = searched.min(bytes.len());
    let at = from + bytes[from..].iter().position(|&byte| byte == b'\n')?;
    let text = if at > 0 && bytes[at - 1] == b'\r' { at - 1 } else { at };
    Some((text, at + 1))
}

fn delimiter_at(bytes: &[u8], searched: usize, delimiter: &[u8]) -> Option<(usize, usize)> {
    let from = searched.min(bytes.len());
    let at = from + bytes[from..].windows(delimiter.len()).position(|part| part == delimiter)?;
    Some((at, at + delimiter.len()))
}

fn length(bytes: &[u8], width: LengthWidth, max_bytes: usize) -> Result<Found<'_>, TooLong> {
    let Some((number, rest)) = bytes.split_at_checked(width.bytes()) else {
        return Ok(Found::Part { searched: 0 });
    };
    let length = number.iter().fold(0_usize, |length, &byte| (length << 8) | usize::from(byte));
    if length > max_bytes {
        return Err(TooLong { max_bytes });
    }
    Ok(match rest.get(..length) {
        Some(message) => Found::Whole {
            message: Message { bytes: message, end: &[] },
            taken: width.bytes() + length,
        },
        None => Found::Part { searched: 0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Split = (Vec<(Vec<u8>, Vec<u8>)>, Vec<u8>, Option<TooLong>);

    fn split(framing: &Framing, max_bytes: usize, pieces: &[&[u8]]) -> Split {
        let mut splitter = Splitter::default();
        let mut messages = Vec::new();
        for piece in pieces {
            let fed = splitter.feed(framing, max_bytes, piece, |message| {
                messages.push((message.bytes.to_vec(), message.end.to_vec()));
                ControlFlow::<()>::Continue(())
            });
            if let Err(error) = fed {
                return (messages, Vec::new(), Some(error));
            }
        }
        (messages, splitter.rest().to_vec(), None)
    }

    fn texts(messages: &[(Vec<u8>, Vec<u8>)]) -> Vec<(&str, &str)> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        messages.iter().map(|(bytes, end)| (text(bytes), text(end))).collect()
    }

    #[test]
    fn lines_end_as_they_end() {
        let (messages, rest, _) = split(&Framing::Line, 9, &[b"a\nb\r\n\r\nc\rd", b"e\n", b"f\r"]);
        assert_eq!(texts(&messages), [("a", "\n"), ("b", "\r\n"), ("", "\r\n"), ("c\rde", "\n")]);
        assert_eq!(rest, b"f\r");
    }

    #[test]
    fn a_delimiter_may_come_in_pieces() {
        let framing = Framing::Delimiter(b"<>".to_vec());
        let (messages, rest, _) = split(&framing, 9, &[b"a<", b">b<<", b"><>c"]);
        assert_eq!(texts(&messages), [("a", "<>"), ("b<", "<>"), ("", "<>")]);
        assert_eq!(rest, b"c");
    }

    #[test]
    fn a_length_stands_before_its_message() {
        for (width, head) in [
            (LengthWidth::One, &[2][..]),
            (LengthWidth::Two, &[0, 2]),
            (LengthWidth::Four, &[0, 0, 0, 2]),
        ] {
            let mut wire = Vec::new();
            Framing::Length(width).put(b"hi", None, &mut wire).unwrap();
            assert_eq!(wire, [head, b"hi"].concat());
            wire.extend([head, b"y"].concat());
            let bytes: Vec<&[u8]> = wire.chunks(1).collect();
            let (messages, rest, _) = split(&Framing::Length(width), 2, &bytes);
            assert_eq!((texts(&messages), rest.len()), (vec![("hi", "")], width.bytes() + 1));
        }
        let long = vec![0; 256];
        assert!(Framing::Length(LengthWidth::One).put(&long, None, &mut Vec::new()).is_err());
    }

    #[test]
    fn raw_is_what_comes_at_once() {
        let (messages, rest, _) = split(&Framing::Raw, 3, &[b"ab", b"cdefg"]);
        assert_eq!(texts(&messages), [("ab", ""), ("cde", ""), ("fg", "")]);
        assert!(rest.is_empty());
    }

    #[test]
    fn a_message_at_the_limit_and_one_past_it() {
        let delimiter = Framing::Delimiter(b"<>".to_vec());
        let length = Framing::Length(LengthWidth::Two);
        for (framing, fits, is_too_long) in [
            (&Framing::Line, &b"abc\r\n"[..], &b"abcd\n"[..]),
            (&delimiter, b"abc<>", b"abcd<>"),
            (&length, b"\0\x03abc", b"\0\x04"),
        ] {
            let pieces = |bytes: &'static [u8]| bytes.chunks(1).collect::<Vec<_>>();
            assert_eq!(texts(&split(framing, 3, &pieces(fits)).0)[0].0, "abc");
            assert_eq!(texts(&split(framing, 3, &[fits]).0)[0].0, "abc");
            let error = Some(TooLong { max_bytes: 3 });
            assert_eq!(split(framing, 3, &pieces(is_too_long)).2, error);
            assert_eq!(split(framing, 3, &[is_too_long]).2, error);
        }
        // Without an end it is not waited for for ever.
        assert!(split(&Framing::Line, 3, &[b"abcdef"]).2.is_some());
        assert!(split(&Framing::Delimiter(Vec::new()), 3, &[b"abcdef"]).2.is_some());
    }

    #[test]
    fn breaking_off_ends_it() {
        let mut seen = 0;
        let fed = Splitter::default().feed(&Framing::Line, 9, b"a\nb\n", |_| {
            seen += 1;
            ControlFlow::Break("done")
        });
        assert_eq!((fed, seen), (Ok(ControlFlow::Break("done")), 1));
    }

    proptest::proptest! {
        #[test]
        fn however_it_comes_in_pieces_it_is_the_same(
            bytes in proptest::collection::vec(proptest::prop_oneof![
                proptest::prelude::Just(b'\n'), proptest::prelude::Just(b'<'),
                proptest::prelude::Just(0_u8), proptest::prelude::any::<u8>(),
            ], 1..200),
            piece in 1..200_usize,
            kind in 0..5_usize,
        ) {
            let framing = [
                Framing::Line,
                Framing::Delimiter(b"<<".to_vec()),
                Framing::Length(LengthWidth::One),
                Framing::Length(LengthWidth::Two),
                Framing::Length(LengthWidth::Four),
            ][kind].clone();
            let whole = split(&framing, 16, &[&bytes]);
            let pieces: Vec<&[u8]> = bytes.chunks(piece).collect();
            assert_eq!(split(&framing, 16, &pieces), whole);
            if whole.2.is_none() {
                let mut again = Vec::new();
                for (message, end) in &whole.0 {
                    framing.put(message, Some(end), &mut again).unwrap();
                }
                assert_eq!([again, whole.1].concat(), bytes);
            }
        }
    }
}
