//! Where a body goes besides a file.

use crate::output::Output;

/// Bytes of a body that a `body` record holds.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// The answer's writer, which keeps nothing back, since what a server says now
/// may be all for an hour; and which fails once nobody reads it any more: the
/// rest of a body need not come.
pub(super) struct UntilClosed<'a>(pub(super) &'a mut Output);

impl std::io::Write for UntilClosed<'_> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.writer().write_all(data)?;
        self.0.writer().flush()?;
        if self.0.is_closed() {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.writer().flush()
    }
}

/// The beginning of a body, for a record.
#[derive(Default)]
pub(super) struct Gathered {
    bytes: Vec<u8>,
    full: bool,
}

impl Gathered {
    /// All of it, where it is UTF-8 and not too long.
    pub(super) fn text(self) -> Option<String> {
        String::from_utf8(self.bytes).ok().filter(|_| !self.full)
    }
}

impl std::io::Write for Gathered {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.full |= self.bytes.len() + data.len() > TEXT_BYTES_MAX;
        if !self.full {
            self.bytes.extend_from_slice(data);
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
