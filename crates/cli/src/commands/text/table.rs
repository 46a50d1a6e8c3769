//! Characters beside their bytes, and bytes in rows.

use plumb_report::{Line, Tone};

use super::charset::{BYTE_ORDER_MARK, Encoded};
use super::guess::spaced;
use crate::error::CommandError;

/// Bytes in a row, and in each half of it.
const ROW_BYTES: usize = 16;
const HALF_BYTES: usize = 8;

/// Rows that are made at once: of a large file they take many times its size.
const ROWS_MAX: usize = 4096;

/// Hands over [`rows`] of all the bytes, so many at a time that they take little room.
pub(super) fn each_piece(
    bytes: &[u8],
    mut with: impl FnMut(&[Line]) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    bytes.chunks(ROW_BYTES * ROWS_MAX).try_for_each(|piece| with(&rows(piece)))
}

/// Rows of sixteen bytes with what is ASCII in them at the right.
fn rows(bytes: &[u8]) -> Vec<Line> {
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

/// `é  U+00E9  c3 a9`, a line for each of the first characters.
pub(super) fn characters(encoded: &Encoded) -> Vec<Line> {
    let line = |(character, bytes): (char, &[u8])| {
        Line::plain("  ")
            .and(Tone::Strong, shown(character))
            .pad_to(6)
            .and(Tone::Hint, format!("U+{:04X}", u32::from(character)))
            .pad_to(16)
            .and(Tone::Plain, spaced(bytes))
    };
    let mut lines: Vec<Line> = encoded.characters().map(line).collect();
    if let Some(more) = encoded.count.checked_sub(lines.len()).filter(|more| *more > 0) {
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
        BYTE_ORDER_MARK => "bom".to_owned(),
        character if character.is_control() => "ctl".to_owned(),
        character => character.to_string(),
    }
}
