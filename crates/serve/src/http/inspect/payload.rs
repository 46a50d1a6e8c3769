//! Bytes of any number, with a seed, by ranges, in pieces.

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, HeaderValue, RANGE};
use serde_json::json;

use super::{DELAY_MAX, PARTS_MAX, bad_parameter, seconds_of, unpredictable};
use crate::http::asked::Asked;
use crate::http::body::Paced;
use crate::http::reply::Reply;
use crate::http::route::{READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/bytes/{}", methods: READ, handler: bytes },
    Route { path: "/stream-bytes/{}", methods: READ, handler: stream_bytes },
    Route { path: "/range/{}", methods: READ, handler: range },
    Route { path: "/base64/{}", methods: READ, handler: base64 },
    Route { path: "/uuid", methods: READ, handler: uuid },
    Route { path: "/links/{}", methods: READ, handler: links },
];

/// The largest body that a client may ask for.
const BODY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Random bytes, the same for the same `seed`.
fn bytes(asked: &Asked, _: &Shelf, count: &str) -> Reply {
    const CHUNK_BYTES: u64 = 16 * 1024;
    match random_parts(asked, count, CHUNK_BYTES) {
        Ok((count, parts)) => {
            let body = Paced::body(parts, Duration::ZERO);
            Reply::new(StatusCode::OK).with_parts("application/octet-stream", body, Some(count))
        }
        Err(reply) => reply,
    }
}

/// The same without a length, in chunks of `chunk_size`.
fn stream_bytes(asked: &Asked, _: &Shelf, count: &str) -> Reply {
    const CHUNK_BYTES: u64 = 10 * 1024;
    let size = asked.query_value("chunk_size").and_then(|size| size.parse().ok());
    match random_parts(asked, count, size.unwrap_or(CHUNK_BYTES).clamp(1, BODY_BYTES_MAX)) {
        Ok((_, parts)) => {
            let body = Paced::body(parts, Duration::ZERO);
            Reply::new(StatusCode::OK).with_parts("application/octet-stream", body, None)
        }
        Err(reply) => reply,
    }
}

fn random_parts(
    asked: &Asked,
    count: &str,
    chunk_bytes: u64,
) -> Result<(u64, impl Iterator<Item = Bytes> + Send + Unpin + use<>), Reply> {
    let Some(count) = count.parse::<u64>().ok().filter(|&count| count <= BODY_BYTES_MAX) else {
        return Err(bad_parameter("A number of bytes is from 0 to 16777216."));
    };
    let seed = asked.query_value("seed").and_then(|seed| seed.parse().ok());
    let mut random = SplitMix(seed.unwrap_or_else(|| u64::from_le_bytes(unpredictable())));
    let mut left = count;
    let parts = std::iter::from_fn(move || {
        let size = left.min(chunk_bytes);
        left -= size;
        (size > 0).then(|| random.bytes(size as usize))
    });
    Ok((count, parts))
}

/// SplitMix64: small, seeded, and good enough to be incompressible.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes(&mut self, count: usize) -> Bytes {
        let words = std::iter::repeat_with(|| self.next().to_le_bytes());
        words.flatten().take(count).collect()
    }
}

/// The most bytes of the alphabet: as httpbin has it.
const ALPHABET_BYTES_MAX: u64 = 100 * 1024;

/// The alphabet over and over, by one range where it is asked for (RFC 9110
/// section 14).
fn range(asked: &Asked, _: &Shelf, count: &str) -> Reply {
    let tag = |reply: Reply, count: u64| match HeaderValue::from_str(&format!("\"range{count}\"")) {
        Ok(tag) => reply.with(ETAG, tag).with(ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        Err(_) => reply,
    };
    let Some(count @ 1..=ALPHABET_BYTES_MAX) = count.parse().ok() else {
        let why = "The number of bytes is from 1 to 102400.";
        return Reply::error(StatusCode::NOT_FOUND, why);
    };
    let header = asked.header(RANGE);
    let Some((first, last)) = one_range(header, count) else {
        let value = HeaderValue::from_str(&format!("bytes */{count}"));
        let reply = tag(Reply::new(StatusCode::RANGE_NOT_SATISFIABLE), count);
        return value.map_or_else(|_| bad_parameter("no range"), |v| reply.with(CONTENT_RANGE, v));
    };
    let length = last - first + 1;
    let asked_size = asked.query_value("chunk_size").and_then(|size| size.parse::<u64>().ok());
    // So many chunks at most that the pauses between them stay worth setting.
    let size = asked_size.unwrap_or(10 * 1024).max(length.div_ceil(PARTS_MAX)).max(1);
    let duration = asked.query_value("duration").and_then(|text| seconds_of(&text));
    let pause = duration.unwrap_or_default().min(DELAY_MAX) / length.div_ceil(size) as u32;
    let parts = (0..length.div_ceil(size)).map(move |part| {
        let from = first + part * size;
        let to = (from + size).min(last + 1);
        (from..to).map(|at| b'a' + (at % 26) as u8).collect::<Bytes>()
    });
    let whole = length == count;
    let status = if whole { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let body = Paced::body(parts, pause);
    let reply = Reply::new(status).with_parts("application/octet-stream", body, Some(length));
    let content_range = HeaderValue::from_str(&format!("bytes {first}-{last}/{count}"));
    match content_range {
        Ok(value) if !header.is_empty() || !whole => tag(reply.with(CONTENT_RANGE, value), count),
        _ => tag(reply, count),
    }
}

/// First and last byte that a Range field asks for; all of them where there is
/// none or another unit, nothing where none of them is there.
fn one_range(header: &str, count: u64) -> Option<(u64, u64)> {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Some((0, count - 1));
    };
    match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last && first < count => {
            Some((first, last.min(count - 1)))
        }
        (Ok(first), Err(_)) if last.trim().is_empty() && first < count => Some((first, count - 1)),
        (Err(_), Ok(suffix)) if first.trim().is_empty() && suffix > 0 => {
            Some((count.saturating_sub(suffix), count - 1))
        }
        _ => None,
    }
}

fn base64(_: &Asked, _: &Shelf, text: &str) -> Reply {
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let decoded = engine.decode(text.trim_end_matches('='));
    match decoded.map(String::from_utf8) {
        Ok(Ok(text)) => Reply::text(text),
        _ => bad_parameter("This is no base64url of UTF-8; try SFRUUEJJTiBpcyBhd2Vzb21l"),
    }
}

/// Version 4, RFC 9562 section 5.4.
fn uuid(_: &Asked, _: &Shelf, _: &str) -> Reply {
    let mut bytes: [u8; 16] = unpredictable();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = |range: std::ops::Range<usize>| plumb_wire::hexadecimal(&bytes[range]);
    let text = [hex(0..4), hex(4..6), hex(6..8), hex(8..10), hex(10..16)].join("-");
    Reply::json(&json!({ "uuid": text }))
}

/// A page of links to pages like it.
fn links(_: &Asked, _: &Shelf, rest: &str) -> Reply {
    /// As httpbin has it.
    const LINKS_MAX: u32 = 200;
    let (count, offset) = rest.split_once('/').unwrap_or((rest, ""));
    let Ok(count) = count.parse::<u32>() else {
        return bad_parameter("A number of links is from 1 to 200.");
    };
    let count = count.clamp(1, LINKS_MAX);
    if offset.is_empty() {
        return Reply::redirect(StatusCode::FOUND, &format!("/links/{count}/0"));
    }
    let mut page = "<html><head><title>Links</title></head><body>".to_owned();
    for number in 0..count {
        match offset.parse() == Ok(number) {
            true => page.push_str(&format!("{number} ")),
            false => page.push_str(&format!("<a href='/links/{count}/{number}'>{number}</a> ")),
        }
    }
    Reply::html(page + "</body></html>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_first_last_open_or_suffix() {
        for (header, range) in [
            ("", Some((0, 25))),
            ("lines=1-2", Some((0, 25))),
            ("bytes=0-0", Some((0, 0))),
            ("bytes=1-100", Some((1, 25))),
            ("bytes=5-", Some((5, 25))),
            ("bytes=-5", Some((21, 25))),
            ("bytes=-100", Some((0, 25))),
            ("bytes=26-", None),
            ("bytes=5-4", None),
            ("bytes=-0", None),
            ("bytes=x-y", None),
        ] {
            assert_eq!(one_range(header, 26), range, "{header}");
        }
    }
}
