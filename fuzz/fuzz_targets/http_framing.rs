//! What HTTP/1 clients send: one judgement, however it is cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::http::framing::{FramingLimits, Piece, RequestFraming, Rule};

/// What is to be the same for every way in which the input may come.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judgement {
    requests: usize,
    content_bytes: usize,
    framing_bytes: usize,
    broken: Option<Rule>,
}

/// Judges `input`, which comes `step` bytes at a time.
fn judge(input: &[u8], step: usize) -> Judgement {
    let mut framing = RequestFraming::new(FramingLimits::default());
    let mut judgement = Judgement::default();
    let (mut at, mut known) = (0, 0);
    loop {
        match framing.next(&input[at..known]) {
            Err(rule) => {
                assert_eq!(framing.next(&input[at..known]), Err(rule));
                return Judgement { broken: Some(rule), ..judgement };
            }
            Ok(Piece::More) if known == input.len() => return judgement,
            Ok(Piece::More) => known = input.len().min(known + step),
            Ok(Piece::End) => judgement.requests += 1,
            Ok(Piece::Content(bytes)) => {
                assert!(bytes > 0);
                judgement.content_bytes += bytes;
                at += bytes;
            }
            Ok(Piece::Blank(bytes) | Piece::Head(bytes, _) | Piece::Framing(bytes)) => {
                assert!(bytes > 0);
                judgement.framing_bytes += bytes;
                at += bytes;
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let whole = judge(bytes, bytes.len().max(1));
    for step in [1, 7] {
        assert_eq!(judge(bytes, step), whole);
    }
});
