//! Characters beside their bytes, and bytes in rows.

use plumb_report::{Line, Tone};

use super::guess::spaced;

/// Bytes in a row, and in each half of it.
const ROW_BYTES: usize = 16;
const HALF_BYTES: usize = 8;
/// Rows of characters before the rest is only counted.
const CHARACTERS_MAX: usize = 256;

/// Rows of sixteen bytes with what is ASCII in them at the right.
pub(super) fn rows(bytes: &[u8]) -> Vec<Line> {
    let row = |bytes: &[u8]| {
        let (left, right) = bytes.split_at(bytes.len().min(HALF_BYTES));
        let gap = if right.is_empty() { "" } else { "  " };
        let ascii: String = bytes
            .iter()
            .map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' })
            .collect();
        Line::plain(format!("{}{gap}{}", spaced(left), spaced(right)))
            .pad_to(ROW_BYTES * 3 + 3)
            .and(Tone::Faint, ascii)
    };
    bytes.chunks(ROW_BYTES).map(row).collect()
}

/// `é  U+00E9  c3 a9`, a line for each character.
pub(super) fn characters(encoded: &[(char, Vec<u8>)]) -> Vec<Line> {
    let mut lines: Vec<Line> = encoded
        .iter()
        .take(CHARACTERS_MAX)
        .map(|(character, bytes)| {
            Line::plain("  ")
                .and(Tone::Strong, shown(*character))
                .pad_to(6)
                .and(Tone::Hint, format!("U+{:04X}", u32::from(*character)))
                .pad_to(16)
                .and(Tone::Plain, spaced(bytes))
        })
        .collect();
    if let Some(more) = encoded.len().checked_sub(CHARACTERS_MAX).filter(|more| *more > 0) {
        lines.push(Line::new().and(Tone::Faint, format!("  and {more} more")));
    }
    lines
}

/// The character itself where it has a shape of its own.
fn shown(character: char) -> String {
    match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        ' ' => "' '".to_owned(),
        '\u{feff}' => "mark".to_owned(),
        character if character.is_control() => "ctl".to_owned(),
        character => character.to_string(),
    }
}
