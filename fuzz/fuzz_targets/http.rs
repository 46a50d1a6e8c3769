//! What HTTP peers send: heads, bodies in their framing, cookies, HTTP/2 frame headers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::http::body::{BodyDecoder, Framing, Part};
use plumb_wire::http::cookie::{self, Place};
use plumb_wire::http::frame::{self, FrameHeader};
use plumb_wire::http::{Head, response};

fuzz_target!(|bytes: &[u8]| {
    plumb_fuzz::identity::<Head>(bytes);
    if let Ok(Some((head, used))) = Head::read(bytes) {
        let framing = response::framing(&head, b"GET").map_or(Framing::UntilClose, |f| f.framing);
        whole(framing, &bytes[used..]);
    }
    for framing in [Framing::Chunked, Framing::Length(7)] {
        whole(framing, bytes);
    }
    if let Ok(line) = std::str::from_utf8(bytes)
        && let Ok(set) = cookie::parse(line)
    {
        let from = Place { host: "www.example.com", path: "/", secure: true };
        let _ = set.judge(from, 0, |domain| domain == "com");
    }
    if let Ok(field) = std::str::from_utf8(bytes) {
        let _ = plumb_wire::http::auth::Auth::challenges(field);
    }
    if let Some(header) = FrameHeader::read(bytes) {
        let _ = frame::describe(&header, &bytes[frame::HEADER_BYTES..]);
    }
});

/// The parts of a body are never more than there is, and it comes to an end.
fn whole(framing: Framing, mut input: &[u8]) {
    let mut decoder = BodyDecoder::new(framing);
    while let Ok(Part::Data(count) | Part::Framing(count)) = decoder.next(input) {
        assert!(count > 0 && count <= input.len());
        input = &input[count..];
    }
}
