//! Content encodings, RFC 9110 section 8.4.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};

use super::asked::Asked;
use super::reply::{Content, Reply};

/// Below this, a compressed page needs as many packets as a plain one.
const WORTH_COMPRESSING_BYTES: usize = 1024;

/// `bytes` in gzip, RFC 1952.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into a Vec cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// `bytes` in the zlib format, which HTTP calls deflate, RFC 1950.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Compresses a page that is worth it for a client that wants it.
pub(super) fn negotiate(asked: &Asked, mut reply: Reply) -> Reply {
    let Content::Whole(bytes) = &reply.content else { return reply };
    if bytes.len() < WORTH_COMPRESSING_BYTES {
        return reply;
    }
    if accepts_gzip(asked.header(ACCEPT_ENCODING)) {
        reply.content = Content::Whole(Bytes::from(gzip(bytes)));
        reply = reply.with(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    reply.with(VARY, HeaderValue::from_static("Accept-Encoding"))
}

/// Says gzip, and sends the plain bytes.
pub(super) fn corrupt(mut reply: Reply) -> Reply {
    reply.headers.retain(|(name, _)| name != CONTENT_ENCODING);
    reply.with(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
}

/// Whether the header allows gzip, RFC 9110 section 12.5.3. No header would
/// allow everything; a client that did not ask gets it plain all the same.
fn accepts_gzip(header: &str) -> bool {
    let mut any = false;
    for part in header.split(',') {
        let (coding, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameters.trim().strip_prefix("q=").map(str::trim);
        let accepted = weight.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0));
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => return accepted,
            "*" => any = accepted,
            _ => {}
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_decide() {
        for yes in ["gzip", "deflate, gzip, br", "GZIP;q=0.5", "*", "br;q=1, *;q=0.1"] {
            assert!(accepts_gzip(yes), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "*, gzip;q=0.0", "br"] {
            assert!(!accepts_gzip(no), "{no}");
        }
    }

    #[test]
    fn what_is_compressed_can_be_read() {
        use std::io::Read;
        let text = b"plumb ".repeat(300);
        let mut read = Vec::new();
        flate2::read::GzDecoder::new(&gzip(&text)[..]).read_to_end(&mut read).unwrap();
        assert_eq!(read, text);
        read.clear();
        flate2::read::ZlibDecoder::new(&deflate(&text)[..]).read_to_end(&mut read).unwrap();
        assert_eq!(read, text);
    }
}
