//! Content codings: which one a client gets, and how bytes become it.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderValue;
use hyper::body::{Body, Frame};
use plumb_wire::http::accept::coding_weight;
use tokio::sync::OwnedSemaphorePermit;

/// How the bytes of a file are changed on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    Zstd,
    Brotli,
    Gzip,
}

/// On the fly: by how little work they make text small.
pub(super) const BY_SPEED: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];
/// Made beforehand: by how small they make text.
pub(super) const BY_SIZE: [Coding; 3] = [Coding::Brotli, Coding::Zstd, Coding::Gzip];

impl Coding {
    /// As `Content-Encoding` names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
        }
    }

    /// The ending of a file that holds it, which also tells its entity tag
    /// from that of the plain file.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Coding::Zstd => "zst",
            Coding::Brotli => "br",
            Coding::Gzip => "gz",
        }
    }

    pub(super) fn value(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// The whole of `bytes` at once.
    pub(super) fn compress(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoder = Encoder::new(self)?;
        encoder.write(bytes)?;
        encoder.finish()
    }
}

/// What a client accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Accepted {
    field: Vec<u8>,
}

impl Accepted {
    /// Of all lines of `Accept-Encoding`.
    pub(super) fn of(headers: &http::HeaderMap) -> Accepted {
        let mut field = Vec::new();
        for line in headers.get_all(http::header::ACCEPT_ENCODING) {
            field.extend_from_slice(line.as_bytes());
            field.push(b',');
        }
        Accepted { field }
    }

    /// Whether the plain bytes are refused.
    pub(super) fn refuses_plain(&self) -> bool {
        !self.field.is_empty() && coding_weight(&self.field, "identity") == 0
    }

    /// Those that are liked as much as the plain bytes or more, best first;
    /// `order` decides among equals.
    pub(super) fn codings(&self, order: [Coding; 3]) -> Vec<Coding> {
        let plain = coding_weight(&self.field, "identity");
        let weight = |coding: &Coding| coding_weight(&self.field, coding.name());
        let mut liked: Vec<_> =
            order.into_iter().filter(|c| weight(c) > 0 && weight(c) >= plain).collect();
        liked.sort_by_key(|coding| std::cmp::Reverse(weight(coding)));
        liked
    }
}

/// Streams in which the compressors keep what they need: at most this much
/// memory, and far less than a browser accepts.
const WINDOW_BITS: u32 = 19;
/// As fast as gzip's usual level, and smaller.
const BROTLI_QUALITY: u32 = 4;
const BROTLI_BUFFER_BYTES: usize = 16 * 1024;
const ZSTD_LEVEL: i32 = 3;
const GZIP_LEVEL: u32 = 5;

enum Encoder {
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> io::Result<Encoder> {
        let out = Vec::new();
        Ok(match coding {
            Coding::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                Encoder::Gzip(flate2::write::GzEncoder::new(out, level))
            }
            Coding::Brotli => Encoder::Brotli(Box::new(brotli::CompressorWriter::new(
                out,
                BROTLI_BUFFER_BYTES,
                BROTLI_QUALITY,
                WINDOW_BITS,
            ))),
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                encoder.window_log(WINDOW_BITS)?;
                Encoder::Zstd(encoder)
            }
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Encoder::Gzip(encoder) => encoder.write_all(bytes),
            Encoder::Brotli(encoder) => encoder.write_all(bytes),
            Encoder::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// What is ready.
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Encoder::Gzip(encoder) => encoder.get_mut(),
            Encoder::Brotli(encoder) => encoder.get_mut(),
            Encoder::Zstd(encoder) => encoder.get_mut(),
        })
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Brotli(encoder) => Ok(encoder.into_inner()),
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// Read at once from a file that is compressed on its way: about a
/// millisecond of work, so that others get their turn.
const CHUNK_BYTES: u64 = 64 * 1024;

/// A file that is compressed while it is sent.
pub(super) struct Compressed {
    file: Arc<File>,
    offset: u64,
    end: u64,
    encoder: Option<Encoder>,
    /// One of the few that may be at work at once.
    _permit: OwnedSemaphorePermit,
}

impl Compressed {
    pub(super) fn new(
        coding: Coding,
        file: Arc<File>,
        end: u64,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<Compressed> {
        let encoder = Some(Encoder::new(coding)?);
        Ok(Compressed { file, offset: 0, end, encoder, _permit: permit })
    }

    /// One chunk's work; `None` at the end. What compresses well gives many
    /// empty pieces before one that is not. A file that became shorter is an
    /// error, so that the client sees a cut body and not a wrong one.
    fn step(&mut self) -> io::Result<Option<Bytes>> {
        let Some(encoder) = &mut self.encoder else { return Ok(None) };
        if self.offset < self.end {
            let mut chunk = vec![0; (self.end - self.offset).min(CHUNK_BYTES) as usize];
            let count = self.file.read_at(&mut chunk, self.offset)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.offset += count as u64;
            encoder.write(&chunk[..count])?;
            return Ok(Some(encoder.take().into()));
        }
        let Some(encoder) = self.encoder.take() else { return Ok(None) };
        Ok(Some(encoder.finish()?.into()))
    }
}

impl Body for Compressed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.step().transpose() {
            Some(Ok(piece)) if piece.is_empty() => {
                // A large file may be hundreds of such chunks: others come first.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            piece => Poll::Ready(piece.map(|piece| piece.map(Frame::data))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{ACCEPT_ENCODING, HeaderMap};

    fn accepted(field: &'static str) -> Accepted {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(field));
        Accepted::of(&headers)
    }

    #[test]
    fn weights_and_then_our_order_decide() {
        use Coding::{Brotli, Gzip, Zstd};
        for (field, expected) in [
            ("gzip, deflate, br, zstd", &[Zstd, Brotli, Gzip][..]),
            ("gzip;q=1, br;q=0.5", &[Gzip, Brotli]),
            ("*", &[Zstd, Brotli, Gzip]),
            ("*;q=0", &[]),
            ("gzip;q=0, *", &[Zstd, Brotli]),
            ("identity, gzip;q=0.5", &[]),
            ("deflate", &[]),
            ("", &[]),
        ] {
            assert_eq!(accepted(field).codings(BY_SPEED), expected, "{field}");
        }
        assert!(accepted("identity;q=0, gzip").refuses_plain());
        assert!(!accepted("gzip").refuses_plain());
        assert!(!Accepted::of(&HeaderMap::new()).refuses_plain());
    }

    #[tokio::test]
    async fn a_large_file_leaves_others_their_turn() {
        let end = 40 * CHUNK_BYTES;
        let zeroes = File::open("/dev/zero").unwrap();
        for coding in BY_SPEED {
            let permit = Arc::new(tokio::sync::Semaphore::new(1)).acquire_owned().await.unwrap();
            let file = Arc::new(zeroes.try_clone().unwrap());
            let mut body = std::pin::pin!(Compressed::new(coding, file, end, permit).unwrap());
            let (mut turns, mut small_bytes) = (0, 0);
            loop {
                match body.as_mut().poll_frame(&mut Context::from_waker(std::task::Waker::noop())) {
                    Poll::Pending => {}
                    Poll::Ready(None) => break,
                    Poll::Ready(Some(piece)) => {
                        small_bytes += piece.unwrap().into_data().unwrap().len();
                    }
                }
                turns += 1;
            }
            assert!(turns > 40, "{coding:?}: {turns}");
            assert!(small_bytes < end as usize / 100, "{coding:?}: {small_bytes}");
        }
    }

    #[test]
    fn what_is_compressed_is_smaller() {
        let text = b"one plumb line and another ".repeat(400);
        for coding in BY_SPEED {
            let small = coding.compress(&text).unwrap();
            assert!(small.len() < text.len() / 10, "{coding:?}: {}", small.len());
            assert!(!coding.compress(b"").unwrap().is_empty());
        }
    }
}
