//! Files that a running server follows: certificates, keys, tokens, users.
//!
//! What they say is used until they change and can be read again; a new file
//! that is wrong changes nothing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// How often files are looked at. A `stat` costs a microsecond, and a person
/// who replaced a certificate looks at it a few seconds later.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file that configures a server is a few kilobytes; what is larger than
/// this is the wrong file.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Reads a file of at most [`FILE_BYTES_MAX`] bytes.
///
/// # Errors
/// What the system said, or that the file is too large.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {FILE_BYTES_MAX} bytes"),
        ));
    }
    Ok(bytes)
}

/// What changes when a file is written or replaced. Nothing for what is not a
/// plain file: a pipe can be read once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

type Load<T, E> = Box<dyn Fn() -> Result<T, E> + Send + Sync>;

/// A value that is made from files, and made again when they change.
pub(crate) struct Watched<T, E> {
    paths: Vec<PathBuf>,
    load: Load<T, E>,
    value: RwLock<Arc<T>>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// The files from which the value was made, or could not be made.
    tried: Vec<Option<Stamp>>,
    /// The files as they were when last looked at.
    last: Vec<Option<Stamp>>,
}

impl<T, E> Watched<T, E> {
    /// Makes the value for the first time.
    pub(crate) fn new(
        paths: Vec<PathBuf>,
        load: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        let stamps: Vec<_> = paths.iter().map(|path| stamp(path)).collect();
        let value = RwLock::new(Arc::new(load()?));
        let seen = Mutex::new(Seen { tried: stamps.clone(), last: stamps });
        Ok(Watched { paths, load: Box::new(load), value, seen })
    }

    /// The value as it is now.
    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The files.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Makes the value again if the files changed and then rested for one look
    /// (a certificate and its key are replaced one after the other), or at
    /// once if `now`. Says how that went, and nothing if there was no need.
    pub(crate) fn look(&self, now: bool) -> Option<Result<(), E>> {
        let stamps: Vec<_> = self.paths.iter().map(|path| stamp(path)).collect();
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let rested = seen.last == stamps;
            seen.last.clone_from(&stamps);
            if !now && (seen.tried == stamps || !rested) {
                return None;
            }
            seen.tried = stamps;
        }
        let made = (self.load)();
        Some(made.map(|value| {
            *self.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
        }))
    }
}

impl<T, E> std::fmt::Debug for Watched<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").field("paths", &self.paths).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Temporary(PathBuf);

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn temporary(label: &str) -> Temporary {
        Temporary(
            std::env::temp_dir().join(format!("plumb-watched-{}-{label}", std::process::id())),
        )
    }

    #[test]
    fn a_change_is_taken_when_it_rests_and_a_bad_one_not_at_all() {
        let file = temporary("change");
        fs::write(&file.0, "1").unwrap();
        let path = file.0.clone();
        let load = move || String::from_utf8(read(&path).unwrap()).unwrap().parse::<u32>();
        let watched = Watched::new(vec![file.0.clone()], load).unwrap();
        assert_eq!((*watched.get(), watched.look(false)), (1, None));

        fs::write(&file.0, "22").unwrap();
        assert_eq!(watched.look(false), None, "it may still be written");
        assert_eq!(watched.look(false), Some(Ok(())));
        assert_eq!((*watched.get(), watched.look(false)), (22, None));

        fs::write(&file.0, "wrong").unwrap();
        assert!(watched.look(true).unwrap().is_err());
        assert_eq!((*watched.get(), watched.look(false)), (22, None), "said once");
    }

    #[test]
    fn a_file_at_the_limit_and_one_byte_past_it() {
        let file = temporary("size");
        fs::write(&file.0, vec![b'x'; FILE_BYTES_MAX as usize]).unwrap();
        assert_eq!(read(&file.0).unwrap().len() as u64, FILE_BYTES_MAX);
        fs::write(&file.0, vec![b'x'; FILE_BYTES_MAX as usize + 1]).unwrap();
        assert_eq!(read(&file.0).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
