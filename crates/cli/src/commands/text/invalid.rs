//! Why a sequence of bytes is no character.

use super::charset::{Charset, Malformed};

/// In words, for the sequence `at` of `bytes`.
pub(super) fn why(charset: Charset, bytes: &[u8], at: Malformed) -> String {
    if charset == Charset::UTF_8 {
        utf_8(bytes, at).to_owned()
    } else if charset.byte_order_mark().len() == 2 {
        utf_16(bytes, at).to_owned()
    } else {
        format!("{} has no character there", charset.name())
    }
}

/// The rules of RFC 3629 section 4, by the byte that breaks them.
fn utf_8(bytes: &[u8], at: Malformed) -> &'static str {
    let first = bytes.get(at.start).copied().unwrap_or_default();
    let second = bytes.get(at.start + 1).copied();
    let needed = match first {
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        _ => 3,
    };
    match (first, second) {
        (0x80..=0xbf, _) => "a continuation byte that follows no first byte",
        (0xc0..=0xc1, _) => "c0 and c1 could only begin a longer form than needed",
        (0xf5..=0xff, _) => "f5 to ff never occur: they lie beyond U+10FFFF",
        (0xe0, Some(0x80..=0x9f)) | (0xf0, Some(0x80..=0x8f)) => "a longer form than needed",
        (0xed, Some(0xa0..=0xbf)) => "a surrogate, half of a character of UTF-16",
        (0xf4, Some(0x90..=0xbf)) => "beyond U+10FFFF, the last character",
        _ if at.end == bytes.len() && at.end - at.start <= needed => {
            "the text ends within a character"
        }
        _ => "a first byte without its continuation bytes",
    }
}

fn utf_16(bytes: &[u8], at: Malformed) -> &'static str {
    if at.end - at.start == 1 || (at.end == bytes.len() && bytes.len() % 2 == 1) {
        return "the text ends within a unit of two bytes";
    }
    "a surrogate without its other half"
}

#[cfg(test)]
mod tests {
    use super::super::charset::Decoded;
    use super::*;

    #[test]
    fn each_fault_of_utf_8_has_its_reason() {
        let cases: [(&[u8], &str); 8] = [
            (b"a\x80", "a continuation byte that follows no first byte"),
            (b"\xc0\xaf", "c0 and c1 could only begin a longer form than needed"),
            (b"\xff", "f5 to ff never occur: they lie beyond U+10FFFF"),
            (b"\xe0\x80\x80", "a longer form than needed"),
            (b"\xed\xa0\x80", "a surrogate, half of a character of UTF-16"),
            (b"\xf4\x90\x80\x80", "beyond U+10FFFF, the last character"),
            (b"\xe2\x82", "the text ends within a character"),
            (b"\xe2\x82a", "a first byte without its continuation bytes"),
        ];
        for (bytes, reason) in cases {
            let malformed = Charset::UTF_8.decode(bytes).malformed;
            assert_eq!(why(Charset::UTF_8, bytes, malformed[0]), reason, "{bytes:02x?}");
        }
    }

    #[test]
    fn halves_of_utf_16() {
        let lone = b"\x00\xd8a\x00";
        let Decoded { text, malformed, malformed_count } = Charset::UTF_16LE.decode(lone);
        assert_eq!((text.as_str(), malformed_count), ("\u{fffd}a", 1));
        assert_eq!((malformed[0].start, malformed[0].end), (0, 2));
        assert!(why(Charset::UTF_16LE, lone, malformed[0]).starts_with("a surrogate"));
        let malformed = Charset::UTF_16BE.decode(b"\0a\0").malformed;
        assert!(why(Charset::UTF_16BE, b"\0a\0", malformed[0]).starts_with("the text ends"));
    }
}
