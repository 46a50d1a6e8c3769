//! Words as people type them: in any case, with `_`, `-` or a space.

/// The byte by which a letter of a word is compared.
fn folded(byte: u8) -> u8 {
    match byte {
        b'_' | b' ' => b'-',
        other => other.to_ascii_lowercase(),
    }
}

/// Whether two words are the same, whatever the case and the dashes.
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| folded(a) == folded(b))
}

/// The one form of a word: lower case, with dashes.
pub fn fold(word: &str) -> String {
    word.to_lowercase().replace(['_', ' '], "-")
}
