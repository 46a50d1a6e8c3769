//! Rights that were given up are gone: a process with one thread, for
//! confinement is for the calling thread and its children.

#![allow(clippy::print_stdout, reason = "a test without a harness says what it did")]

use std::fs;
use std::io;

use plumb_sys::confine::{self, Allowed, Files};

fn main() {
    only_what_is_allowed_stays_reachable();
    a_user_who_was_left_is_gone();
    println!("test result: ok. 2 passed");
}

fn only_what_is_allowed_stays_reachable() {
    // It cannot be removed afterwards, and is the same next time.
    let uid = plumb_sys::process::uid();
    let scratch = std::env::temp_dir().join(format!("plumb-confinement-{uid}"));
    let (read, write) = (scratch.join("read"), scratch.join("write"));
    for directory in [&read, &write] {
        fs::create_dir_all(directory).expect("a directory");
        fs::write(directory.join("page"), "page").expect("written");
    }
    let confined = std::thread::spawn({
        let (read, write) = (read.clone(), write.clone());
        move || {
            let error = confine::to_files(&[]).expect_err("two threads");
            assert!(error.to_string().contains("other threads"), "{error}");
            (read, write)
        }
    });
    let (read, write) = confined.join().expect("a thread");
    let missing = Allowed { path: scratch.join("missing"), writable: false };
    assert!(confine::to_files(&[missing]).is_err());
    let done = confine::to_files(&[
        Allowed { path: read.clone(), writable: false },
        Allowed { path: write.clone(), writable: true },
        Allowed { path: "/proc".into(), writable: false },
        Allowed { path: "/etc".into(), writable: false },
    ])
    .expect("an answer");
    println!("{done}");
    if done.files == Files::NotRestricted {
        println!("SKIP: this kernel has no Landlock");
        return;
    }
    assert!(done.no_new_privileges);
    assert_eq!(fs::read_to_string(read.join("page")).expect("allowed"), "page");
    fs::write(write.join("page"), "new").expect("allowed");
    for denied in [
        fs::write(read.join("page"), "new"),
        fs::read(scratch.parent().expect("a parent").join("nothing")).map(drop),
        fs::read_dir("/usr").map(drop),
        fs::remove_dir(&read),
    ] {
        let kind = denied.expect_err("out of reach").kind();
        assert!(matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound));
    }
    fs::remove_file(write.join("page")).expect("allowed");
}

fn a_user_who_was_left_is_gone() {
    if plumb_sys::process::uid() != 0 {
        let error = confine::become_user("nobody").expect_err("not root").to_string();
        assert!(error.starts_with("become user nobody: "), "{error}");
        return;
    }
    let became = confine::become_user("nobody").expect("nobody");
    assert_eq!(plumb_sys::process::uid(), became.uid);
    assert!(confine::become_user("daemon").is_err(), "there is no way back");
    assert_eq!(confine::become_user("nobody").expect("already"), became);
}
