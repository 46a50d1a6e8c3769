//! Content encodings undone while they come (RFC 9110 section 8.4).

use std::io::{self, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// What one decoder of `br` keeps of what it wrote.
const BROTLI_BUFFER_BYTES: usize = 64 << 10;

/// Encodings of one body; servers apply one.
const LAYERS_MAX: usize = 4;

/// Takes encoded bytes and writes decoded ones to a sink, as they come: the
/// memory it takes does not grow with the body.
pub struct Decoder<W: Write>(Kind<W>);

impl<W: Write> std::fmt::Debug for Decoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoder")
    }
}

enum Kind<W: Write> {
    Gzip(Box<MultiGzDecoder<W>>),
    /// `deflate` before its first two bytes: in practice it is zlib's format
    /// (RFC 9110 section 8.4.1.2) or, wrongly, without its header.
    Undecided(Vec<u8>, Option<W>),
    Zlib(Box<ZlibDecoder<W>>),
    Deflate(Box<DeflateDecoder<W>>),
    Brotli(Box<brotli::DecompressorWriter<W>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, W>>, bool),
}

/// An encoding that nobody here can undo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the content encoding {0:?} is not known")]
pub struct Unknown(pub String);

impl<W: Write> Decoder<W> {
    /// For one encoding by its registered name, in lower case.
    pub fn of(name: &str, sink: W) -> Result<Decoder<W>, Unknown> {
        let kind = match name {
            "gzip" | "x-gzip" => Kind::Gzip(Box::new(MultiGzDecoder::new(sink))),
            "deflate" => Kind::Undecided(Vec::new(), Some(sink)),
            "br" => {
                Kind::Brotli(Box::new(brotli::DecompressorWriter::new(sink, BROTLI_BUFFER_BYTES)))
            }
            "zstd" => match zstd::stream::write::Decoder::new(sink) {
                Ok(decoder) => Kind::Zstd(Box::new(decoder), false),
                Err(_) => return Err(Unknown(name.to_owned())),
            },
            _ => return Err(Unknown(name.to_owned())),
        };
        Ok(Decoder(kind))
    }

    /// Where the decoded bytes go.
    pub fn sink(&self) -> &W {
        match &self.0 {
            Kind::Gzip(decoder) => decoder.get_ref(),
            Kind::Zlib(decoder) => decoder.get_ref(),
            Kind::Deflate(decoder) => decoder.get_ref(),
            Kind::Brotli(decoder) => decoder.get_ref(),
            Kind::Zstd(decoder, _) => decoder.get_ref(),
            Kind::Undecided(_, Some(sink)) => sink,
            // The sink moves on with the first two bytes, in one step.
            Kind::Undecided(_, None) => unreachable!("an undecided decoder has its sink"),
        }
    }

    /// Says that no more comes; an error if the encoding has not ended.
    pub fn finish(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Undecided(..) => Err(io::Error::other("it is too short")),
            Kind::Gzip(decoder) => decoder.try_finish(),
            Kind::Zlib(decoder) => decoder.try_finish(),
            Kind::Deflate(decoder) => decoder.try_finish(),
            Kind::Brotli(decoder) => decoder.close(),
            Kind::Zstd(decoder, begun) => {
                decoder.flush()?;
                // An empty body holds no frame.
                if *begun { Ok(()) } else { Err(io::Error::other("it is too short")) }
            }
        }
    }

    fn decide(&mut self, data: &[u8]) -> io::Result<()> {
        let Kind::Undecided(begun, sink) = &mut self.0 else { return Ok(()) };
        begun.extend_from_slice(data);
        let &[first, second, ..] = begun.as_slice() else { return Ok(()) };
        // RFC 1950 section 2.2: method 8 and a checksum of the header.
        let is_zlib = first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31);
        let begun = std::mem::take(begun);
        let Some(sink) = sink.take() else { return Err(io::Error::other("it has no sink")) };
        self.0 = if is_zlib {
            Kind::Zlib(Box::new(ZlibDecoder::new(sink)))
        } else {
            Kind::Deflate(Box::new(DeflateDecoder::new(sink)))
        };
        self.write_all(&begun)
    }
}

impl<W: Write> Write for Decoder<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Undecided(..) => self.decide(data)?,
            Kind::Gzip(decoder) => decoder.write_all(data)?,
            Kind::Zlib(decoder) => decoder.write_all(data)?,
            Kind::Deflate(decoder) => decoder.write_all(data)?,
            Kind::Brotli(decoder) => decoder.write_all(data)?,
            Kind::Zstd(decoder, begun) => {
                *begun |= !data.is_empty();
                decoder.write_all(data)?;
            }
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Undecided(..) => Ok(()),
            Kind::Gzip(decoder) => decoder.flush(),
            Kind::Zlib(decoder) => decoder.flush(),
            Kind::Deflate(decoder) => decoder.flush(),
            Kind::Brotli(decoder) => decoder.flush(),
            Kind::Zstd(decoder, _) => decoder.flush(),
        }
    }
}

/// The encodings of a `Content-Encoding` value in the order in which they were
/// applied; `identity` is none.
pub fn names(value: &str) -> Result<Vec<String>, Unknown> {
    let all = value.split(',').map(|name| name.trim().to_ascii_lowercase());
    let names: Vec<String> = all.filter(|name| !name.is_empty() && name != "identity").collect();
    if names.len() > LAYERS_MAX { Err(Unknown(value.to_owned())) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undo(name: &str, data: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let mut decoder = Decoder::of(name, Vec::new()).map_err(io::Error::other)?;
        for piece in data.chunks(step) {
            decoder.write_all(piece)?;
        }
        decoder.finish()?;
        Ok(decoder.sink().clone())
    }

    #[test]
    fn what_was_encoded_comes_out_wherever_it_is_cut() {
        let text = b"to be or not to be ".repeat(500);
        let mut br = Vec::new();
        brotli::CompressorWriter::new(&mut br, 4096, 5, 20).write_all(&text).unwrap();
        let zstd = zstd::encode_all(&text[..], 3).unwrap();
        for (name, data) in [("br", &br), ("zstd", &zstd)] {
            for step in [1, 7, 100_000] {
                assert_eq!(undo(name, data, step).unwrap(), text, "{name} by {step}");
            }
            assert!(undo(name, b"<!doctype html>", 4).is_err(), "{name}");
        }
        assert!(undo("br", &br[..br.len() - 1], 1).is_err());
        assert!(undo("compress", b"", 1).is_err());
    }

    #[test]
    fn lists_of_encodings_are_read() {
        assert_eq!(names("gzip, identity , BR").unwrap(), ["gzip", "br"]);
        assert_eq!(names("").unwrap(), [""; 0]);
        assert!(names("a,b,c,d").is_ok() && names("a,b,c,d,e").is_err());
    }
}
