//! An encoding of characters: the WHATWG Encoding Standard.
//!
//! UTF-16 is encoded here, since the standard never writes it: what a page in
//! UTF-16 sends back is UTF-8.

use encoding_rs::{DecoderResult, EncoderResult, Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

/// U+FEFF, which in front says how the bytes that follow are to be read.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// How characters stand as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charset {
    encoding: &'static Encoding,
    /// Named `utf-16`, without an order of bytes: a byte-order mark says it.
    order_unsaid: bool,
}

/// A sequence of bytes that stands for no character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Characters that are told apart in what is encoded: as many as are shown.
const TOLD_APART_MAX: usize = 256;
/// Sequences whose places are kept: a large file that was taken for text has millions.
pub(super) const MALFORMED_MAX: usize = 1000;
/// Bytes of text that are decoded at once. A decoder looks at all the room it is given, so it is
/// not given that of the whole text each time that it stops.
const DECODED_BYTES: usize = 4096;
/// The longest character: an escape sequence of ISO-2022-JP with two bytes, and room to spare.
const ENCODED_BYTES: usize = 16;

/// A text as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// Characters, the mark too.
    pub(super) count: usize,
    /// The first characters, and how many bytes each became. Escape sequences count to the
    /// character that they stand before, and those at the end to the last.
    first: Vec<(char, usize)>,
}

/// A text from bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    /// With U+FFFD for each sequence that is no character.
    pub(super) text: String,
    /// Where those are; the first [`MALFORMED_MAX`] of them.
    pub(super) malformed: Vec<Malformed>,
    /// How many there are.
    pub(super) malformed_count: usize,
}

/// A character that the encoding lacks, by its place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unmappable {
    pub(super) at: usize,
    pub(super) character: char,
}

impl Charset {
    pub(super) const UTF_8: Charset = Charset::of(UTF_8);
    pub(super) const UTF_16LE: Charset = Charset::of(UTF_16LE);
    pub(super) const UTF_16BE: Charset = Charset::of(UTF_16BE);

    pub(super) const fn of(encoding: &'static Encoding) -> Charset {
        Charset { encoding, order_unsaid: false }
    }

    /// By a label of the standard; `None` for one that it does not know, and
    /// for those whose text it never decodes.
    pub(super) fn from_label(label: &str) -> Option<Charset> {
        let encoding = Encoding::for_label(label.as_bytes())?;
        let order_unsaid = encoding == UTF_16LE && label.trim().eq_ignore_ascii_case("utf-16");
        (encoding != REPLACEMENT).then_some(Charset { encoding, order_unsaid })
    }

    pub(super) fn name(self) -> &'static str {
        if self.order_unsaid { "UTF-16" } else { self.encoding.name() }
    }

    /// The bytes with which a text says that it is in this encoding.
    pub(super) fn byte_order_mark(self) -> &'static [u8] {
        match self.encoding {
            encoding if encoding == UTF_8 => &[0xef, 0xbb, 0xbf],
            encoding if encoding == UTF_16LE => &[0xff, 0xfe],
            encoding if encoding == UTF_16BE => &[0xfe, 0xff],
            _ => &[],
        }
    }

    /// Whether a text in this encoding has to begin with a mark.
    pub(super) fn wants_mark(self) -> bool {
        self.order_unsaid
    }

    /// The encoding that the mark at the start of `bytes` names.
    pub(super) fn of_mark(bytes: &[u8]) -> Option<Charset> {
        Encoding::for_bom(bytes).map(|(encoding, _)| Charset::of(encoding))
    }

    /// This encoding where it says everything; else the one that the mark of
    /// `bytes` names.
    pub(super) fn ordered_by(self, bytes: &[u8]) -> Charset {
        let marked = Charset::of_mark(bytes).filter(|marked| *marked != Charset::UTF_8);
        if self.order_unsaid { marked.unwrap_or(Charset::UTF_16LE) } else { self }
    }

    /// The bytes of a text.
    pub(super) fn encode(self, text: &str) -> Result<Encoded, Unmappable> {
        let mut encoded = Encoded::default();
        if self.encoding == UTF_16LE || self.encoding == UTF_16BE {
            text.chars().for_each(|character| encoded.add(character, &self.utf_16(character)));
            return Ok(encoded);
        }
        let mut encoder = self.encoding.new_encoder();
        let mut bytes = Vec::with_capacity(ENCODED_BYTES);
        for (at, character) in text.char_indices() {
            let mut utf_8 = [0; 4];
            let source = character.encode_utf8(&mut utf_8);
            bytes.clear();
            let (result, _) =
                encoder.encode_from_utf8_to_vec_without_replacement(source, &mut bytes, false);
            if let EncoderResult::Unmappable(character) = result {
                return Err(Unmappable { at, character });
            }
            encoded.add(character, &bytes);
        }
        bytes.clear();
        // Nothing but an escape sequence can be left, and it fits.
        let _ = encoder.encode_from_utf8_to_vec_without_replacement("", &mut bytes, true);
        encoded.add_to_last(&bytes);
        Ok(encoded)
    }

    fn utf_16(self, character: char) -> Vec<u8> {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units).iter();
        match self.encoding == UTF_16BE {
            true => units.flat_map(|unit| unit.to_be_bytes()).collect(),
            false => units.flat_map(|unit| unit.to_le_bytes()).collect(),
        }
    }

    /// The text that bytes are. A mark at the start is a character like others here.
    pub(super) fn decode(self, bytes: &[u8]) -> Decoded {
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let mut decoded = Decoded::default();
        let mut piece = String::with_capacity(DECODED_BYTES);
        let mut position = 0;
        loop {
            piece.clear();
            let (result, read) =
                decoder.decode_to_string_without_replacement(&bytes[position..], &mut piece, true);
            decoded.text.push_str(&piece);
            position += read;
            match result {
                DecoderResult::InputEmpty => return decoded,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    let end = position.saturating_sub(usize::from(after));
                    let start = end.saturating_sub(usize::from(length));
                    decoded.text.push(char::REPLACEMENT_CHARACTER);
                    decoded.malformed_count += 1;
                    if decoded.malformed.len() < MALFORMED_MAX {
                        decoded.malformed.push(Malformed { start, end });
                    }
                }
            }
        }
    }
}

impl Encoded {
    fn add(&mut self, character: char, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.count < TOLD_APART_MAX {
            self.first.push((character, bytes.len()));
        }
        self.count += 1;
    }

    fn add_to_last(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.count <= TOLD_APART_MAX
            && let Some((_, length)) = self.first.last_mut()
        {
            *length += bytes.len();
        }
    }

    /// The same behind a byte-order mark.
    pub(super) fn behind_mark(mut self, mark: &[u8]) -> Encoded {
        self.bytes.splice(..0, mark.iter().copied());
        self.first.insert(0, (BYTE_ORDER_MARK, mark.len()));
        self.count += 1;
        self
    }

    /// The first characters, each with its bytes.
    pub(super) fn characters(&self) -> impl Iterator<Item = (char, &[u8])> {
        let mut rest = &self.bytes[..];
        self.first.iter().map_while(move |(character, length)| {
            let (bytes, behind) = rest.split_at_checked(*length)?;
            rest = behind;
            Some((*character, bytes))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_their_bytes_beyond_what_is_told_apart() {
        let japanese = Charset::from_label("iso-2022-jp").unwrap();
        let encoded = japanese.encode("aこ").unwrap();
        let characters: Vec<_> = encoded.characters().collect();
        assert_eq!(characters, [('a', &b"a"[..]), ('こ', &b"\x1b$B$3\x1b(B"[..])]);
        let text = "é".repeat(TOLD_APART_MAX + 1);
        let encoded = Charset::UTF_8.encode(&text).unwrap();
        assert_eq!(encoded.bytes, text.as_bytes());
        assert_eq!((encoded.count, encoded.characters().count()), (257, 256));
    }

    #[test]
    fn each_sequence_is_replaced_and_the_first_are_placed() {
        let bytes = b"\xffa".repeat(MALFORMED_MAX + 1);
        let decoded = Charset::UTF_8.decode(&bytes);
        assert_eq!(decoded.text, "\u{fffd}a".repeat(MALFORMED_MAX + 1));
        assert_eq!((decoded.malformed_count, decoded.malformed.len()), (1001, 1000));
        assert_eq!(decoded.malformed[999], Malformed { start: 1998, end: 1999 });
    }
}
