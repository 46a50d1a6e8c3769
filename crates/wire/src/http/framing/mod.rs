//! Where each request of an HTTP/1 connection begins and ends, judged before
//! anybody acts on it.
//!
//! A server that guesses at a doubtful request agrees with some of the proxies
//! in front of it and not with others; the difference is request smuggling. So
//! nothing is guessed here: what RFC 9112 calls invalid, or allows a recipient
//! to reject, breaks a [`Rule`], and the connection has no further requests.
//! Stricter than the RFC demands are: a lone LF ends no line (section 2.2), two
//! equal Content-Length fields are two (section 6.3), and trailers carry no
//! framing fields (section 6.5.1).
//!
//! [`RequestFraming`] performs no I/O, keeps no bytes, and reads each byte a
//! bounded number of times, however the input is cut into pieces.

mod chunked;
mod head;
mod rule;

pub use head::{RequestHead, Version, is_host};
pub use rule::Rule;

use chunked::{Chunked, ChunkedPart};

/// How much of a request is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramingLimits {
    /// Longest request line, line end included.
    pub request_line_bytes_max: usize,
    /// Largest header section with the request line, line ends included.
    pub header_bytes_max: usize,
    /// Most header fields.
    pub fields_max: usize,
}

impl Default for FramingLimits {
    /// RFC 9112 section 3 wants at least 8000 bytes of request line; the others
    /// are more than any honest client sends.
    fn default() -> Self {
        FramingLimits {
            request_line_bytes_max: 8 * 1024,
            header_bytes_max: 32 * 1024,
            fields_max: 100,
        }
    }
}

/// What the front of the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// More input is needed to tell.
    More,
    /// This many bytes stand before a request and mean nothing.
    Blank(usize),
    /// This many bytes are the header of a request.
    Head(usize, RequestHead),
    /// This many bytes belong to the body.
    Content(usize),
    /// This many bytes are the framing of the body: sizes, line ends, trailers.
    Framing(usize),
    /// The request is complete; what follows is the next one. Comes once.
    End,
}

/// Finds the requests in the bytes of one connection.
#[derive(Debug, Clone)]
pub struct RequestFraming {
    limits: FramingLimits,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// Before a request line; so many empty lines were skipped.
    Before(u8),
    /// Within a header section.
    Head(head::HeadReader),
    Length(u64),
    Chunked(Chunked),
    /// The end is still to be told.
    Complete,
    Broken(Rule),
}

/// Empty lines before a request that are forgiven, RFC 9112 section 2.2: "at
/// least one".
const BLANK_LINES_MAX: u8 = 2;

impl RequestFraming {
    /// For a connection on which nothing was sent yet.
    pub fn new(limits: FramingLimits) -> Self {
        RequestFraming { limits, state: State::Before(0) }
    }

    /// Whether the connection may end here: no request has begun.
    pub fn is_between_requests(&self) -> bool {
        matches!(self.state, State::Before(_) | State::Complete)
    }

    /// Whether the header of a request is being read.
    pub fn is_in_head(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// Whether the body of a request is being read.
    pub fn is_in_body(&self) -> bool {
        matches!(self.state, State::Length(_) | State::Chunked(_))
    }

    /// Says what the front of `input` is. The caller takes the bytes of a piece
    /// off and asks again; after [`Piece::More`] it comes back with the same
    /// bytes and more behind them.
    ///
    /// # Errors
    /// When a rule is broken; from then on the answer stays the same.
    pub fn next(&mut self, input: &[u8]) -> Result<Piece, Rule> {
        let piece = self.judge(input);
        if let Err(rule) = piece {
            self.state = State::Broken(rule);
        }
        piece
    }

    fn judge(&mut self, input: &[u8]) -> Result<Piece, Rule> {
        match &mut self.state {
            State::Before(blanks) => match input {
                [] | [b'\r'] => Ok(Piece::More),
                [b'\r', b'\n', ..] if *blanks < BLANK_LINES_MAX => {
                    *blanks += 1;
                    Ok(Piece::Blank(2))
                }
                // Said at once: what speaks TLS here sends no line end.
                [first, ..] if !head::is_token(&[*first]) => Err(Rule::RequestLine),
                _ => {
                    self.state = State::Head(head::HeadReader::new(self.limits));
                    self.judge(input)
                }
            },
            State::Head(reader) => match reader.read(input)? {
                None => Ok(Piece::More),
                Some((bytes, head)) => {
                    self.state = match head.body {
                        Body::None => State::Complete,
                        Body::Length(length) => State::Length(length),
                        Body::Chunked => State::Chunked(Chunked::new(self.limits)),
                    };
                    Ok(Piece::Head(bytes, head))
                }
            },
            State::Length(left) => {
                if input.is_empty() {
                    return Ok(Piece::More);
                }
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= taken as u64;
                if *left == 0 {
                    self.state = State::Complete;
                }
                Ok(Piece::Content(taken))
            }
            State::Chunked(chunked) => Ok(match chunked.next(input)? {
                ChunkedPart::More => Piece::More,
                ChunkedPart::Content(bytes) => Piece::Content(bytes),
                ChunkedPart::Framing(bytes) => Piece::Framing(bytes),
                ChunkedPart::Last(bytes) => {
                    self.state = State::Complete;
                    Piece::Framing(bytes)
                }
            }),
            State::Complete => {
                self.state = State::Before(0);
                Ok(Piece::End)
            }
            State::Broken(rule) => Err(*rule),
        }
    }
}

/// How the body of a request is framed, RFC 9112 section 6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// So many bytes; never 0.
    Length(u64),
    /// Chunks.
    Chunked,
}

#[cfg(test)]
mod tests;
