//! This side of a conversation: stdin and stdout, or a program.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::CHUNK_BYTES;

/// Where what is sent comes from, and where what is received goes.
pub(crate) struct Near {
    pub(crate) input: Input,
    pub(crate) output: Box<dyn AsyncWrite + Send + Unpin>,
    /// The program, if it is one.
    pub(crate) program: Option<Child>,
}

impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Near").field("program", &self.program).finish_non_exhaustive()
    }
}

/// What is to be sent. It outlives a connection: what was read and could not
/// be sent waits for the next one.
pub(crate) struct Input {
    from: Box<dyn AsyncRead + Send + Unpin>,
    /// Read and not yet sent.
    pub(crate) waiting: Vec<u8>,
    pub(crate) ended: bool,
}

impl Input {
    /// The next bytes, if none wait; `false` at the end.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        if self.waiting.is_empty() && !self.ended {
            // Into the buffer itself: a cancelled read loses nothing.
            self.waiting.reserve(CHUNK_BYTES);
            self.ended = self.from.read_buf(&mut self.waiting).await? == 0;
        }
        Ok(!self.waiting.is_empty())
    }

    /// More of what can be had, beside what waits.
    pub(crate) async fn more(&mut self) -> io::Result<()> {
        self.waiting.reserve(CHUNK_BYTES);
        self.ended = self.from.read_buf(&mut self.waiting).await? == 0;
        Ok(())
    }
}

impl Near {
    /// stdin and stdout.
    pub(crate) fn standard() -> Near {
        Near::new(Box::new(tokio::io::stdin()), Box::new(tokio::io::stdout()))
    }

    /// Nothing to send; what is received is dropped.
    pub(crate) fn nothing() -> Near {
        Near::new(Box::new(tokio::io::empty()), Box::new(tokio::io::sink()))
    }

    /// stdin, and what is received is shown elsewhere.
    pub(crate) fn only_input() -> Near {
        Near::new(Box::new(tokio::io::stdin()), Box::new(tokio::io::sink()))
    }

    /// stdin, and a file for what is received.
    pub(crate) fn to_file(path: &Path) -> io::Result<Near> {
        let file = tokio::fs::File::from_std(std::fs::File::create(path)?);
        Ok(Near::new(Box::new(tokio::io::stdin()), Box::new(file)))
    }

    fn new(
        from: Box<dyn AsyncRead + Send + Unpin>,
        output: Box<dyn AsyncWrite + Send + Unpin>,
    ) -> Near {
        let input = Input { from, waiting: Vec::new(), ended: false };
        Near { input, output, program: None }
    }

    /// A program of the shell, its stdin and stdout on the connection. It is
    /// told who is connected in PLUMB_PEER and PLUMB_LOCAL.
    pub(crate) fn program(command: &str, peer: &str, local: &str) -> io::Result<Near> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", command])
            .env("PLUMB_PEER", peer)
            .env("PLUMB_LOCAL", local)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the program has no pipes"));
        };
        let mut near = Near::new(Box::new(stdout), Box::new(stdin));
        near.program = Some(child);
        Ok(near)
    }

    /// Tells the program that nothing more comes; stdout stays as it is.
    pub(crate) async fn end_of_peer(
        output: &mut Box<dyn AsyncWrite + Send + Unpin>,
        is_program: bool,
    ) {
        if is_program {
            let _ = output.shutdown().await;
            // A pipe's end is its close.
            *output = Box::new(tokio::io::sink());
        }
    }
}
