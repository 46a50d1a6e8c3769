//! Files that are sent without passing through this process.
//!
//! hyper knows only bodies of bytes. In place of a part of a file it is given a
//! slice of [`PLACEHOLDER`], as long as the part, and the part is put into the
//! [`Outlet`]. hyper hands the slice down in a vectored write without copying
//! it, and the carrier knows it by its address: then it sends the file.
//!
//! Slices come down in the order in which the parts were put in, because the
//! answers of an HTTP/1 connection leave one after the other. A slice for which
//! there is no part, and a part that is left when hyper has written everything,
//! are errors that end the connection; so a hyper that began to copy could not
//! go unnoticed.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// What stands for a part of a file. It is never written to and never read, so
/// it takes no memory.
static PLACEHOLDER: [u8; PART_BYTES_MAX] = [0; PART_BYTES_MAX];

/// One part: what the kernel sends in one call at most.
pub(super) const PART_BYTES_MAX: usize = plumb_sys::sendfile::SEND_MAX_BYTES;

/// Below this, a read costs less than what it takes to do without.
const WORTH_BYTES: u64 = 64 * 1024;

/// The parts of files that a connection has still to send.
#[derive(Debug, Default)]
pub(in crate::http) struct Outlet {
    parts: Mutex<VecDeque<Part>>,
}

/// A part of a file.
#[derive(Debug, Clone)]
pub(in crate::http) struct Part {
    pub(in crate::http) file: Arc<File>,
    pub(in crate::http) offset: u64,
    pub(in crate::http) end: u64,
}

impl Outlet {
    /// Whether so much is worth it.
    pub(super) fn takes(size_bytes: Option<u64>) -> bool {
        size_bytes.is_some_and(|size| size >= WORTH_BYTES)
    }

    /// Takes a part; what is given stands for it.
    pub(super) fn put(&self, part: Part) -> Bytes {
        let length = usize::try_from(part.end - part.offset).unwrap_or(PART_BYTES_MAX);
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push_back(part);
        Bytes::from_static(&PLACEHOLDER[..length.min(PART_BYTES_MAX)])
    }

    /// Whether `bytes` stand for a part.
    pub(in crate::http) fn is_placeholder(bytes: &[u8]) -> bool {
        PLACEHOLDER.as_ptr_range().contains(&bytes.as_ptr()) && !bytes.is_empty()
    }

    /// The part that a slice of so many bytes stands for.
    pub(in crate::http) fn first(&self, bytes: usize) -> io::Result<Part> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        match parts.front() {
            Some(part) if part.end - part.offset == bytes as u64 => Ok(part.clone()),
            _ => Err(io::Error::other("a placeholder without its file")),
        }
    }

    /// So many bytes of the first part were sent.
    pub(in crate::http) fn sent(&self, bytes: usize) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(part) = parts.front_mut() {
            part.offset += bytes as u64;
            if part.offset >= part.end {
                parts.pop_front();
            }
        }
    }

    /// Everything was written, so nothing may be left.
    pub(in crate::http) fn flushed(&self) -> io::Result<()> {
        match self.parts.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            true => Ok(()),
            false => Err(io::Error::other("a file without its placeholder")),
        }
    }
}
