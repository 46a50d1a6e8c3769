//! Response bodies: read within bounds, decoded to see whether they are what
//! they claim.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use crate::decode::Decoder;

/// Bytes of a body that are kept for the next step (a redirect's page, an
/// expectation); beyond it they are only counted.
const KEPT_MAX_BYTES: usize = 1 << 20;

/// Decoded bytes beyond which a body is no longer decoded: a hostile gzip
/// swells a thousandfold.
const DECODED_MAX_BYTES: u64 = 256 << 20;

/// The bytes of a body as they come.
pub(crate) struct Reader {
    pub(crate) received_bytes: u64,
    pub(crate) declared_bytes: Option<u64>,
    pub(crate) encoding: Option<String>,
    raw: BytesMut,
    /// Nothing where the body is not encoded, or in a way that is not checked
    /// here, or holds more than is decoded.
    decoder: Option<Decoder<Sink>>,
    error: Option<String>,
}

/// What was decoded: counted, the beginning kept.
#[derive(Default)]
struct Sink {
    kept: BytesMut,
    decoded_bytes: u64,
    /// More came than is decoded.
    full: bool,
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.decoded_bytes += buf.len() as u64;
        if self.decoded_bytes > DECODED_MAX_BYTES {
            self.full = true;
            return Err(io::Error::other("it decodes to more than is read"));
        }
        let room = KEPT_MAX_BYTES - self.kept.len();
        self.kept.extend_from_slice(&buf[..buf.len().min(room)]);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a body was.
#[derive(Debug)]
pub(crate) struct Read {
    /// Decoded, if it could be; the beginning.
    pub(crate) kept: Bytes,
    pub(crate) decoded_bytes: Option<u64>,
    pub(crate) encoding_error: Option<String>,
}

impl Reader {
    pub(crate) fn new(headers: &HeaderMap) -> Reader {
        let text =
            |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let encoding = text(CONTENT_ENCODING)
            .map(|value| value.trim().to_ascii_lowercase())
            .filter(|value| !value.is_empty() && value != "identity");
        let decoder = encoding.as_deref().and_then(|name| Decoder::of(name, Sink::default()).ok());
        Reader {
            received_bytes: 0,
            declared_bytes: text(CONTENT_LENGTH).and_then(|value| value.trim().parse().ok()),
            encoding,
            raw: BytesMut::new(),
            decoder,
            error: None,
        }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, data: &[u8]) {
        self.received_bytes += data.len() as u64;
        let room = KEPT_MAX_BYTES - self.raw.len();
        self.raw.extend_from_slice(&data[..data.len().min(room)]);
        if self.error.is_none()
            && let Err(error) = self.decode(data)
        {
            self.failed(&error);
        }
    }

    fn failed(&mut self, error: &io::Error) {
        if self.decoder.as_ref().is_some_and(|decoder| decoder.sink().full) {
            // As encoded as it says, as far as anybody looked.
            self.decoder = None;
        } else {
            self.error = Some(error.to_string());
        }
    }

    fn decode(&mut self, data: &[u8]) -> io::Result<()> {
        self.decoder.as_mut().map_or(Ok(()), |decoder| decoder.write_all(data))
    }

    /// What the body was, `complete` if all of it came.
    pub(crate) fn finish(mut self, complete: bool) -> Read {
        let empty = self.received_bytes == 0;
        let raw = std::mem::take(&mut self.raw).freeze();
        // The end of an encoding can only be missed in a whole body.
        let check = complete && !empty && self.error.is_none();
        let ended = match &mut self.decoder {
            Some(decoder) if check => decoder.finish(),
            _ => Ok(()),
        };
        if let Err(error) = ended {
            self.failed(&error);
        }
        let encoding_error = self.error.take();
        if self.encoding.is_none() {
            let decoded_bytes = Some(self.received_bytes);
            return Read { kept: raw, decoded_bytes, encoding_error };
        }
        match self.decoder.as_ref().map(Decoder::sink).filter(|_| encoding_error.is_none()) {
            Some(sink) => Read {
                kept: sink.kept.clone().freeze(),
                decoded_bytes: Some(sink.decoded_bytes),
                encoding_error,
            },
            None => Read { kept: raw, decoded_bytes: None, encoding_error },
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn read(encoding: &'static str, body: &[u8], complete: bool) -> Read {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static(encoding));
        let mut reader = Reader::new(&headers);
        // One byte at a time: every boundary is crossed.
        body.chunks(1).for_each(|chunk| reader.push(chunk));
        reader.finish(complete)
    }

    #[test]
    fn what_is_encoded_as_it_says_is_decoded() {
        let text = b"the quick brown fox".repeat(50);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).unwrap();
        let zlib = zlib.finish().unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(&text).unwrap();
        let raw = raw.finish().unwrap();
        for (encoding, body) in
            [("gzip", &gzip), ("x-gzip", &gzip), ("deflate", &zlib), ("deflate", &raw)]
        {
            let read = read(encoding, body, true);
            assert_eq!(read.encoding_error, None, "{encoding}");
            assert_eq!(read.kept, text);
            assert_eq!(read.decoded_bytes, Some(text.len() as u64));
        }
        // Cut, but known to be cut: that is the end's fault, not the encoding's.
        assert_eq!(read("gzip", &gzip[..gzip.len() - 9], false).encoding_error, None);
        assert!(read("gzip", &gzip[..gzip.len() - 9], true).encoding_error.is_some());
    }

    #[test]
    fn more_than_is_kept_is_still_counted() {
        for extra in [0, 1] {
            let mut reader = Reader::new(&HeaderMap::new());
            let size = KEPT_MAX_BYTES + extra;
            reader.push(&vec![b'x'; size]);
            let read = reader.finish(true);
            assert_eq!(read.kept.len(), KEPT_MAX_BYTES);
            assert_eq!(read.decoded_bytes, Some(size as u64));
        }
    }

    #[test]
    fn a_bomb_is_not_decoded_to_its_end() {
        let mut sink = Sink { decoded_bytes: DECODED_MAX_BYTES - 1, ..Sink::default() };
        assert!(sink.write(b"x").is_ok());
        assert!(sink.write(b"x").is_err());
        // It is no less gzip for that.
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(b"xyz").unwrap();
        let nearly = Sink { decoded_bytes: DECODED_MAX_BYTES - 1, ..Sink::default() };
        let mut reader = Reader::new(&HeaderMap::new());
        reader.encoding = Some("gzip".to_owned());
        reader.decoder = Decoder::of("gzip", nearly).ok();
        reader.push(&gzip.finish().unwrap());
        let read = reader.finish(true);
        assert_eq!((read.encoding_error, read.decoded_bytes), (None, None));
    }

    #[test]
    fn what_is_not_what_it_says_is_told() {
        for encoding in ["gzip", "deflate", "br", "zstd"] {
            let seen = read(encoding, b"<!doctype html><title>no</title>", true);
            assert!(seen.encoding_error.is_some(), "{encoding}");
            assert_eq!(seen.decoded_bytes, None);
            assert!(seen.kept.starts_with(b"<!doctype"));
        }
        assert_eq!(read("gzip", b"", true).encoding_error, None);
        assert_eq!(read("compress", b"anything", true).encoding_error, None);
        assert_eq!(read("compress", b"anything", true).decoded_bytes, None);
        assert_eq!(read("identity", b"plain", true).decoded_bytes, Some(5));
    }
}
