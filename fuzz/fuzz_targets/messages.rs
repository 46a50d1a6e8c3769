//! Messages on a stream: however it comes in pieces, the messages are the same.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use plumb_wire::transport::message::{Framing, LengthWidth, Splitter, TooLong};

const MESSAGE_BYTES_MAX: usize = 64;

fuzz_target!(|input: (u8, u8, Vec<u8>)| {
    let (kind, piece, bytes) = input;
    let framing = match kind % 5 {
        0 => Framing::Line,
        1 => Framing::Length(LengthWidth::One),
        2 => Framing::Length(LengthWidth::Two),
        3 => Framing::Length(LengthWidth::Four),
        _ => Framing::Delimiter(vec![b'<'; usize::from(kind / 5 % 3)]),
    };
    let split = |piece: usize| {
        let mut splitter = Splitter::default();
        let mut wire = Vec::new();
        for part in bytes.chunks(piece) {
            let fed: Result<ControlFlow<()>, TooLong> =
                splitter.feed(&framing, MESSAGE_BYTES_MAX, part, |message| {
                    assert!(message.bytes.len() <= MESSAGE_BYTES_MAX);
                    framing.put(message.bytes, Some(message.end), &mut wire).unwrap();
                    ControlFlow::Continue(())
                });
            if fed.is_err() {
                return (wire, true);
            }
        }
        wire.extend_from_slice(splitter.rest());
        (wire, false)
    };
    let (whole, failed) = split(bytes.len().max(1));
    // What was split is what came, as far as it was split.
    assert!(bytes.starts_with(&whole) && (failed || whole == bytes));
    let (pieces, pieces_failed) = split(usize::from(piece).max(1));
    assert!(bytes.starts_with(&pieces) && pieces_failed == failed);
});
