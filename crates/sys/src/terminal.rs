//! Asking the person at the terminal for something that nobody may read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

/// Longest secret that is read, in bytes; the terminal's own line editing
/// takes no more (N_TTY_BUF_SIZE).
const SECRET_BYTES_MAX: usize = 4095;

/// What a person answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A line, without its end.
    Line(String),
    /// Ctrl-C, or the end of the terminal.
    Interrupted,
}

/// Shows `prompt` on the controlling terminal and reads a line that is not
/// shown, whatever stdin and stdout are.
///
/// # Errors
/// When there is no terminal, or what was typed is not UTF-8.
pub fn ask_secret(prompt: &str) -> io::Result<Answer> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let mut quiet = Quiet::begin(terminal)?;
    quiet.terminal.write_all(prompt.as_bytes())?;
    let answer = quiet.line();
    quiet.terminal.write_all(b"\n")?;
    answer
}

/// A terminal that shows nothing until this is dropped. Signals are read as
/// characters: one that ended the process would leave the terminal silent.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn begin(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &quiet)?;
        Ok(Quiet { terminal, before })
    }

    fn line(&mut self) -> io::Result<Answer> {
        const INTERRUPT: u8 = 0x03;
        const END: u8 = 0x04;
        const BACKSPACE: u8 = 0x08;
        const KILL: u8 = 0x15;
        const QUIT: u8 = 0x1c;
        const DELETE: u8 = 0x7f;
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            if self.terminal.read(&mut byte)? == 0 {
                return Ok(Answer::Interrupted);
            }
            match byte[0] {
                b'\n' | b'\r' => break,
                INTERRUPT | QUIT => return Ok(Answer::Interrupted),
                END if line.is_empty() => return Ok(Answer::Interrupted),
                END => break,
                BACKSPACE | DELETE => erase(&mut line),
                KILL => line.clear(),
                other if line.len() < SECRET_BYTES_MAX => line.push(other),
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long")),
            }
        }
        let text = String::from_utf8(line)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))?;
        Ok(Answer::Line(text))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that went away shows nothing either.
        let _ = tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

/// Takes the last character away, all its bytes.
fn erase(line: &mut Vec<u8>) {
    /// The first two bits of a byte that goes on with a character of UTF-8.
    const CONTINUES: u8 = 0b1000_0000;
    while let Some(last) = line.pop() {
        if last & 0b1100_0000 != CONTINUES {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erasing_takes_whole_characters() {
        let mut line = "aä€".as_bytes().to_vec();
        erase(&mut line);
        assert_eq!(line, "aä".as_bytes());
        erase(&mut line);
        erase(&mut line);
        erase(&mut line);
        assert!(line.is_empty());
    }
}
