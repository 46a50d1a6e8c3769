//! Files beneath a directory, and no way out of it.
//!
//! What is opened is found by the kernel itself beneath the directory
//! (`openat2` with `RESOLVE_BENEATH`), so that nothing that happens to the
//! tree meanwhile leads elsewhere. Where the kernel has no such call, the path
//! is walked one component at a time without following a link.

mod draft;
mod entries;
mod lock;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2, readlink, readlinkat};
use nix::sys::stat::{Mode, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

pub use draft::{Draft, replace};
pub use entries::{Entries, Entry, EntryKind};
pub use lock::Lock;

/// Which symbolic links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symlinks {
    /// Those whose target is inside the directory.
    #[default]
    Inside,
    /// None.
    None,
    /// All, wherever they lead.
    All,
}

/// A directory beneath which files are opened. Paths are relative to it, and
/// of plain names only: no `..`, no leading slash.
#[derive(Debug)]
pub struct Root {
    directory: OwnedFd,
    symlinks: Symlinks,
    /// Whether the kernel lacks `openat2`, or a filter forbids it.
    walks: AtomicBool,
}

/// What tells one file, and one state of it, from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Look {
    /// The file system.
    pub device: u64,
    /// The file on it.
    pub inode: u64,
    /// Its length.
    pub size_bytes: u64,
    /// When its content was changed (mtime); programs may set it.
    pub modified_unix_s: i64,
    /// When it was changed (ctime), in nanoseconds; nobody can set it.
    pub changed_unix_ns: i128,
}

/// The kernel asks to try again when something was renamed meanwhile; a peer
/// who renames without end shall not hold a thread.
const RACES_MAX: usize = 8;

/// A device or a FIFO must not make the caller wait, nor become its terminal.
const NEVER_WAIT: OFlag =
    OFlag::O_NONBLOCK.union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC).union(OFlag::O_LARGEFILE);
const FIND: OFlag = OFlag::O_PATH.union(OFlag::O_CLOEXEC);
const FIND_DIRECTORY: OFlag = FIND.union(OFlag::O_DIRECTORY);

impl Root {
    /// The directory `path`, whose links are followed as `symlinks` says.
    ///
    /// # Errors
    /// When it cannot be opened for reading, or is no directory.
    pub fn open(path: &Path, symlinks: Symlinks) -> io::Result<Root> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = nix::fcntl::open(path, flags, Mode::empty())?;
        Ok(Root { directory, symlinks, walks: AtomicBool::new(false) })
    }

    /// Opens what `path` names for reading, without ever waiting for it. It may
    /// be a directory or worse: look at its metadata.
    ///
    /// # Errors
    /// `EXDEV` when the way leads outside, `ELOOP` when over a link that is not
    /// followed; else as open(2).
    pub fn open_read(&self, path: &Path) -> io::Result<File> {
        Ok(self.resolve(path, OFlag::O_RDONLY | NEVER_WAIT)?.into())
    }

    /// What `path` names, without opening it. Where it is the file that an
    /// [`open_read`](Root::open_read) of the same path found, all fields are
    /// the same; else it may be anything, inside or not: compare, and open.
    ///
    /// # Errors
    /// As stat(2).
    pub fn look(&self, path: &Path) -> io::Result<Look> {
        let flags = match self.symlinks {
            Symlinks::None => AtFlags::AT_SYMLINK_NOFOLLOW,
            Symlinks::Inside | Symlinks::All => AtFlags::empty(),
        };
        let stat = fstatat(&self.directory, path, flags)?;
        Ok(Look {
            device: stat.st_dev,
            inode: stat.st_ino,
            size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
            modified_unix_s: stat.st_mtime,
            changed_unix_ns: i128::from(stat.st_ctime) * 1_000_000_000
                + i128::from(stat.st_ctime_nsec),
        })
    }

    /// The file with which the temporary file of an upload begins: see [`Draft`].
    ///
    /// # Errors
    /// As open(2).
    pub fn draft(&self, directory: &Path) -> io::Result<Draft> {
        Draft::begin(self.resolve(directory, FIND_DIRECTORY)?)
    }

    /// The entries of a directory; only those that `wanted` likes by name, and
    /// at most `entries_max`.
    ///
    /// # Errors
    /// As open(2) and readdir(3).
    pub fn entries(
        &self,
        directory: &Path,
        entries_max: usize,
        wanted: impl Fn(&OsStr) -> bool,
    ) -> io::Result<Entries> {
        entries::read(self, directory, entries_max, wanted)
    }

    /// Makes a directory; its parent must be there.
    ///
    /// # Errors
    /// As mkdir(2).
    pub fn make_directory(&self, path: &Path) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        Ok(mkdirat(parent, name, Mode::from_bits_truncate(0o777))?)
    }

    /// Removes a file, or the link itself where it is one.
    ///
    /// # Errors
    /// As unlink(2): a directory is `EISDIR`.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        Ok(unlinkat(parent, name, UnlinkatFlags::NoRemoveDir)?)
    }

    fn parent<'a>(&self, path: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
        let name = path.file_name().ok_or(Errno::EINVAL)?;
        let parent = path.parent().unwrap_or(Path::new(""));
        Ok((self.resolve(parent, FIND_DIRECTORY)?, name))
    }

    fn resolve(&self, path: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
        if path.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(Errno::EXDEV);
        }
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let found = match self.symlinks {
            Symlinks::All => return openat(&self.directory, path, flags, Mode::empty()),
            Symlinks::Inside => self.beneath(path, flags, ResolveFlag::empty()),
            Symlinks::None => self.beneath(path, flags, ResolveFlag::RESOLVE_NO_SYMLINKS),
        };
        match found {
            // Also an absolute link whose target is inside is told as outside.
            Err(Errno::EXDEV) if self.symlinks == Symlinks::Inside => {
                self.by_its_target(path, flags)
            }
            found => found,
        }
    }

    /// Lets the kernel look beneath the directory.
    fn beneath(&self, path: &Path, flags: OFlag, further: ResolveFlag) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS | further;
        let how = OpenHow::new().flags(flags).resolve(resolve);
        for _ in 0..RACES_MAX {
            if self.walks.load(Ordering::Relaxed) {
                return self.walk(path, flags);
            }
            match openat2(&self.directory, path, how) {
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                // EPERM is what filters of system calls say instead.
                Err(Errno::ENOSYS | Errno::EPERM) => self.walks.store(true, Ordering::Relaxed),
                found => return found,
            }
        }
        Err(Errno::EAGAIN)
    }

    /// Component by component, following no link: `EXDEV` where one may be
    /// followed that stays inside, else `ELOOP`.
    fn walk(&self, path: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
        let link = if self.symlinks == Symlinks::Inside { Errno::EXDEV } else { Errno::ELOOP };
        let mut names = path.components().map(Component::as_os_str).peekable();
        let mut at = openat(&self.directory, ".", FIND_DIRECTORY, Mode::empty())?;
        while let Some(name) = names.next() {
            let last = names.peek().is_none();
            let flags = if last { flags } else { FIND_DIRECTORY };
            at = match openat(&at, name, flags | OFlag::O_NOFOLLOW, Mode::empty()) {
                Ok(found) if last && is_link(found.as_fd()) => return Err(link),
                Ok(found) => found,
                Err(Errno::ELOOP) => return Err(link),
                // What a link is to O_DIRECTORY.
                Err(Errno::ENOTDIR) if names_link(at.as_fd(), name) => return Err(link),
                Err(error) => return Err(error),
            };
        }
        Ok(at)
    }

    /// Finds out where the links lead, opening nothing, and then opens that
    /// beneath the directory without any link.
    fn by_its_target(&self, path: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
        let target = openat(&self.directory, path, FIND, Mode::empty())?;
        let target = path_of(target.as_fd())?;
        let root = path_of(self.directory.as_fd())?;
        let inside = target.strip_prefix(&root).map_err(|_| Errno::EXDEV)?;
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        self.beneath(inside, flags, ResolveFlag::RESOLVE_NO_SYMLINKS)
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

/// Where the kernel has a descriptor's file.
fn path_of(file: BorrowedFd<'_>) -> Result<PathBuf, Errno> {
    readlink(&by_descriptor(file)).map(PathBuf::from)
}

fn by_descriptor(file: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn is_link(file: BorrowedFd<'_>) -> bool {
    nix::sys::stat::fstat(file).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFLNK)
}

fn names_link(directory: BorrowedFd<'_>, name: &OsStr) -> bool {
    readlinkat(directory, name).is_ok()
}

#[cfg(test)]
mod tests;
