//! Names of files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A value of `Content-Disposition`, RFC 6266: the name in ASCII for old
/// clients, and as it is for the others.
pub(super) fn attachment(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            '"' | '\\' | '/' => '_',
            letter if letter.is_ascii_graphic() || letter == ' ' => letter,
            _ => '_',
        })
        .collect();
    let mut value = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        value.push_str("; filename*=UTF-8''");
        encode(&name, &mut value);
    }
    value
}

/// A name as a reader may see it: what is not UTF-8, controls the terminal or
/// turns the direction of writing is a replacement character.
pub(super) fn shown(name: &OsStr) -> String {
    shown_bytes(name.as_bytes())
}

/// The same of bytes.
pub(super) fn shown_bytes(name: &[u8]) -> String {
    String::from_utf8_lossy(name)
        .chars()
        .map(|letter| match letter {
            // Bidirectional controls and invisible signs, and line separators.
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{061c}' => char::REPLACEMENT_CHARACTER,
            letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
            letter => letter,
        })
        .collect()
}

/// As RFC 8187 wants it: attr-char as it is, the rest in percent.
fn encode(name: &str, into: &mut String) {
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Whether a name holds a hash of the content, as bundlers write it:
/// `app.3f9a1c2b.js`, `index-DkZ3x9aB.css`. A date is none.
pub(super) fn holds_hash(path: &Path) -> bool {
    /// The fewest digits that bundlers write.
    const HASH_DIGITS_MIN: usize = 8;
    let Some(name) = path.file_name().map(|name| name.as_bytes()) else { return false };
    let mut parts: Vec<&[u8]> = name.split(|byte| matches!(byte, b'.' | b'-' | b'_')).collect();
    // Neither the stem's beginning nor the ending is one.
    if parts.len() < 3 {
        return false;
    }
    parts.pop();
    parts.into_iter().skip(1).any(|part| {
        let any = |test: fn(&u8) -> bool| part.iter().any(test);
        let hexadecimal = part.iter().all(u8::is_ascii_hexdigit)
            && any(u8::is_ascii_digit)
            && any(u8::is_ascii_alphabetic);
        let mixed = part.iter().all(u8::is_ascii_alphanumeric)
            && any(u8::is_ascii_digit)
            && any(u8::is_ascii_lowercase)
            && any(u8::is_ascii_uppercase);
        part.len() >= HASH_DIGITS_MIN && (hexadecimal || mixed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_to_save_by() {
        for (name, value) in [
            ("a b.txt", "attachment; filename=\"a b.txt\""),
            ("ä.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A4.txt"),
            ("a\"\r\n.sh", "attachment; filename=\"a___.sh\"; filename*=UTF-8''a%22%0D%0A.sh"),
        ] {
            assert_eq!(attachment(Path::new(name)), value);
        }
    }

    #[test]
    fn names_to_look_at() {
        for (name, text) in [
            (&b"a b\xc3\xa4"[..], "a b\u{e4}"),
            (b"\xff.txt", "\u{fffd}.txt"),
            (b"\x1b[31m", "\u{fffd}[31m"),
            ("gpj.\u{202e}exe".as_bytes(), "gpj.\u{fffd}exe"),
        ] {
            assert_eq!(shown_bytes(name), text);
        }
    }

    #[test]
    fn hashes_in_names() {
        for yes in ["app.3f9a1c2b.js", "index-DkZ3x9aB.css", "a/main.0123abcdef.min.js"] {
            assert!(holds_hash(Path::new(yes)), "{yes}");
        }
        for no in ["app.js", "report-20241101.html", "3f9a1c2b.js", "a.deadbeef", "jquery-3.7.1.js"]
        {
            assert!(!holds_hash(Path::new(no)), "{no}");
        }
    }
}
