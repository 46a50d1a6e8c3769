//! The body of a message, taken out of its framing as it comes: RFC 9112 sections 6 and 7.
//!
//! Nothing is copied and nothing is kept but a few numbers, so that a body may be of any size.
//!
//! This is the reader of a client, which wants to know what a server said although it was odd:
//! what can be understood is, with a remark. A server must refuse the same of a request, and
//! does, in [`super::framing`].

/// Where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    Empty,
    /// After so many bytes.
    Length(u64),
    /// After the chunk of length zero and the trailer section.
    Chunked,
    /// Where the connection ends.
    UntilClose,
}

/// Longest line of a chunk's size with its extensions; extensions are rare and short.
pub const CHUNK_LINE_BYTES_MAX: usize = 4096;

/// Largest trailer section, as large as a small head.
pub const TRAILERS_BYTES_MAX: usize = 16 * 1024;

/// Why a body cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyError {
    /// The line that should have been a chunk's size.
    ChunkSize(Vec<u8>),
    /// A size line that does not end.
    ChunkLineTooLong,
    /// No line end behind a chunk's data.
    ChunkEnd,
    /// The trailer section does not end.
    TrailersTooLarge,
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BodyError::ChunkSize(line) => {
                write!(f, "{:?} is no chunk size", String::from_utf8_lossy(line))
            }
            BodyError::ChunkLineTooLong => {
                write!(f, "the line of a chunk's size is longer than {CHUNK_LINE_BYTES_MAX} bytes")
            }
            BodyError::ChunkEnd => f.write_str("no line end after a chunk's data"),
            BodyError::TrailersTooLarge => {
                write!(f, "the trailer section is longer than {TRAILERS_BYTES_MAX} bytes")
            }
        }
    }
}

impl std::error::Error for BodyError {}

/// What the front of the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// This many bytes belong to the body.
    Data(usize),
    /// This many bytes belong to the framing.
    Framing(usize),
    /// More input is needed to tell.
    More,
    /// The body has ended; what follows is not its.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes of a length are left.
    Length(u64),
    UntilClose,
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    /// Bytes of trailers so far.
    Trailers(usize),
    Ended,
}

/// Reads one body.
#[derive(Debug, Clone)]
pub struct BodyDecoder {
    state: State,
    /// Chunk extensions, bare line feeds: what RFC 9112 has no use for, in words.
    pub remarks: Vec<&'static str>,
}

impl BodyDecoder {
    /// For a body with this framing.
    pub fn new(framing: Framing) -> BodyDecoder {
        let state = match framing {
            Framing::Empty | Framing::Length(0) => State::Ended,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        BodyDecoder { state, remarks: Vec::new() }
    }

    /// Whether the end of the connection is a good end here.
    pub fn may_close(&self) -> bool {
        matches!(self.state, State::Ended | State::UntilClose)
    }

    /// How many bytes of the data are known to be still to come: the rest of the length or of
    /// the chunk. `None` where that cannot be known.
    pub fn left_bytes(&self) -> Option<u64> {
        match self.state {
            State::Length(left) | State::Chunk(left) => Some(left),
            State::Ended => Some(0),
            _ => None,
        }
    }

    /// Says what the front of `input` is; the caller takes that off and asks again.
    pub fn next(&mut self, input: &[u8]) -> Result<Part, BodyError> {
        if self.state == State::Ended {
            return Ok(Part::End);
        }
        if input.is_empty() {
            return Ok(Part::More);
        }
        match self.state {
            State::Ended => Ok(Part::End),
            State::UntilClose => Ok(Part::Data(input.len())),
            State::Length(left) => {
                let taken = clamp(left, input.len());
                let left = left - taken as u64;
                self.state = if left == 0 { State::Ended } else { State::Length(left) };
                Ok(Part::Data(taken))
            }
            State::Chunk(left) => {
                let taken = clamp(left, input.len());
                let left = left - taken as u64;
                self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                Ok(Part::Data(taken))
            }
            State::ChunkSize => self.chunk_size(input),
            State::ChunkEnd => self.chunk_end(input),
            State::Trailers(seen) => self.trailer(input, seen),
        }
    }

    fn chunk_size(&mut self, input: &[u8]) -> Result<Part, BodyError> {
        let Some((line, taken)) = self.line(input, CHUNK_LINE_BYTES_MAX) else {
            let too_long = input.len() >= CHUNK_LINE_BYTES_MAX;
            return if too_long { Err(BodyError::ChunkLineTooLong) } else { Ok(Part::More) };
        };
        let end = line.iter().position(|byte| *byte == b';').unwrap_or(line.len());
        let digits = line[..end].trim_ascii();
        // Sixteen digits hold every u64.
        let valid = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
        let size = std::str::from_utf8(digits).ok().filter(|_| valid);
        let size = size.and_then(|text| u64::from_str_radix(text, 16).ok());
        let Some(size) = size else { return Err(BodyError::ChunkSize(line.to_vec())) };
        if end < line.len() {
            self.remark("chunk extensions, which nobody uses");
        }
        self.state = if size == 0 { State::Trailers(0) } else { State::Chunk(size) };
        Ok(Part::Framing(taken))
    }

    fn chunk_end(&mut self, input: &[u8]) -> Result<Part, BodyError> {
        let taken = match input {
            [b'\r', b'\n', ..] => 2,
            [b'\r'] => return Ok(Part::More),
            [b'\n', ..] => {
                self.remark("LF without CR after a chunk, RFC 9112 section 7.1");
                1
            }
            _ => return Err(BodyError::ChunkEnd),
        };
        self.state = State::ChunkSize;
        Ok(Part::Framing(taken))
    }

    fn trailer(&mut self, input: &[u8], seen: usize) -> Result<Part, BodyError> {
        let room = TRAILERS_BYTES_MAX.saturating_sub(seen);
        let Some((line, taken)) = self.line(input, room) else {
            let too_large = input.len() >= room;
            return if too_large { Err(BodyError::TrailersTooLarge) } else { Ok(Part::More) };
        };
        self.state = if line.is_empty() { State::Ended } else { State::Trailers(seen + taken) };
        Ok(Part::Framing(taken))
    }

    /// The line that begins here, without its end, and how many bytes it takes with it.
    fn line<'a>(&mut self, input: &'a [u8], max: usize) -> Option<(&'a [u8], usize)> {
        let end = input.iter().take(max).position(|byte| *byte == b'\n')?;
        let line = &input[..end];
        let bare = line.strip_suffix(b"\r");
        if bare.is_none() {
            self.remark("LF without CR in the framing of chunks, RFC 9112 section 7.1");
        }
        Some((bare.unwrap_or(line), end + 1))
    }

    /// Each remark once.
    fn remark(&mut self, text: &'static str) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }
}

fn clamp(left: u64, available: usize) -> usize {
    usize::try_from(left).map_or(available, |left| left.min(available))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `input` cut into pieces of `step` bytes; the data and what was left.
    fn read(
        framing: Framing,
        input: &[u8],
        step: usize,
    ) -> Result<(Vec<u8>, Vec<u8>, bool), BodyError> {
        let mut decoder = BodyDecoder::new(framing);
        let (mut data, mut waiting) = (Vec::new(), Vec::new());
        let mut pieces = input.chunks(step);
        loop {
            match decoder.next(&waiting)? {
                Part::Data(count) => data.extend(waiting.drain(..count)),
                Part::Framing(count) => drop(waiting.drain(..count)),
                Part::More => match pieces.next() {
                    Some(piece) => waiting.extend_from_slice(piece),
                    None => return Ok((data, waiting, false)),
                },
                Part::End => {
                    waiting.extend(pieces.flatten());
                    return Ok((data, waiting, true));
                }
            }
        }
    }

    #[test]
    fn chunks_are_taken_apart_wherever_they_are_cut() {
        let input = b"5;x=y\r\nHello\r\n8\r\n, World!\r\n0\r\nTrailer: t\r\n\r\nHTTP/1.1";
        for step in 1..input.len() {
            let (data, rest, ended) = read(Framing::Chunked, input, step).unwrap();
            assert_eq!(
                (&data[..], &rest[..], ended),
                (&b"Hello, World!"[..], &b"HTTP/1.1"[..], true)
            );
        }
    }

    #[test]
    fn a_length_ends_where_it_says() {
        let (data, rest, ended) = read(Framing::Length(5), b"HelloX", 2).unwrap();
        assert_eq!((&data[..], &rest[..], ended), (&b"Hello"[..], &b"X"[..], true));
        assert!(!read(Framing::Length(7), b"HelloX", 2).unwrap().2);
        assert!(read(Framing::Empty, b"x", 1).unwrap().2);
        assert_eq!(read(Framing::UntilClose, b"all of it", 3).unwrap().0, b"all of it");
    }

    #[test]
    fn bad_chunks_are_refused() {
        for bad in [
            &b"x\r\n"[..],
            b"-5\r\n",
            b"\r\n",
            b"0x5\r\n",
            b"11111111111111111\r\n",
            b"1\r\nab\r\n",
        ] {
            assert!(read(Framing::Chunked, bad, 1).is_err(), "{bad:?}");
        }
        assert!(!read(Framing::Chunked, b"5\r\nHel", 1).unwrap().2);
    }

    #[test]
    fn lines_are_as_long_as_they_may_be_and_no_longer() {
        for (extra, ok) in [(0, true), (1, false)] {
            let mut input = b"1;".to_vec();
            input.resize(CHUNK_LINE_BYTES_MAX - 2 + extra, b'x');
            input.extend_from_slice(b"\r\na\r\n0\r\n\r\n");
            assert_eq!(read(Framing::Chunked, &input, 1000).is_ok(), ok);
            let mut input = b"0\r\n".to_vec();
            input.resize(3 + TRAILERS_BYTES_MAX - 4 + extra, b'x');
            input.extend_from_slice(b"\r\n\r\n");
            assert_eq!(read(Framing::Chunked, &input, 1000).is_ok(), ok, "trailers {extra}");
        }
    }
}
