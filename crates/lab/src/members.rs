//! The processes inside a network namespace, whoever started them.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plumb_sys::process::{self, SIGKILL};

/// A process may start another while it is being ended, and takes a moment to
/// go; each round ends what the one before left. One that a debugger or a dead
/// file system holds longer than a second is not waited for.
const ROUNDS_MAX: usize = 1000;
const ROUND: Duration = Duration::from_millis(1);

/// How the kernel names a namespace: `net:[4026531840]`.
pub(crate) type NamespaceName = PathBuf;

/// The name of an open namespace.
pub(crate) fn name_of(namespace: impl AsFd) -> Option<NamespaceName> {
    let link = format!("/proc/self/fd/{}", namespace.as_fd().as_raw_fd());
    std::fs::read_link(link).ok()
}

/// The name of the calling thread's network namespace.
pub(crate) fn own_network() -> Option<NamespaceName> {
    std::fs::read_link("/proc/thread-self/ns/net").ok()
}

/// The processes inside these network namespaces, except this one.
pub(crate) fn of(namespaces: &[NamespaceName]) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let number = |name: OsString| name.to_str()?.parse::<u32>().ok();
    entries
        .flatten()
        .filter_map(|entry| number(entry.file_name()))
        .filter(|pid| *pid != std::process::id())
        .filter(|pid| {
            let link = Path::new("/proc").join(pid.to_string()).join("ns/net");
            std::fs::read_link(link).is_ok_and(|name| namespaces.contains(&name))
        })
        .collect()
}

/// Ends every process inside these network namespaces, except this one.
pub(crate) fn end(namespaces: &[NamespaceName]) {
    in_rounds(|| {
        let members = of(namespaces);
        for pid in &members {
            // It may have ended meanwhile.
            let _ = process::signal(*pid, SIGKILL);
        }
        members.is_empty()
    });
}

/// Repeats a `round` of ending processes until it says that none is left.
pub(crate) fn in_rounds(round: impl Fn() -> bool) {
    for _ in 0..ROUNDS_MAX {
        if round() {
            return;
        }
        std::thread::sleep(ROUND);
    }
}
