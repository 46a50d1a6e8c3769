//! What is to be turned: arguments, a file, or stdin.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::PathBuf;

use clap::Args;

use crate::error::CommandError;

/// Largest file that is read: it is held whole, beside what becomes of it.
const INPUT_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(super) struct Input {
    /// Texts, or - for all of stdin (which is read if there is none)
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,

    /// Read FILE, byte for byte
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    file: Option<PathBuf>,
}

/// One thing to turn.
#[derive(Debug)]
pub(super) enum Piece {
    /// From the command line.
    Argument(String),
    /// A file or stdin.
    Bytes(Vec<u8>),
}

impl Input {
    /// All of them, in order.
    pub(super) fn pieces(&self) -> Result<Vec<Piece>, CommandError> {
        if let Some(path) = &self.file {
            let file = File::open(path).map_err(|error| CommandError::file("read", path, error))?;
            return Ok(vec![Piece::Bytes(whole(file, &path.display().to_string())?)]);
        }
        if self.texts.is_empty() && std::io::stdin().is_terminal() {
            return Err(CommandError::usage("there is no text, and stdin is a terminal")
                .hint("give a text, --file FILE, or - to type it"));
        }
        if self.texts.is_empty() {
            return Ok(vec![Piece::Bytes(whole(std::io::stdin().lock(), "stdin")?)]);
        }
        let piece = |text: &String| match text.as_str() {
            "-" => Ok(Piece::Bytes(whole(std::io::stdin().lock(), "stdin")?)),
            text => Ok(Piece::Argument(text.to_owned())),
        };
        self.texts.iter().map(piece).collect()
    }
}

fn whole(from: impl Read, name: &str) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = from.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| CommandError::file("read", name, error))?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        return Err(CommandError::usage(format!("{name} is larger than 64 MiB"))
            .hint("split it: a text is held whole while it is turned"));
    }
    Ok(bytes)
}
