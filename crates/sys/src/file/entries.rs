//! What is in a directory.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{FileStat, fstat, fstatat};

use super::{FIND, NEVER_WAIT, Root, Symlinks};

/// The entries of a directory, in no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    /// What was asked for.
    pub entries: Vec<Entry>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Any bytes but `/` and NUL.
    pub name: OsString,
    /// Of what a link leads to.
    pub kind: EntryKind,
    /// Whether it is a symbolic link.
    pub is_link: bool,
    /// Of a regular file.
    pub size_bytes: u64,
    /// When its content was last changed.
    pub modified_unix_s: i64,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
}

/// Devices, FIFOs and sockets are left out, as are links that are not followed.
pub(super) fn read(
    root: &Root,
    directory: &Path,
    entries_max: usize,
    wanted: impl Fn(&OsStr) -> bool,
) -> io::Result<Entries> {
    let opened = root.resolve(directory, OFlag::O_RDONLY | OFlag::O_DIRECTORY | NEVER_WAIT)?;
    let mut stream = Dir::from_fd(opened)?;
    let mut names = Vec::new();
    let mut more = false;
    for entry in stream.iter() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." || !wanted(name) {
            continue;
        }
        more = names.len() == entries_max;
        if more {
            break;
        }
        names.push(name.to_owned());
    }
    let entries =
        names.into_iter().filter_map(|name| look(root, &stream, directory, name)).collect();
    Ok(Entries { entries, more })
}

fn look(root: &Root, stream: &Dir, directory: &Path, name: OsString) -> Option<Entry> {
    let mut stat = fstatat(stream, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW).ok()?;
    let is_link = format_of(&stat) == libc::S_IFLNK;
    if is_link {
        if root.symlinks == Symlinks::None {
            return None;
        }
        let target = root.resolve(&directory.join(&name), FIND).ok()?;
        stat = fstat(target.as_fd()).ok()?;
    }
    let kind = match format_of(&stat) {
        libc::S_IFDIR => EntryKind::Directory,
        libc::S_IFREG => EntryKind::File,
        _ => return None,
    };
    Some(Entry {
        name,
        kind,
        is_link,
        size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
        modified_unix_s: stat.st_mtime,
    })
}

fn format_of(stat: &FileStat) -> libc::mode_t {
    stat.st_mode & libc::S_IFMT
}
