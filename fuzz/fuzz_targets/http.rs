//! What HTTP peers send: heads, bodies in their framing, cookies, HTTP/2 frame headers; of
//! requests also paths, ranges, conditions, what is accepted, and forms.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::http::body::{BodyDecoder, Framing, Part};
use plumb_wire::http::cookie::{self, Place};
use plumb_wire::http::field_section::FieldSections;
use plumb_wire::http::frame::{self, FrameHeader};
use plumb_wire::http::path::Segments;
use plumb_wire::http::range::{self, Selected};
use plumb_wire::http::validator::{self, Comparison, EntityTag};
use plumb_wire::http::{Head, accept, multipart, response};

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
    asked_of_files(bytes);
    for piece in [1, 7, bytes.len().max(1)] {
        form(bytes, piece);
    }
    let mut sections = [FieldSections::default(), FieldSections::default()];
    sections[0].take(bytes);
    bytes.iter().for_each(|byte| sections[1].take(std::slice::from_ref(byte)));
    assert_eq!(sections[0], sections[1]);
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

/// What a server of files reads of a request.
fn asked_of_files(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(path) = Segments::parse(text)
    {
        let plain = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/');
        assert!(path.names().iter().all(|name| plain(name)));
        assert_eq!(Segments::parse(&path.encoded()), Ok(path));
    }
    for size_bytes in [0, 1, 1000, u64::MAX] {
        if let Selected::Parts(parts) = range::select(bytes, size_bytes) {
            assert!(parts.iter().all(|part| part.start < part.end && part.end <= size_bytes));
        }
    }
    let current = EntityTag { weak: false, opaque: b"a" };
    let weak = validator::names(bytes, Some(&current), Comparison::Weak);
    assert!(weak || !validator::names(bytes, Some(&current), Comparison::Strong));
    assert!(accept::coding_weight(bytes, "gzip") <= accept::WEIGHT_MAX);
    assert!(accept::media_weight(bytes, "text/html") <= accept::WEIGHT_MAX);
}

/// A form that comes in pieces: its content is never more than what came.
fn form(bytes: &[u8], piece: usize) {
    let _ = multipart::Decoder::new(bytes);
    let Ok(mut decoder) = multipart::Decoder::new(b"multipart/form-data; boundary=x") else {
        return;
    };
    let mut content = 0;
    for bytes in bytes.chunks(piece) {
        decoder.feed(bytes);
        while let Ok(Some(event)) = decoder.next_event() {
            if let multipart::Event::Data(data) = event {
                assert!(!data.is_empty());
                content += data.len();
            }
        }
    }
    assert!(content <= bytes.len());
}
