//! Files beneath a directory, with whatever might lead out of it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use super::*;

/// A directory of its own for a test, gone with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("plumb-file-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("root/sub")).unwrap();
        fs::write(path.join("secret"), "secret").unwrap();
        fs::write(path.join("root/a.txt"), "a").unwrap();
        fs::write(path.join("root/sub/b.txt"), "b").unwrap();
        let root = path.join("root");
        symlink("sub/b.txt", root.join("relative")).unwrap();
        symlink(fs::canonicalize(root.join("sub")).unwrap(), root.join("absolute")).unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink("../../secret", root.join("sub/up")).unwrap();
        symlink("/etc", root.join("etc")).unwrap();
        symlink("circle", root.join("circle")).unwrap();
        Place(path)
    }

    fn root(&self, symlinks: Symlinks) -> Root {
        Root::open(&self.0.join("root"), symlinks).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(root: &Root, path: &str) -> Result<String, i32> {
    let mut file = root.open_read(Path::new(path)).map_err(|e| e.raw_os_error().unwrap())?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|e| e.raw_os_error().unwrap())?;
    Ok(text)
}

#[test]
fn links_are_followed_as_told_with_openat2_and_without() {
    let place = Place::new("links");
    for walks in [false, true] {
        let inside = place.root(Symlinks::Inside);
        inside.walks.store(walks, Ordering::Relaxed);
        assert_eq!(text(&inside, "a.txt").as_deref(), Ok("a"));
        assert_eq!(text(&inside, "relative").as_deref(), Ok("b"));
        assert_eq!(text(&inside, "absolute/b.txt").as_deref(), Ok("b"));
        for out in ["out", "sub/up", "etc/passwd", "absolute/up"] {
            assert_eq!(text(&inside, out), Err(libc::EXDEV), "{out}, walks: {walks}");
        }
        assert_eq!(text(&inside, "circle"), Err(libc::ELOOP));
        let none = place.root(Symlinks::None);
        none.walks.store(walks, Ordering::Relaxed);
        assert_eq!(text(&none, "sub/b.txt").as_deref(), Ok("b"));
        for link in ["relative", "absolute/b.txt", "out", "etc/passwd"] {
            assert_eq!(text(&none, link), Err(libc::ELOOP), "{link}, walks: {walks}");
        }
        assert_eq!(text(&none, "none"), Err(libc::ENOENT));
        assert_eq!(text(&none, "a.txt/x"), Err(libc::ENOTDIR));
    }
    assert_eq!(text(&place.root(Symlinks::All), "out").as_deref(), Ok("secret"));
}

#[test]
fn names_that_are_not_plain_are_refused() {
    let place = Place::new("names");
    for symlinks in [Symlinks::Inside, Symlinks::None, Symlinks::All] {
        let root = place.root(symlinks);
        for path in ["..", "../secret", "sub/../../secret", "/etc/passwd", "sub/.."] {
            assert_eq!(text(&root, path), Err(libc::EXDEV), "{path}");
        }
    }
}

#[test]
fn a_fifo_does_not_hold_the_reader() {
    let place = Place::new("fifo");
    nix::unistd::mkfifo(&place.0.join("root/fifo"), Mode::S_IRWXU).unwrap();
    let file = place.root(Symlinks::Inside).open_read(Path::new("fifo")).unwrap();
    assert!(!file.metadata().unwrap().is_file());
}

#[test]
fn entries_are_bounded_and_links_looked_through() {
    let place = Place::new("entries");
    fs::write(place.0.join("root").join(OsStr::from_bytes(b"\xff\xfe")), "").unwrap();
    let root = place.root(Symlinks::Inside);
    let mut all = root.entries(Path::new(""), 100, |_| true).unwrap();
    assert!(!all.more);
    all.entries.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<&[u8]> = all.entries.iter().map(|e| e.name.as_bytes()).collect();
    assert_eq!(names, [b"a.txt" as &[u8], b"absolute", b"relative", b"sub", b"\xff\xfe"]);
    assert_eq!(all.entries[1].kind, EntryKind::Directory);
    assert!(all.entries[1].is_link && !all.entries[0].is_link);
    assert_eq!(all.entries[2].size_bytes, 1);
    let plain = place.root(Symlinks::None).entries(Path::new(""), 100, |_| true).unwrap();
    assert_eq!(plain.entries.len(), 3);
    let some = root.entries(Path::new("sub"), 1, |_| true).unwrap();
    assert!(some.more && some.entries.len() <= 1);
    assert!(!root.entries(Path::new("sub"), 2, |_| true).unwrap().more);
    assert_eq!(root.entries(Path::new("sub"), 9, |n| n == "b.txt").unwrap().entries.len(), 1);
}

#[test]
fn a_draft_appears_whole_or_not_at_all() {
    let place = Place::new("draft");
    let root = place.root(Symlinks::Inside);
    let sub = place.0.join("root/sub");
    for named in [false, true] {
        let begin = || {
            let directory = root.resolve(Path::new("sub"), FIND_DIRECTORY).unwrap();
            let draft = if named {
                Draft::with_name(directory, Mode::S_IRUSR | Mode::S_IWUSR)
            } else {
                Draft::begin(directory)
            };
            let mut draft = draft.unwrap();
            draft.file().write_all(b"new").unwrap();
            draft
        };
        let error = begin().publish(OsStr::new("b.txt"), false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(sub.join("b.txt")).unwrap(), b"b");
        begin().publish(OsStr::new("c"), false).unwrap();
        begin().publish(OsStr::new("c"), true).unwrap();
        assert_eq!(fs::read(sub.join("c")).unwrap(), b"new");
        drop(begin());
        for name in ["", ".", "..", "x/y", "/x"] {
            assert!(begin().publish(OsStr::new(name), false).is_err(), "{name}");
        }
        let mut names: Vec<_> =
            fs::read_dir(&sub).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["b.txt", "c", "up"], "named: {named}");
        root.remove(Path::new("sub/c")).unwrap();
    }
    root.make_directory(Path::new("sub/new")).unwrap();
    assert!(sub.join("new").is_dir());
    assert!(root.remove(Path::new("sub/new")).is_err());
}

#[test]
fn one_at_a_time_in_a_directory() {
    let place = Place::new("lock");
    let directory = || File::open(place.0.join("root")).unwrap();
    let lock = Lock::beside(&place.0.join("root/not-there-yet")).unwrap();
    assert!(matches!(directory().try_lock(), Err(fs::TryLockError::WouldBlock)));
    let _other = Lock::beside(&place.0.join("root/sub/b.txt")).unwrap();
    drop(lock);
    assert!(directory().try_lock().is_ok());
    assert!(Lock::beside(&place.0.join("missing/file")).is_err());
}
