//! The lines of a file, read in pieces of constant size.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::ops::Range;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use memchr::memchr;

use crate::error::CommandError;

/// Bytes read at once, and the longest line: no line of a list or a log comes
/// near.
pub(super) const CHUNK_BYTES: usize = 256 << 10;
/// Input is long from here on: reading it takes a moment that is noticed.
const LONG_BYTES: u64 = 32 << 20;
/// How often the bar is drawn.
const DRAWN_HZ: u8 = 10;

/// Reads a file, and keeps what is not used up yet.
#[derive(Debug)]
pub(super) struct Chunks {
    file: File,
    buffer: Vec<u8>,
    /// What of the buffer is not used up.
    left: Range<usize>,
    read_bytes: u64,
    size_bytes: Option<u64>,
    quiet: bool,
    bar: Option<ProgressBar>,
}

impl Chunks {
    /// Nothing is read yet. With `quiet` there is no bar.
    pub(super) fn new(file: File, size_bytes: Option<u64>, quiet: bool) -> Chunks {
        let buffer = vec![0; CHUNK_BYTES];
        Chunks { file, buffer, left: 0..0, read_bytes: 0, size_bytes, quiet, bar: None }
    }

    /// Reads on. False at the end of the file.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.left.clone(), 0);
        self.left = 0..self.left.len();
        let count = loop {
            match self.file.read(&mut self.buffer[self.left.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.left.end += count;
        self.read_bytes += count as u64;
        self.show();
        Ok(count > 0)
    }

    /// Whether the buffer holds nothing but the beginning of one line.
    pub(super) fn is_full(&self) -> bool {
        self.left.len() == self.buffer.len()
    }

    /// Where the next line stands in the buffer, without its `\n`. The `last`
    /// of a file need not have one.
    #[inline]
    pub(super) fn next_line(&mut self, last: bool) -> Option<Range<usize>> {
        let start = self.left.start;
        let bytes = &self.buffer[self.left.clone()];
        let length = memchr(b'\n', bytes).or((last && !bytes.is_empty()).then_some(bytes.len()))?;
        self.left.start = (start + length + 1).min(self.left.end);
        Some(start..start + length)
    }

    #[inline]
    pub(super) fn bytes(&self, place: Range<usize>) -> &[u8] {
        &self.buffer[place]
    }

    /// At the start of a file: a byte-order mark of UTF-8 says nothing, that of
    /// UTF-16 says that the lines cannot be read.
    pub(super) fn skip_byte_order_mark(&mut self, name: &str) -> Result<(), CommandError> {
        const UTF_8: &[u8] = b"\xef\xbb\xbf";
        while self.left.len() < UTF_8.len() {
            if !self.fill().map_err(|error| CommandError::file("read", name, error))? {
                break;
            }
        }
        let bytes = &self.buffer[self.left.clone()];
        if bytes.starts_with(UTF_8) {
            self.left.start += UTF_8.len();
        } else if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(CommandError::usage(format!("{name} is UTF-16, and lists are UTF-8"))
                .hint("iconv -f UTF-16 -t UTF-8 FILE | plumb ip ... -"));
        }
        Ok(())
    }

    /// The bar, once it is clear that this takes a while, on a terminal.
    fn show(&mut self) {
        let long = self.read_bytes.max(self.size_bytes.unwrap_or_default()) >= LONG_BYTES;
        if self.quiet || !long {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let target = ProgressDrawTarget::stderr_with_hz(DRAWN_HZ);
            let bar = ProgressBar::with_draw_target(self.size_bytes, target);
            let template = match self.size_bytes {
                Some(_) => "{wide_bar:.cyan} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
                None => "{spinner:.cyan} {bytes} {bytes_per_sec}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        bar.set_position(self.read_bytes);
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
