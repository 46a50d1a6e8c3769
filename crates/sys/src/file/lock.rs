//! One at a time in a directory.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::errno::Errno;

/// Keeps others out who ask for the same lock, until it is dropped.
///
/// It is one of flock(2) on the directory: a file that is replaced as a whole is
/// another file afterwards, and a lock on it would hold nobody up; and nothing
/// is left behind.
#[derive(Debug)]
pub struct Lock {
    _directory: Option<File>,
}

impl Lock {
    /// Waits until nobody else holds the lock of the directory of `path`. Where
    /// the file system has no such locks, as some of a network, it is as if
    /// nobody did.
    ///
    /// # Errors
    /// As open(2) of the directory, and flock(2).
    pub fn beside(path: &Path) -> io::Result<Lock> {
        // A bare file name has the empty path for its parent.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = File::open(parent.unwrap_or(Path::new(".")))?;
        loop {
            let Err(error) = directory.lock() else {
                return Ok(Lock { _directory: Some(directory) });
            };
            match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EINTR) => {}
                // NFS makes of it a lock of fcntl(2), which wants a file to write to.
                Some(Errno::EBADF | Errno::EOPNOTSUPP | Errno::ENOLCK | Errno::ENOSYS) => {
                    return Ok(Lock { _directory: None });
                }
                _ => return Err(error),
            }
        }
    }
}
