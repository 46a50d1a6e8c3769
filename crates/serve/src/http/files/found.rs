//! What a path leads to.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use plumb_sys::file::{Look, Root};

use super::cache::{Cache, Weight};
use super::kind::media_type;
use super::page::{Trouble, trouble_of};
use super::validator::Version;
use crate::http::message::ResponseBody;

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    File(FoundFile),
    Directory,
}

/// A regular file.
#[derive(Debug)]
pub(super) struct FoundFile {
    pub(super) version: Version,
    content: Content,
    labels: Option<Labels>,
}

/// What an answer says of a file. Writing it takes longer than sending it.
#[derive(Debug, Clone)]
pub(super) struct Labels {
    /// The entity tag of the plain bytes, in its quotes.
    pub(super) etag: HeaderValue,
    /// `Last-Modified`.
    pub(super) modified: HeaderValue,
    pub(super) kind: &'static str,
}

impl Labels {
    fn of(path: &Path, version: &Version, now: SystemTime) -> Labels {
        Labels {
            etag: version.etag(""),
            modified: date_value(version.modified(now)),
            kind: media_type(path),
        }
    }
}

fn date_value(at: SystemTime) -> HeaderValue {
    let text = httpdate::fmt_http_date(at);
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[derive(Debug)]
enum Content {
    Open(Arc<File>),
    /// Small, and read before.
    Held(Bytes),
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
        let version = Version(look_of(&metadata));
        Ok(Found::File(FoundFile { version, content: Content::Open(Arc::new(file)), labels: None }))
    }
}

/// The version of a file as it is now.
pub(super) fn version(file: &File) -> io::Result<Version> {
    Ok(Version(look_of(&file.metadata()?)))
}

fn look_of(metadata: &Metadata) -> Look {
    Look {
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
        let file = match &self.content {
            Content::Open(file) => file,
            Content::Held(bytes) => return Ok(bytes.clone()),
        };
        let mut space = BytesMut::zeroed(self.version.0.size_bytes as usize);
        let mut filled = 0;
        while filled < space.len() {
            match file.read_at(&mut space[filled..], filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(trouble_of(&error)),
            }
        }
        space.truncate(filled);
        Ok(space.freeze())
    }

    /// What an answer says of it; `path` is its own.
    pub(super) fn labels(&self, path: &Path, now: SystemTime) -> Labels {
        self.labels.clone().unwrap_or_else(|| Labels::of(path, &self.version, now))
    }

    /// A part of it, to be sent.
    pub(super) fn part(&self, part: &Range<u64>) -> ResponseBody {
        match &self.content {
            Content::Open(file) => ResponseBody::file(Arc::clone(file), part.start, part.end),
            Content::Held(bytes) => {
                ResponseBody::full(bytes.slice(part.start as usize..part.end as usize))
            }
        }
    }

    /// The open file, where it is one: what is held is small.
    pub(super) fn file(&self) -> Option<Arc<File>> {
        match &self.content {
            Content::Open(file) => Some(Arc::clone(file)),
            Content::Held(_) => None,
        }
    }
}

/// Small files that were read lately. Each request looks whether the path
/// still leads to the very version that is held, which is one call in place of
/// four; if it does not, the file is opened as ever.
#[derive(Debug, Default)]
pub(super) struct Held(Cache<PathBuf, Reading>);

#[derive(Debug, Clone)]
struct Reading {
    version: Version,
    bytes: Bytes,
    labels: Option<Labels>,
}

impl Weight for Reading {
    fn size_bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// A file that was changed so lately could be changed again within the same
/// tick of a coarse clock, and look the same.
const SETTLED: Duration = Duration::from_secs(1);
/// Nanoseconds in a second.
const NS_PER_S: i128 = 1_000_000_000;

impl Held {
    pub(super) fn get(&self, root: &Root, path: &Path) -> Option<FoundFile> {
        let Reading { version, bytes, labels } = self.0.get(path)?;
        let now = root.look(path).ok()?;
        let content = Content::Held(bytes);
        (Version(now) == version).then_some(FoundFile { version, content, labels })
    }

    pub(super) fn put(&self, path: &Path, found: &FoundFile, bytes: &Bytes, now: SystemTime) {
        let Version(look) = found.version;
        let now_ns = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let age_ns = i128::try_from(now_ns).unwrap_or(i128::MAX) - look.changed_unix_ns;
        let settled = age_ns >= SETTLED.as_nanos() as i128;
        let is_new = matches!(found.content, Content::Open(_));
        if settled && is_new && bytes.len() as u64 == look.size_bytes {
            // A time of modification that is still to come is told as now.
            let past = i128::from(look.modified_unix_s) * NS_PER_S <= now_ns as i128;
            let labels = past.then(|| Labels::of(path, &found.version, now));
            let reading = Reading { version: found.version, bytes: bytes.clone(), labels };
            self.0.put(path.to_owned(), reading);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_sys::file::Symlinks;

    #[test]
    fn what_is_held_is_what_is_there() {
        let at = std::env::temp_dir().join(format!("plumb-held-{}", std::process::id()));
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join("a"), "one").unwrap();
        let root = Root::open(&at, Symlinks::Inside).unwrap();
        let held = Held::default();
        let path = Path::new("a");
        let read = |now| {
            let Ok(Found::File(found)) = Found::open(&root, path) else { panic!() };
            let bytes = found.read_whole().unwrap();
            held.put(path, &found, &bytes, now);
        };
        read(SystemTime::now() - SETTLED);
        assert!(held.get(&root, path).is_none(), "changed too lately");
        let later = SystemTime::now() + SETTLED;
        read(later);
        let bytes = held.get(&root, path).unwrap().read_whole().unwrap();
        assert_eq!(bytes, "one");
        // The same length and the same time of modification.
        let modified = std::fs::metadata(at.join("a")).unwrap().modified().unwrap();
        std::fs::write(at.join("b"), "two").unwrap();
        let other = File::options().write(true).open(at.join("b")).unwrap();
        other.set_modified(modified).unwrap();
        std::fs::rename(at.join("b"), at.join("a")).unwrap();
        assert!(held.get(&root, path).is_none());
        read(later);
        assert_eq!(held.get(&root, path).unwrap().read_whole().unwrap(), "two");
        std::fs::remove_file(at.join("a")).unwrap();
        assert!(held.get(&root, path).is_none());
        let _ = std::fs::remove_dir_all(&at);
    }
}
