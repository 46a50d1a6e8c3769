//! What a path leads to.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use plumb_sys::file::Root;

use super::page::{Trouble, trouble_of};
use super::validator::Version;

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    File(FoundFile),
    Directory,
}

/// A regular file, open.
#[derive(Debug)]
pub(super) struct FoundFile {
    pub(super) file: Arc<File>,
    pub(super) version: Version,
}

impl Found {
    /// Opens what is there. Devices, FIFOs and sockets are forbidden; opening
    /// them did not wait.
    pub(super) fn open(root: &Root, path: &Path) -> Result<Found, Trouble> {
        let file = root.open_read(path).map_err(|error| trouble_of(&error))?;
        let metadata = file.metadata().map_err(|error| trouble_of(&error))?;
        if metadata.is_dir() {
            return Ok(Found::Directory);
        }
        if !metadata.is_file() {
            return Err(Trouble::Forbidden);
        }
        Ok(Found::File(FoundFile { version: version_of(&metadata), file: Arc::new(file) }))
    }
}

/// The version of a file as it is now.
pub(super) fn version(file: &File) -> io::Result<Version> {
    Ok(version_of(&file.metadata()?))
}

fn version_of(metadata: &Metadata) -> Version {
    Version {
        device: metadata.dev(),
        inode: metadata.ino(),
        size_bytes: metadata.size(),
        modified_unix_s: metadata.mtime(),
        changed_unix_ns: i128::from(metadata.ctime()) * 1_000_000_000
            + i128::from(metadata.ctime_nsec()),
    }
}

impl FoundFile {
    /// The whole file, which is small, in one read. Less than its size where
    /// it became shorter meanwhile.
    pub(super) fn read_whole(&self) -> Result<Bytes, Trouble> {
        let mut space = BytesMut::zeroed(self.version.size_bytes as usize);
        let mut filled = 0;
        while filled < space.len() {
            match self.file.read_at(&mut space[filled..], filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(trouble_of(&error)),
            }
        }
        space.truncate(filled);
        Ok(space.freeze())
    }
}
