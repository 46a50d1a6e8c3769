//! Line mode, line ends and hexadecimal dumps.

/// How lines are treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Pass on whole lines only.
    pub(crate) whole: bool,
    /// Send lines that end with CR LF.
    pub(crate) crlf: bool,
}

/// Longest line that is held back; what is longer passes in parts.
pub(crate) const LINE_MAX_BYTES: usize = 64 * 1024;

/// Cuts one direction into lines; without line mode everything passes as it
/// comes.
#[derive(Debug)]
pub(crate) struct Cutter {
    lines: Lines,
    held: Vec<u8>,
    after_cr: bool,
}

impl Cutter {
    pub(crate) fn new(lines: Lines) -> Cutter {
        Cutter { lines, held: Vec::new(), after_cr: false }
    }

    /// What may pass now, in pieces.
    pub(crate) fn cut(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        if !self.lines.whole {
            let bytes = if self.lines.crlf { self.with_crlf(bytes) } else { bytes.to_vec() };
            return if bytes.is_empty() { Vec::new() } else { vec![bytes] };
        }
        let mut pieces = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.held.extend_from_slice(part);
            if part.ends_with(b"\n") {
                pieces.push(self.take_line());
            } else if self.held.len() >= LINE_MAX_BYTES {
                pieces.push(std::mem::take(&mut self.held));
            }
        }
        pieces
    }

    /// What is left when the direction ends; a line that was not ended is
    /// ended now.
    pub(crate) fn end(&mut self) -> Option<Vec<u8>> {
        (!self.held.is_empty()).then(|| self.take_line())
    }

    fn take_line(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.held);
        line.truncate(without_end(&line).len());
        line.extend_from_slice(if self.lines.crlf { b"\r\n" } else { b"\n" });
        line
    }

    /// LF becomes CR LF, and what is CR LF already stays.
    fn with_crlf(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 16);
        for &byte in bytes {
            if byte == b'\n' && !self.after_cr {
                out.push(b'\r');
            }
            self.after_cr = byte == b'\r';
            out.push(byte);
        }
        out
    }
}

/// A line without LF or CR LF.
pub(crate) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Sent,
    Received,
}

impl Way {
    /// The record's type.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Way::Sent => "sent",
            Way::Received => "received",
        }
    }

    fn arrow(self) -> char {
        match self {
            Way::Sent => '>',
            Way::Received => '<',
        }
    }
}

/// Bytes of one row of a dump.
const ROW_BYTES: usize = 16;

/// A dump as `hexdump -C` has it, each row behind the arrow of its direction;
/// offsets count from the beginning of the direction.
pub(crate) fn hex(way: Way, offset: u64, bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 5);
    let mut at = offset;
    for row in bytes.chunks(ROW_BYTES) {
        let _ = write!(text, "{} {at:08x} ", way.arrow());
        for column in 0..ROW_BYTES {
            let gap = if column == ROW_BYTES / 2 { " " } else { "" };
            let _ = match row.get(column) {
                Some(byte) => write!(text, "{gap} {byte:02x}"),
                None => write!(text, "{gap}   "),
            };
        }
        let shown = |&byte: &u8| if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' };
        let _ = writeln!(text, "  |{}|", row.iter().map(shown).collect::<String>());
        at += row.len() as u64;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: Lines, parts: &[&[u8]]) -> Vec<String> {
        let mut cutter = Cutter::new(lines);
        let mut out: Vec<Vec<u8>> = parts.iter().flat_map(|part| cutter.cut(part)).collect();
        out.extend(cutter.end());
        out.into_iter().map(|piece| String::from_utf8_lossy(&piece).into_owned()).collect()
    }

    #[test]
    fn lines_pass_whole() {
        let lines = Lines { whole: true, crlf: false };
        assert_eq!(all(lines, &[b"on", b"e\ntw", b"o\r\nthree"]), ["one\n", "two\n", "three\n"]);
        assert_eq!(all(lines, &[b"\n\n"]), ["\n", "\n"]);
        assert_eq!(all(lines, &[]), Vec::<String>::new());
        let crlf = Lines { whole: true, crlf: true };
        assert_eq!(all(crlf, &[b"one\ntwo\r\n"]), ["one\r\n", "two\r\n"]);
    }

    #[test]
    fn line_ends_become_crlf_once_even_across_parts() {
        let crlf = Lines { whole: false, crlf: true };
        assert_eq!(all(crlf, &[b"a\nb\r", b"\nc"]), ["a\r\nb\r", "\nc"]);
    }

    #[test]
    fn a_line_at_the_limit_and_one_past_it() {
        let lines = Lines { whole: true, crlf: false };
        let mut cutter = Cutter::new(lines);
        assert!(cutter.cut(&vec![b'x'; LINE_MAX_BYTES - 1]).is_empty());
        assert_eq!(cutter.cut(b"x")[0].len(), LINE_MAX_BYTES);
        assert_eq!(cutter.end(), None);
    }

    #[test]
    fn a_dump_shows_direction_offset_and_text() {
        assert_eq!(
            hex(Way::Sent, 0x10, b"Hello, World!\r\n\xffabc"),
            "> 00000010  48 65 6c 6c 6f 2c 20 57  6f 72 6c 64 21 0d 0a ff  |Hello, World!...|\n\
             > 00000020  61 62 63                                          |abc|\n"
        );
        assert_eq!(hex(Way::Received, 0, b""), "");
    }
}
