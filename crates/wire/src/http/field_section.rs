//! Where the field sections of HTTP/2 requests begin and end, RFC 9113 section 4.3.

use super::frame::{FrameHeader, HEADER_BYTES, PREFACE};

/// What a client sends, as far as it tells whether a field section is whole: it
/// comes in one HEADERS frame and any number of CONTINUATION frames, RFC 9113
/// section 4.3. It keeps no more than the header of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSections {
    header: [u8; HEADER_BYTES],
    header_bytes: usize,
    /// Of the preface or a frame's payload.
    rest_bytes: u32,
    /// Whether the section ends with this frame.
    is_last: bool,
    begun: u64,
    is_open: bool,
}

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 0x4;

impl Default for FieldSections {
    fn default() -> Self {
        FieldSections {
            header: [0; HEADER_BYTES],
            header_bytes: 0,
            rest_bytes: PREFACE.len() as u32,
            is_last: false,
            begun: 0,
            is_open: false,
        }
    }
}

impl FieldSections {
    /// The number, from 1, of the section that has begun and not ended.
    pub fn open(&self) -> Option<u64> {
        self.is_open.then_some(self.begun)
    }

    /// Takes what came, in whatever pieces.
    pub fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let rest_bytes = usize::try_from(self.rest_bytes).unwrap_or(usize::MAX);
            if rest_bytes > 0 {
                let count = rest_bytes.min(bytes.len());
                self.rest_bytes -= count as u32;
                bytes = &bytes[count..];
            } else {
                let count = (HEADER_BYTES - self.header_bytes).min(bytes.len());
                let (front, behind) = bytes.split_at(count);
                self.header[self.header_bytes..][..count].copy_from_slice(front);
                self.header_bytes += count;
                bytes = behind;
                if self.header_bytes == HEADER_BYTES {
                    self.header_bytes = 0;
                    self.begin(FrameHeader::read(&self.header));
                }
            }
            if self.rest_bytes == 0 && self.is_last {
                (self.is_open, self.is_last) = (false, false);
            }
        }
    }

    fn begin(&mut self, frame: Option<FrameHeader>) {
        let Some(frame) = frame else { return };
        self.rest_bytes = frame.length_bytes;
        if frame.kind == HEADERS {
            self.begun += 1;
            self.is_open = true;
        }
        self.is_last =
            matches!(frame.kind, HEADERS | CONTINUATION) && frame.flags & END_HEADERS != 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length_bytes = (payload.len() as u32).to_be_bytes();
        [&length_bytes[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    #[test]
    fn a_field_section_is_open_until_its_last_byte() {
        let settings = frame(4, 0, &[]);
        let (whole, empty) = (frame(HEADERS, 0x5, b"abc"), frame(HEADERS, 0x5, b""));
        let (begun, ended) = (frame(HEADERS, 0x1, b"ab"), frame(CONTINUATION, 0x4, b"c"));
        let more = frame(CONTINUATION, 0, b"");
        let data = frame(0, 0x4, b"as END_HEADERS has no meaning here");
        let parts = [PREFACE, &settings, &whole, &data, &empty, &begun, &more, &ended];
        let input = parts.concat();
        let at = |count: usize| parts[..count].iter().map(|part| part.len()).sum::<usize>();
        for piece in 1..=input.len() {
            let mut sections = FieldSections::default();
            let mut seen = 0;
            for bytes in input.chunks(piece) {
                sections.take(bytes);
                seen += bytes.len();
                let wanted = match seen {
                    seen if seen >= at(2) + HEADER_BYTES && seen < at(3) => Some(1),
                    seen if seen >= at(5) + HEADER_BYTES && seen < at(8) => Some(3),
                    _ => None,
                };
                assert_eq!(sections.open(), wanted, "{seen} in pieces of {piece}");
            }
        }
    }
}
