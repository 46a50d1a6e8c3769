//! A file that is not there until it is whole.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, RenameFlags, open, openat, renameat2};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, fsync, linkat, unlinkat};

use super::by_descriptor;

/// A file being written that has no name yet. Dropped, it is gone; after a
/// kill too, where the file system can hold files without a name
/// (`O_TMPFILE`). Elsewhere it has a hidden name until then.
#[derive(Debug)]
pub struct Draft {
    file: File,
    directory: OwnedFd,
    /// Where the file system wants one.
    name: Option<OsString>,
}

/// Who may read and write a file of which nothing else was said; the umask
/// takes from it.
const EVERYBODY: u32 = 0o666;

/// Names of drafts begin so, and are no one else's.
const HIDDEN: &str = ".plumb-draft-";

/// Somebody else's leftovers with our number; so many in a row there are not.
const NAMES_MAX: usize = 64;

impl Draft {
    /// A draft in the directory of `path`, readable by whom `mode` and the umask
    /// let read it. Dropping it leaves nothing: a way to ask whether a file can
    /// be written there.
    ///
    /// # Errors
    /// As open(2).
    pub fn beside(path: &Path, mode: u32) -> io::Result<Draft> {
        // A bare file name has the empty path for its parent.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(parent.unwrap_or(Path::new(".")), flags, Mode::empty())?;
        // It takes the place of a file, and for that it needs a name in any case.
        Draft::with_name(directory, Mode::from_bits_truncate(mode))
    }

    pub(super) fn begin(directory: OwnedFd) -> io::Result<Draft> {
        let mode = Mode::from_bits_truncate(EVERYBODY);
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC;
        match openat(&directory, ".", flags | OFlag::O_TMPFILE, mode) {
            Ok(file) => return Ok(Draft { file: file.into(), directory, name: None }),
            // What file systems and kernels say that do not know it.
            Err(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL | Errno::ENOENT) => {}
            Err(error) => return Err(error.into()),
        }
        Draft::with_name(directory, mode)
    }

    pub(super) fn with_name(directory: OwnedFd, mode: Mode) -> io::Result<Draft> {
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_CREAT | OFlag::O_EXCL;
        for _ in 0..NAMES_MAX {
            let name = hidden_name();
            match openat(&directory, name.as_os_str(), flags, mode) {
                Err(Errno::EEXIST) => {}
                Ok(file) => return Ok(Draft { file: file.into(), directory, name: Some(name) }),
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// To write to.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the file its name, once its content is on the disk; the name too
    /// is on the disk then. Without `replace`, `EEXIST` says that the name is
    /// taken.
    ///
    /// # Errors
    /// As fsync(2), link(2) and rename(2); the file is gone then.
    pub fn publish(mut self, name: &OsStr, replace: bool) -> io::Result<File> {
        if name.is_empty() || Path::new(name).file_name() != Some(name) {
            return Err(Errno::EINVAL.into());
        }
        let file = self.file.try_clone()?;
        file.sync_all()?;
        match (replace, self.name.is_some()) {
            (false, false) => self.link(name)?,
            (false, true) => self.rename(name, RenameFlags::RENAME_NOREPLACE)?,
            (true, false) => {
                let hidden = hidden_name();
                self.link(&hidden)?;
                self.name = Some(hidden);
                self.rename(name, RenameFlags::empty())?;
            }
            (true, true) => self.rename(name, RenameFlags::empty())?,
        }
        // A file system that cannot do this has no such promise to keep.
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let _ = openat(&self.directory, ".", flags, Mode::empty()).and_then(fsync);
        Ok(file)
    }

    fn link(&self, name: &OsStr) -> Result<(), Errno> {
        let file = by_descriptor(self.file.as_fd());
        linkat(AT_FDCWD, &file, &self.directory, name, AtFlags::AT_SYMLINK_FOLLOW)
    }

    fn rename(&mut self, name: &OsStr, flags: RenameFlags) -> Result<(), Errno> {
        let Some(from) = &self.name else { return Err(Errno::ENOENT) };
        match renameat2(&self.directory, from.as_os_str(), &self.directory, name, flags) {
            // A file system without NOREPLACE: link says when the name is taken.
            Err(Errno::EINVAL | Errno::ENOSYS) if flags == RenameFlags::RENAME_NOREPLACE => {
                let none = AtFlags::empty();
                linkat(&self.directory, from.as_os_str(), &self.directory, name, none)
            }
            Ok(()) => {
                self.name = None;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = unlinkat(&self.directory, name.as_os_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
}

/// Puts `bytes` in the place of what `path` names, so that nobody ever sees half
/// of them, not even after a power cut. A symbolic link is replaced itself.
///
/// # Errors
/// As open(2), write(2), fsync(2) and rename(2); what was there is there still.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let mut draft = Draft::beside(path, mode)?;
    draft.file().write_all(bytes)?;
    draft.publish(name, true).map(drop)
}

fn hidden_name() -> OsString {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{HIDDEN}{}-{number}", std::process::id()).into()
}
