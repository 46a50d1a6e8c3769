//! Chunks, RFC 9112 section 7.1.

use super::head::{TOKEN, split_field};
use super::{FramingLimits, Rule};

/// Longest line of a chunk's size: sixteen digits and a small extension.
pub(super) const LINE_BYTES_MAX: usize = 1024;
/// All extensions of one body; nobody has a use for even one.
pub(super) const EXTENSIONS_BYTES_MAX: usize = 8 * 1024;
/// The trailer section.
pub(super) const TRAILERS_BYTES_MAX: usize = 8 * 1024;
/// Digits of the size of a chunk; more is an attempt to overflow something.
const SIZE_DIGITS_MAX: usize = 16;

/// What the front of the input is.
pub(super) enum ChunkedPart {
    More,
    Content(usize),
    Framing(usize),
    /// Framing, and the end of the body.
    Last(usize),
}

/// Reads one chunked body.
#[derive(Debug, Clone)]
pub(super) struct Chunked {
    state: State,
    /// Bytes of the current line that have no line end.
    scanned: usize,
    extensions_bytes: usize,
    trailers_bytes: usize,
    fields: usize,
    fields_max: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Size,
    Content(u64),
    ContentEnd,
    Trailers,
}

impl Chunked {
    pub(super) fn new(limits: FramingLimits) -> Self {
        Chunked {
            state: State::Size,
            scanned: 0,
            extensions_bytes: 0,
            trailers_bytes: 0,
            fields: 0,
            fields_max: limits.fields_max,
        }
    }

    pub(super) fn next(&mut self, input: &[u8]) -> Result<ChunkedPart, Rule> {
        match self.state {
            State::Size => self.size(input),
            State::Content(left) => Ok(self.content(left, input)),
            State::ContentEnd => match input {
                [] | [b'\r'] => Ok(ChunkedPart::More),
                [b'\r', b'\n', ..] => {
                    self.state = State::Size;
                    Ok(ChunkedPart::Framing(2))
                }
                [b'\n', ..] => Err(Rule::BareLf),
                _ => Err(Rule::ChunkEnd),
            },
            State::Trailers => self.trailer(input),
        }
    }

    fn content(&mut self, left: u64, input: &[u8]) -> ChunkedPart {
        if input.is_empty() {
            return ChunkedPart::More;
        }
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        self.state = match left - taken as u64 {
            0 => State::ContentEnd,
            left => State::Content(left),
        };
        ChunkedPart::Content(taken)
    }

    fn size(&mut self, input: &[u8]) -> Result<ChunkedPart, Rule> {
        // Said at once, and not when a line end comes that may never come.
        if input.first().is_some_and(|byte| !byte.is_ascii_hexdigit()) {
            return Err(Rule::ChunkSize);
        }
        let Some(line) = self.line(input, LINE_BYTES_MAX, Rule::ChunkLineTooLong)? else {
            return Ok(ChunkedPart::More);
        };
        let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
        let (size, extension) = line.split_at(digits);
        if size.len() > SIZE_DIGITS_MAX {
            return Err(Rule::ChunkSize);
        }
        let size = size.iter().fold(0, |size: u64, &digit| {
            size << 4 | u64::from((digit as char).to_digit(16).unwrap_or(0))
        });
        if i64::try_from(size).is_err() {
            return Err(Rule::ChunkSize);
        }
        if !extension.is_empty() {
            is_extension(extension)?;
            self.extensions_bytes += extension.len();
            if self.extensions_bytes > EXTENSIONS_BYTES_MAX {
                return Err(Rule::ChunkLineTooLong);
            }
        }
        self.state = if size == 0 { State::Trailers } else { State::Content(size) };
        Ok(ChunkedPart::Framing(line.len() + 2))
    }

    fn trailer(&mut self, input: &[u8]) -> Result<ChunkedPart, Rule> {
        // The empty line that ends the section is not counted.
        let room = TRAILERS_BYTES_MAX + 2 - self.trailers_bytes;
        let Some(line) = self.line(input, room, Rule::TrailersTooLarge)? else {
            return Ok(ChunkedPart::More);
        };
        let bytes = line.len() + 2;
        if line.is_empty() {
            return Ok(ChunkedPart::Last(bytes));
        }
        if bytes + 2 > room {
            return Err(Rule::TrailersTooLarge);
        }
        let (name, _) = split_field(line)?;
        const FORBIDDEN: [&[u8]; 3] = [b"content-length", b"transfer-encoding", b"host"];
        if FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden)) {
            return Err(Rule::TrailerForbidden);
        }
        self.fields += 1;
        if self.fields > self.fields_max {
            return Err(Rule::FieldsTooMany);
        }
        self.trailers_bytes += bytes;
        Ok(ChunkedPart::Framing(bytes))
    }

    /// The line at the front of the input, if it is whole, without its end.
    fn line<'a>(
        &mut self,
        input: &'a [u8],
        bytes_max: usize,
        too_long: Rule,
    ) -> Result<Option<&'a [u8]>, Rule> {
        let found = input[self.scanned..].iter().position(|&byte| byte == b'\n');
        let Some(found) = found else {
            self.scanned = input.len();
            return if input.len() >= bytes_max { Err(too_long) } else { Ok(None) };
        };
        let end = self.scanned + found + 1;
        self.scanned = 0;
        if end > bytes_max {
            return Err(too_long);
        }
        match &input[..end - 1] {
            [line @ .., b'\r'] => Ok(Some(line)),
            _ => Err(Rule::BareLf),
        }
    }
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`.
fn is_extension(mut text: &[u8]) -> Result<(), Rule> {
    if text.contains(&b'\r') {
        return Err(Rule::BareCr);
    }
    while !text.is_empty() {
        text = blank(text);
        text = text.strip_prefix(b";").ok_or_else(|| match text.first() {
            // Rather a wrong number than a wrong extension.
            Some(byte) if !byte.is_ascii_whitespace() => Rule::ChunkSize,
            _ => Rule::ChunkExtension,
        })?;
        text = token(blank(text))?;
        if let [b'=', value @ ..] = blank(text) {
            text = match blank(value) {
                [b'"', quoted @ ..] => quoted_string(quoted)?,
                value => token(value)?,
            };
        }
    }
    Ok(())
}

fn blank(text: &[u8]) -> &[u8] {
    let count = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[count..]
}

fn token(text: &[u8]) -> Result<&[u8], Rule> {
    let count = text.iter().take_while(|&&byte| TOKEN[usize::from(byte)]).count();
    if count == 0 { Err(Rule::ChunkExtension) } else { Ok(&text[count..]) }
}

/// What follows the closing quote.
fn quoted_string(mut text: &[u8]) -> Result<&[u8], Rule> {
    loop {
        text = match text {
            [b'"', rest @ ..] => return Ok(rest),
            [b'\\', 0x20..=0x7e | b'\t' | 0x80.., rest @ ..] => rest,
            [b'\\', ..] => return Err(Rule::ChunkExtension),
            [0x20..=0x7e | b'\t' | 0x80.., rest @ ..] => rest,
            _ => return Err(Rule::ChunkExtension),
        };
    }
}
