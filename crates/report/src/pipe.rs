//! A writer for whom a reader that went away is no error.

use std::io::{self, ErrorKind, Write};

/// Wraps a writer: after the reader has closed the pipe (`plumb ... | head -1`)
/// everything written is dropped without an error. [`QuietPipe::is_closed`]
/// tells, so that work for nobody can be stopped.
#[derive(Debug)]
pub struct QuietPipe<W> {
    inner: W,
    closed: bool,
}

impl<W: Write> QuietPipe<W> {
    /// Nothing is written yet.
    pub fn new(inner: W) -> QuietPipe<W> {
        QuietPipe { inner, closed: false }
    }

    /// Whether the reader has gone away.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The writer below.
    pub fn into_inner(self) -> W {
        self.inner
    }

    fn quietly<T>(&mut self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(dropped)
            }
            other => other,
        }
    }
}

impl<W: Write> Write for QuietPipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.quietly(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.inner.flush();
        self.quietly(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes some bytes, then fails.
    struct Limited(usize, ErrorKind);

    impl Write for Limited {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(self.1.into());
            }
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_quiet() {
        let mut pipe = QuietPipe::new(Limited(5, ErrorKind::BrokenPipe));
        pipe.write_all(b"hello world").unwrap();
        assert!(pipe.is_closed());
        pipe.write_all(b"more").unwrap();
        pipe.flush().unwrap();
    }

    #[test]
    fn a_full_disk_is_not() {
        let mut file = QuietPipe::new(Limited(5, ErrorKind::StorageFull));
        assert_eq!(file.write_all(b"hello world").unwrap_err().kind(), ErrorKind::StorageFull);
        assert!(!file.is_closed());
    }
}
