//! Texts that stand in the command line, or on the lines of stdin for `-`.

use std::io::{BufRead, Read};

use crate::error::CommandError;

/// Longest line of text that is read: servers take some 8 to 64 KiB, `data:`
/// URLs are longer.
const LINE_BYTES_MAX: u64 = 4 << 20;
/// What some editors begin a file with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Calls with each of the texts; `-` stands for the lines of stdin.
pub fn each_text(
    texts: &[String],
    mut with: impl FnMut(&str) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    for text in texts {
        if text != "-" {
            with(text)?;
            continue;
        }
        let mut stdin = std::io::stdin().lock();
        let mut line = Vec::new();
        for number in 1u64.. {
            let place = || format!("stdin:{number}");
            line.clear();
            let read = stdin.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            let read = read.map_err(|error| CommandError::file("read", "stdin", error))?;
            if read == 0 {
                break;
            }
            if line.last() == Some(&b'\n') {
                line.pop();
                line.pop_if(|last| *last == b'\r');
            } else if read as u64 == LINE_BYTES_MAX {
                let what = format!("{}: this line is longer than 4 MiB", place());
                return Err(CommandError::usage(what));
            }
            let text = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| number == 1);
            match std::str::from_utf8(text.unwrap_or(&line)) {
                Ok("") => {}
                Ok(text) => with(text).map_err(|error| error.in_line(&place()))?,
                Err(_) => {
                    let what = format!("{}: this line is not UTF-8", place());
                    return Err(CommandError::usage(what));
                }
            }
        }
    }
    Ok(())
}
