//! Bytes from the network, made safe for a terminal, an HTML page or an SVG.
//!
//! A server chooses its banner, its headers and the names in its certificate.
//! Shown as they came, they could move the cursor, set the window's title,
//! or (with bidirectional overrides) make text read as what it is not. Here
//! every such character becomes a visible escape, so nothing is lost either.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every character that a terminal acts on, or that changes the
/// order or visibility of others, replaced by a visible escape.
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) { escape(c, &mut safe) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// Bytes as text: what is UTF-8 stays readable, every other byte becomes
/// `\xNN`. At most `bytes_max` bytes are read; `...` marks what was left out.
pub fn bytes(bytes: &[u8], bytes_max: usize) -> String {
    let shown = &bytes[..bytes.len().min(bytes_max)];
    let mut safe = String::with_capacity(shown.len() + 3);
    for chunk in shown.utf8_chunks() {
        safe.push_str(&text(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    if shown.len() < bytes.len() {
        safe.push_str("...");
    }
    safe
}

/// `text` made safe, and `& < > " '` written as references, for the content
/// or a quoted attribute of HTML, XML and SVG.
pub fn markup(raw: &str) -> String {
    let safe = text(raw);
    let mut out = String::with_capacity(safe.len());
    for c in safe.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// Controls (C0, DEL, C1), and the characters of category Cf that reorder or
/// hide text: bidirectional marks and overrides (Unicode TR9), zero-width
/// characters, line and paragraph separators, interlinear annotations, tags.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}')
}

fn escape(c: char, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if u32::from(c) < 0x100 => write!(out, "\\x{:02x}", u32::from(c)),
        c => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        assert!(matches!(text("Grüße, 日本 ✓"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_a_terminal_acts_on_becomes_visible() {
        assert_eq!(text("a\x1b[31mb\x07\u{9b}2J\x7f"), "a\\x1b[31mb\\x07\\x9b2J\\x7f");
        assert_eq!(text("a\r\n\tb"), "a\\r\\n\\tb");
        assert_eq!(text("user\u{202e}gnp.exe\u{2066}"), "user\\u{202e}gnp.exe\\u{2066}");
    }

    #[test]
    fn bytes_that_are_no_text_are_written_in_hexadecimal() {
        assert_eq!(bytes(b"\x16\x03\xff ok", 64), "\\x16\\x03\\xff ok");
        assert_eq!(bytes(b"abcdef", 3), "abc...");
        assert_eq!(bytes("é".as_bytes(), 1), "\\xc3...");
    }

    #[test]
    fn markup_cannot_be_left() {
        assert_eq!(markup("<a href='x'>&\"\u{1b}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\x1b");
    }

    #[test]
    fn every_character_comes_out_safe_and_escaping_is_idempotent() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let raw = String::from(c);
            let once = text(&raw).into_owned();
            assert!(!once.chars().any(is_unsafe), "{:x}", u32::from(c));
            assert_eq!(text(&once), once);
        }
    }
}
