//! URLs: the parts stay in order and within the text, decoding never grows it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::http::url::{Parts, decode, pairs};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for parts in [Some(Parts::rfc3986(text)), Parts::whatwg(text)].into_iter().flatten() {
        let mut end = 0;
        for (_, range) in parts.named() {
            assert!(range.start >= end && text.get(range.clone()).is_some());
            end = range.end;
        }
    }
    assert!(decode(text).bytes.len() <= text.len());
    pairs(text);
});
