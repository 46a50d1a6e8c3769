//! HTTP/1.1 on an open stream: the bytes as they are, nothing hidden.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use plumb_wire::http::body::{BodyDecoder, Framing, Part};
use plumb_wire::http::{HEAD_BYTES_MAX, Head};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::Instant;

use super::payload::{PIECE_BYTES, Reader};
use crate::connection::Duplex;

/// What is read at once: large bodies in few system calls, in a buffer that
/// stays in a processor's own cache (twice as much was 7 % slower on loopback),
/// and a head of the largest size has room.
const INPUT_BYTES: usize = 128 << 10;
const _: () = assert!(INPUT_BYTES >= 2 * HEAD_BYTES_MAX);

/// Interim responses before the final one; more is a server in a loop.
const INTERIM_MAX: usize = 16;

/// Bytes of what is no HTTP that are shown.
const FIRST_BYTES_MAX: usize = 256;

/// Heads and first pieces up to this leave in one write.
const JOINED_BYTES_MAX: usize = 16 << 10;

/// Why no head could be read.
#[derive(Debug)]
pub(crate) enum NoHead {
    /// The stream ended before the first byte.
    Empty,
    /// The stream ended within the head.
    Cut,
    NotHttp(Vec<u8>),
    Malformed(String),
    Io(io::Error),
}

/// Why a body ended early.
#[derive(Debug)]
pub(crate) enum Broken {
    Short,
    Malformed(String),
    Io(io::Error),
}

/// One connection that speaks HTTP/1.1.
pub(crate) struct H1 {
    stream: Box<dyn Duplex>,
    input: Vec<u8>,
    start: usize,
    end: usize,
    decoder: BodyDecoder,
    /// Where in `input` the last data lies.
    last: std::ops::Range<usize>,
    /// When the first byte of the response came.
    pub(crate) first_at: Option<Instant>,
    /// When the last byte of the request was taken.
    pub(crate) sent_at: Option<Instant>,
    /// The response came before the request was out: the connection is spent.
    pub(crate) cut_short: bool,
    /// The stream ended without TLS saying so.
    pub(crate) unannounced_end: bool,
}

impl H1 {
    pub(crate) fn new(stream: Box<dyn Duplex>) -> H1 {
        H1 {
            stream,
            input: Vec::new(),
            start: 0,
            end: 0,
            decoder: BodyDecoder::new(Framing::Empty),
            last: 0..0,
            first_at: None,
            sent_at: None,
            cut_short: false,
            unannounced_end: false,
        }
    }

    /// Sends a request. An answer that comes before the end of the body stops
    /// it. `Err` is for the payload alone: a connection that breaks has
    /// perhaps an answer to read.
    pub(crate) async fn send(
        &mut self,
        mut head: Vec<u8>,
        chunked: bool,
        payload: &mut Reader,
        expect: Option<Duration>,
    ) -> io::Result<()> {
        (self.first_at, self.sent_at) = (None, None);
        if let Some(wait) = expect {
            self.write(&head).await;
            head.clear();
            if !self.is_asked_to_continue(wait).await {
                self.sent();
                return Ok(());
            }
        }
        while !self.cut_short {
            let piece = payload.next().await?;
            let ended = piece.is_none();
            let framed = framed(piece, chunked);
            if !head.is_empty() && head.len() + framed.len() <= JOINED_BYTES_MAX {
                head.extend_from_slice(&framed);
                if ended {
                    self.write(&std::mem::take(&mut head)).await;
                }
            } else {
                self.write(&std::mem::take(&mut head)).await;
                self.write(&framed).await;
            }
            if ended {
                break;
            }
        }
        // A broken connection shows when it is read.
        let _ = self.stream.flush().await;
        self.sent();
        Ok(())
    }

    fn sent(&mut self) {
        self.sent_at = Some(Instant::now());
    }

    /// Waits for `100 Continue`; a server that does not know it says nothing.
    async fn is_asked_to_continue(&mut self, wait: Duration) -> bool {
        let _ = self.stream.flush().await;
        let interim = async {
            loop {
                match Head::read(&self.input[self.start..self.end]) {
                    Ok(Some((head, used))) if head.status() == Some(100) => {
                        self.start += used;
                        return true;
                    }
                    Ok(None) => {
                        if !matches!(self.fill().await, Ok(1..)) {
                            return false;
                        }
                    }
                    _ => return false,
                }
            }
        };
        let go_on = tokio::time::timeout(wait, interim).await.unwrap_or(true);
        self.cut_short = !go_on;
        go_on
    }

    /// Writes all of it, unless an answer comes first.
    async fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.cut_short {
            match self.write_or_hear(bytes).await {
                Ok(Some(count)) => bytes = &bytes[count..],
                Ok(None) | Err(_) => self.cut_short = true,
            }
        }
    }

    /// How many bytes were taken; `None` when the peer spoke first.
    async fn write_or_hear(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        self.make_room();
        let H1 { stream, input, end, first_at, .. } = self;
        poll_fn(|cx| {
            let writing = Pin::new(&mut *stream).poll_write(cx, bytes);
            if let Poll::Ready(written) = writing {
                return Poll::Ready(written.map(Some));
            }
            let mut room = ReadBuf::new(&mut input[*end..]);
            match Pin::new(&mut *stream).poll_read(cx, &mut room) {
                Poll::Ready(read) => {
                    *end += room.filled().len();
                    first_at.get_or_insert_with(Instant::now);
                    Poll::Ready(read.map(|()| None))
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// The interim heads and the final one.
    pub(crate) async fn head(&mut self) -> Result<(Vec<Head>, Head, Vec<u8>), NoHead> {
        let mut interim = Vec::new();
        loop {
            let waiting = &self.input[self.start..self.end];
            if !b"HTTP/".starts_with(&waiting[..waiting.len().min(5)]) {
                return Err(NoHead::NotHttp(
                    waiting[..waiting.len().min(FIRST_BYTES_MAX)].to_vec(),
                ));
            }
            match Head::read(waiting) {
                Ok(Some((head, used))) => {
                    let bytes = waiting[..used].to_vec();
                    self.start += used;
                    match head.status() {
                        None => {
                            return Err(NoHead::Malformed(
                                "its status is no number of three digits".into(),
                            ));
                        }
                        Some(100..=199) if head.status() != Some(101) => interim.push(head),
                        Some(_) => return Ok((interim, head, bytes)),
                    }
                    if interim.len() > INTERIM_MAX {
                        return Err(NoHead::Malformed(format!(
                            "more than {INTERIM_MAX} interim responses"
                        )));
                    }
                }
                Ok(None) => match self.fill().await {
                    Ok(0) if self.start == self.end => return Err(NoHead::Empty),
                    Ok(0) => return Err(NoHead::Cut),
                    Ok(_) => {}
                    Err(error) => return Err(NoHead::Io(error)),
                },
                Err(error) => return Err(NoHead::Malformed(error.to_string())),
            }
        }
    }

    /// The body that follows ends so.
    pub(crate) fn begin_body(&mut self, framing: Framing) {
        self.decoder = BodyDecoder::new(framing);
    }

    /// What was odd about the chunks so far.
    pub(crate) fn remarks(&self) -> &[&'static str] {
        &self.decoder.remarks
    }

    /// The next bytes of the body, out of their framing; `None` at its end.
    pub(crate) async fn data(&mut self) -> Result<Option<&[u8]>, Broken> {
        loop {
            let part = self.decoder.next(&self.input[self.start..self.end]);
            match part.map_err(|error| Broken::Malformed(error.to_string()))? {
                Part::Data(count) => {
                    self.last = self.start..self.start + count;
                    self.start += count;
                    return Ok(Some(self.last()));
                }
                Part::Framing(count) => self.start += count,
                Part::End => return Ok(None),
                Part::More => match self.fill().await {
                    Ok(0) if self.decoder.may_close() => return Ok(None),
                    Ok(0) => return Err(Broken::Short),
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        self.unannounced_end = true;
                        return if self.decoder.may_close() {
                            Ok(None)
                        } else {
                            Err(Broken::Short)
                        };
                    }
                    Err(error) => return Err(Broken::Io(error)),
                },
            }
        }
    }

    /// What [`H1::data`] gave last.
    pub(crate) fn last(&self) -> &[u8] {
        &self.input[self.last.clone()]
    }

    /// Bytes that came after the end of the body, and whether the peer ended
    /// the connection. Looks and does not wait.
    pub(crate) async fn after_end(&mut self) -> (usize, bool) {
        let mut closed = false;
        if self.start == self.end {
            closed = matches!(self.look().await, Some(Ok(0) | Err(_)));
        }
        (self.end - self.start, closed)
    }

    /// Reads what is there already; `None` if nothing is.
    async fn look(&mut self) -> Option<io::Result<usize>> {
        self.make_room();
        let H1 { stream, input, end, .. } = self;
        poll_fn(|cx| {
            let mut room = ReadBuf::new(&mut input[*end..]);
            Poll::Ready(match Pin::new(&mut *stream).poll_read(cx, &mut room) {
                Poll::Ready(read) => Some(read.map(|()| {
                    let count = room.filled().len();
                    *end += count;
                    count
                })),
                Poll::Pending => None,
            })
        })
        .await
    }

    /// Reads more; 0 at the end of the stream.
    async fn fill(&mut self) -> io::Result<usize> {
        self.make_room();
        let H1 { stream, input, end, first_at, .. } = self;
        let count = poll_fn(|cx| {
            let mut room = ReadBuf::new(&mut input[*end..]);
            Pin::new(&mut *stream).poll_read(cx, &mut room).map_ok(|()| room.filled().len())
        })
        .await?;
        *end += count;
        if count > 0 {
            first_at.get_or_insert_with(Instant::now);
        }
        Ok(count)
    }

    /// There is room behind the input: what waits is never larger than a head
    /// or a line of chunks.
    fn make_room(&mut self) {
        if self.input.is_empty() {
            self.input = vec![0; INPUT_BYTES];
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.input.len() {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
    }
}

/// A piece as it is sent; `None` is the end.
fn framed(piece: Option<Bytes>, chunked: bool) -> Bytes {
    match (piece, chunked) {
        (Some(piece), false) => piece,
        (None, false) => Bytes::new(),
        (None, true) => Bytes::from_static(b"0\r\n\r\n"),
        (Some(piece), true) if piece.is_empty() => piece,
        (Some(piece), true) => {
            let mut chunk = Vec::with_capacity(piece.len().min(PIECE_BYTES) + 20);
            chunk.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            chunk.extend_from_slice(&piece);
            chunk.extend_from_slice(b"\r\n");
            chunk.into()
        }
    }
}
