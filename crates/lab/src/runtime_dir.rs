//! Where running labs are found: `<base>/lab/<name>/`.
//!
//! The base directory is the user's own, mode 0700; another owner, a symbolic
//! link or wider permissions are refused, and everything below is reached
//! through a descriptor of the directory that was checked. A lab holds a lock
//! on its `lock` file as long as it lives: the kernel drops the lock with the
//! process, so that a stale directory is told from a live one without trusting
//! process numbers.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::LabError;

/// A name becomes a directory and a word in messages; longer is a mistake.
pub const LAB_NAME_MAX: usize = 64;

/// The description file holds four short fields.
const ABOUT_BYTES_MAX: u64 = 64 << 10;

/// Open flags of Linux that `OpenOptions` has no word for.
const O_DIRECTORY: i32 = 0o200_000;
const O_NOFOLLOW: i32 = 0o400_000;

/// How often a race against a lab that comes or goes may be lost, and how long
/// such a moment is given.
const CLAIM_TRIES: usize = 100;
const CLAIM_PAUSE: Duration = Duration::from_millis(1);

/// Names tried in a temporary directory in which somebody else took the first:
/// more of them taken is an attack, and is said.
const FALLBACK_NAMES_MAX: u32 = 8;

const LOCK: &str = "lock";
const CONTROL: &str = "control";
const ABOUT: &str = "lab.json";

/// The checked directory in which this user's labs are found.
#[derive(Debug)]
pub struct RuntimeDir {
    path: PathBuf,
    labs: File,
}

/// What `lab ls` says of a lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub name: String,
    pub topology: String,
    pub pid: u32,
    /// Seconds since 1970.
    pub started_unix_s: i64,
    /// Ends with the process that started it.
    pub owned: bool,
}

/// The directory of one lab, held by the lab itself.
#[derive(Debug)]
pub(crate) struct Claim {
    labs: File,
    directory: File,
    name: String,
    /// Held for as long as the lab lives.
    _lock: File,
}

impl RuntimeDir {
    /// The directory of a user without `$XDG_RUNTIME_DIR`: `<tmp>/plumb-UID`, or,
    /// where that name belongs to somebody else (the temporary directory is
    /// everybody's, and in a user namespace two users have one number), the
    /// first of `<tmp>/plumb-UID.2`, `.3`, ... that does not.
    pub fn fallback(tmp: &Path) -> PathBuf {
        let uid = plumb_sys::process::uid();
        let first = tmp.join(format!("plumb-{uid}"));
        let others = (2..=FALLBACK_NAMES_MAX).map(|n| tmp.join(format!("plumb-{uid}.{n}")));
        let mut names = std::iter::once(first.clone()).chain(others);
        let free = |path: &PathBuf| match fs::symlink_metadata(path) {
            Ok(found) => found.is_dir() && found.uid() == uid,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        names.find(free).unwrap_or(first)
    }

    /// Opens `base`, making it where it is missing.
    pub fn open(base: &Path) -> Result<Self, LabError> {
        let checked = open_own(base)?;
        let labs_path = below(&checked, "lab");
        make_directory(&labs_path).map_err(LabError::io("create", base.join("lab").display()))?;
        let labs =
            open_directory(&labs_path).map_err(LabError::io("open", base.join("lab").display()))?;
        check_owner(&labs, &base.join("lab"))?;
        Ok(RuntimeDir { path: base.to_owned(), labs })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a name for this process; refuses while another holds it.
    pub(crate) fn claim(&self, about: &About) -> Result<Claim, LabError> {
        let name = about.name.as_str();
        check_name(name)?;
        for _ in 0..CLAIM_TRIES {
            let path = below(&self.labs, name);
            make_directory(&path).map_err(LabError::io("create", self.shown(name)))?;
            let Ok(directory) = open_directory(&path) else { continue };
            check_owner(&directory, &self.path.join("lab").join(name))?;
            let Ok(lock) = open_lock(&directory) else { continue };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    if let Some(holder) = read_about(&directory) {
                        let name = name.to_owned();
                        return Err(LabError::AlreadyRunning { name, pid: holder.pid });
                    }
                    // It comes up and has not said so yet, or it is being
                    // cleared away.
                    std::thread::sleep(CLAIM_PAUSE);
                    continue;
                }
                Err(TryLockError::Error(error)) => {
                    return Err(LabError::io("lock", self.shown(name))(error));
                }
            }
            // Whoever held it before may have removed it meanwhile.
            if !same_file(&path, &directory) || !same_file(&below(&directory, LOCK), &lock) {
                continue;
            }
            remove_quietly(&below(&directory, CONTROL));
            let text = serde_json::to_vec(about).unwrap_or_default();
            fs::write(below(&directory, ABOUT), text)
                .map_err(LabError::io("describe lab", self.shown(name)))?;
            let labs = self.labs.try_clone().map_err(LabError::io("open", self.shown(name)))?;
            return Ok(Claim { labs, directory, name: name.to_owned(), _lock: lock });
        }
        Err(LabError::RuntimeDir {
            path: self.path.join("lab").join(name),
            why: "keeps changing while it is opened".to_owned(),
        })
    }

    /// Connects to the lab of that name.
    pub(crate) fn connect(&self, name: &str) -> Result<UnixStream, LabError> {
        check_name(name)?;
        let found = open_directory(&below(&self.labs, name))
            .and_then(|directory| UnixStream::connect(below(&directory, CONTROL)));
        match found {
            Ok(stream) => Ok(stream),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                let running = self.list()?.into_iter().map(|about| about.name).collect();
                Err(LabError::NotRunning { name: name.to_owned(), running })
            }
            Err(error) => Err(LabError::io("connect to lab", name)(error)),
        }
    }

    /// The labs that are running, by name; what dead ones left is removed.
    pub fn list(&self) -> Result<Vec<About>, LabError> {
        let shown = self.path.join("lab");
        let entries =
            fs::read_dir(fd_path(&self.labs)).map_err(LabError::io("read", shown.display()))?;
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let Ok(directory) = open_directory(&below(&self.labs, &name)) else { continue };
            let Ok(lock) = open_lock(&directory) else { continue };
            match lock.try_lock() {
                Ok(()) => remove_lab(&self.labs, &directory, &name),
                Err(_) => found.extend(read_about(&directory)),
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    fn shown(&self, name: &str) -> String {
        self.path.join("lab").join(name).display().to_string()
    }
}

impl Claim {
    /// The socket on which the lab is asked.
    pub(crate) fn listen(&self) -> Result<UnixListener, LabError> {
        UnixListener::bind(below(&self.directory, CONTROL))
            .map_err(LabError::io("listen for lab", &self.name))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        remove_lab(&self.labs, &self.directory, &self.name);
    }
}

/// Names stand in paths and messages: nothing that climbs, hides or confuses.
pub fn check_name(name: &str) -> Result<(), LabError> {
    let letters =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if letters && !name.is_empty() && !name.starts_with('.') && name.len() <= LAB_NAME_MAX {
        Ok(())
    } else {
        Err(LabError::BadName { name: name.to_owned(), max: LAB_NAME_MAX })
    }
}

fn open_own(base: &Path) -> Result<File, LabError> {
    make_directory(base).map_err(LabError::io("create", base.display()))?;
    let directory = open_directory(base).map_err(|error| LabError::RuntimeDir {
        path: base.to_owned(),
        why: match error.raw_os_error() {
            // ENOTDIR and ELOOP: what O_DIRECTORY | O_NOFOLLOW answers.
            Some(20 | 40) => "is not a directory (a symbolic link is not followed)".to_owned(),
            _ => format!("cannot be opened: {error}"),
        },
    })?;
    check_owner(&directory, base)?;
    Ok(directory)
}

fn check_owner(directory: &File, shown: &Path) -> Result<(), LabError> {
    let refuse = |why: String| LabError::RuntimeDir { path: shown.to_owned(), why };
    let metadata = directory.metadata().map_err(LabError::io("look at", shown.display()))?;
    let own = plumb_sys::process::uid();
    if metadata.uid() != own {
        return Err(refuse(format!("belongs to user {}, not to user {own}", metadata.uid())));
    }
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        return Err(refuse(format!("is open to others (mode {mode:04o}); chmod 700 it")));
    }
    Ok(())
}

fn make_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn open_directory(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(O_DIRECTORY | O_NOFOLLOW).open(path)
}

fn open_lock(directory: &File) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW)
        .open(below(directory, LOCK))
}

/// A path that leads through an open descriptor: no link can be swapped in, and
/// it always fits into a socket address.
fn fd_path(directory: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()))
}

fn below(directory: &File, name: &str) -> PathBuf {
    fd_path(directory).join(name)
}

fn same_file(path: &Path, open: &File) -> bool {
    match (fs::symlink_metadata(path), open.metadata()) {
        (Ok(one), Ok(other)) => one.ino() == other.ino() && one.dev() == other.dev(),
        _ => false,
    }
}

fn read_about(directory: &File) -> Option<About> {
    let path = below(directory, ABOUT);
    let size = fs::symlink_metadata(&path).ok()?.len();
    if size > ABOUT_BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The lock file goes last but one: until then nobody else claims the name.
fn remove_lab(labs: &File, directory: &File, name: &str) {
    for file in [CONTROL, ABOUT, LOCK] {
        remove_quietly(&below(directory, file));
    }
    // A directory that is not empty, or gone already, is not ours to force.
    let _ = fs::remove_dir(below(labs, name));
}

fn remove_quietly(path: &Path) {
    // Missing is what was wanted.
    let _ = fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_limit() {
        assert!(check_name(&"n".repeat(LAB_NAME_MAX)).is_ok());
        assert!(check_name(&"n".repeat(LAB_NAME_MAX + 1)).is_err());
        assert!(check_name("Lab_1.x-y").is_ok());
        for bad in ["", ".x", "a/b", "a b", "\u{e4}"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
