//! Bodies and cookies of any bytes: no panic, no loop, the same wherever they are cut.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use plumb_wire::http::body::{BodyDecoder, BodyError, Framing, Part};
use plumb_wire::http::cookie::{self, Place};
use plumb_wire::transport::socks;
use proptest::prelude::*;

/// The data of a body that comes in pieces of `step` bytes, and whether it ended.
fn read(framing: Framing, input: &[u8], step: usize) -> Result<(Vec<u8>, bool), BodyError> {
    let mut decoder = BodyDecoder::new(framing);
    let (mut data, mut waiting) = (Vec::new(), Vec::new());
    let mut pieces = input.chunks(step);
    loop {
        match decoder.next(&waiting)? {
            Part::Data(count) => {
                assert!(count > 0);
                data.extend(waiting.drain(..count));
            }
            Part::Framing(count) => {
                assert!(count > 0);
                waiting.drain(..count);
            }
            Part::End => return Ok((data, true)),
            Part::More => match pieces.next() {
                Some(piece) => waiting.extend_from_slice(piece),
                None => return Ok((data, false)),
            },
        }
    }
}

/// Bytes that often look like chunks.
fn chunky() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"0\r\n\r\n".to_vec()),
        Just(b"3\r\nabc\r\n".to_vec()),
        Just(b"a;x=y\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_body_is_the_same_wherever_it_is_cut(input in chunky(), step in 1_usize..9, length in 0_u64..64) {
        for framing in [Framing::Chunked, Framing::Length(length), Framing::UntilClose, Framing::Empty] {
            let whole = read(framing, &input, input.len().max(1));
            prop_assert_eq!(read(framing, &input, step), whole);
        }
    }

    #[test]
    fn no_cookie_and_no_proxy_makes_it_panic(line in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(set) = cookie::parse(&line) {
            let from = Place { host: "www.example.com", path: "/a/b", secure: true };
            if let Ok(cookie) = set.judge(from, 0, |domain| domain == "com") {
                prop_assert!(cookie.domain.ends_with("example.com"));
            }
        }
        if let Ok(Some((_, used))) = socks::reply(&bytes) {
            prop_assert!(used <= bytes.len());
        }
    }
}
