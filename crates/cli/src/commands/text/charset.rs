//! An encoding of characters: the WHATWG Encoding Standard.
//!
//! UTF-16 is encoded here, since the standard never writes it: what a page in
//! UTF-16 sends back is UTF-8.

use encoding_rs::{DecoderResult, EncoderResult, Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

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

/// A character and the bytes that it became.
pub(super) type Encoded = (char, Vec<u8>);

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

    /// Each character with its bytes; escape sequences count to the character
    /// that they stand before, and those at the end to the last.
    pub(super) fn encode(self, text: &str) -> Result<Vec<Encoded>, Unmappable> {
        if self.encoding == UTF_16LE || self.encoding == UTF_16BE {
            return Ok(text.chars().map(|character| (character, self.utf_16(character))).collect());
        }
        let mut encoder = self.encoding.new_encoder();
        let mut all: Vec<Encoded> = Vec::new();
        for (at, character) in text.char_indices() {
            let mut utf_8 = [0; 4];
            let source = character.encode_utf8(&mut utf_8);
            // The longest is an escape sequence of ISO-2022-JP with two bytes.
            let mut bytes = Vec::with_capacity(16);
            let (result, _) =
                encoder.encode_from_utf8_to_vec_without_replacement(source, &mut bytes, false);
            if let EncoderResult::Unmappable(character) = result {
                return Err(Unmappable { at, character });
            }
            all.push((character, bytes));
        }
        let mut rest = Vec::with_capacity(16);
        // Nothing but an escape sequence can be left, and it fits.
        let _ = encoder.encode_from_utf8_to_vec_without_replacement("", &mut rest, true);
        if let Some((_, bytes)) = all.last_mut() {
            bytes.extend(rest);
        }
        Ok(all)
    }

    fn utf_16(self, character: char) -> Vec<u8> {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units).iter();
        match self.encoding == UTF_16BE {
            true => units.flat_map(|unit| unit.to_be_bytes()).collect(),
            false => units.flat_map(|unit| unit.to_le_bytes()).collect(),
        }
    }

    /// The characters, U+FFFD for each sequence that is none, and where those
    /// were. A mark at the start is a character like others here.
    pub(super) fn decode(self, bytes: &[u8]) -> (String, Vec<Malformed>) {
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let mut text = String::new();
        let mut malformed = Vec::new();
        let mut position = 0;
        loop {
            let rest = &bytes[position..];
            let needed = decoder.max_utf8_buffer_length_without_replacement(rest.len());
            text.reserve(needed.unwrap_or(rest.len()).max(16));
            let (result, read) =
                decoder.decode_to_string_without_replacement(rest, &mut text, true);
            position += read;
            match result {
                DecoderResult::InputEmpty => return (text, malformed),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    let end = position.saturating_sub(usize::from(after));
                    let start = end.saturating_sub(usize::from(length));
                    malformed.push(Malformed { start, end });
                    text.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }
}
