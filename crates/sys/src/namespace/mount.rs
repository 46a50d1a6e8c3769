//! Mounts inside a mount namespace of one's own.

use std::path::Path;

use nix::mount::{MntFlags, MsFlags};

use super::{NamespaceError, Stage};

const NOTHING: Option<&str> = None;

/// From here down no mount shows outside, and none from outside shows here.
pub fn make_private(target: impl AsRef<Path>) -> Result<(), NamespaceError> {
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount("make private", NOTHING, target.as_ref(), NOTHING, flags, NOTHING)
}

/// An empty file system in memory of at most `size_bytes`.
pub fn tmpfs(target: impl AsRef<Path>, size_bytes: u64, mode: u32) -> Result<(), NamespaceError> {
    let options = format!("size={size_bytes},mode={mode:o}");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount("mount tmpfs on", Some("tmpfs"), target.as_ref(), Some("tmpfs"), flags, Some(&options))
}

/// Shows `source` (file or directory) at `target` too.
pub fn bind(source: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<(), NamespaceError> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount("bind to", Some(source.as_ref()), target.as_ref(), NOTHING, flags, NOTHING)
}

/// Lays `upper` over `lower`: reads see both, writes go to `upper`. `work` is
/// an empty directory on the file system of `upper`.
pub fn overlay(
    lower: impl AsRef<Path>,
    upper: impl AsRef<Path>,
    work: impl AsRef<Path>,
    target: impl AsRef<Path>,
) -> Result<(), NamespaceError> {
    let options = format!(
        "lowerdir={},upperdir={},workdir={},userxattr",
        lower.as_ref().display(),
        upper.as_ref().display(),
        work.as_ref().display()
    );
    let (target, flags) = (target.as_ref(), MsFlags::empty());
    mount("lay an overlay on", Some("overlay"), target, Some("overlay"), flags, Some(&options))
}

/// A fresh /sys, whose /sys/class/net is that of the calling thread's network
/// namespace.
pub fn sysfs(target: impl AsRef<Path>) -> Result<(), NamespaceError> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
    mount("mount sysfs on", Some("sysfs"), target.as_ref(), Some("sysfs"), flags, NOTHING)
}

/// A fresh /proc of the calling process's PID namespace.
pub fn proc(target: impl AsRef<Path>) -> Result<(), NamespaceError> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount("mount proc on", Some("proc"), target.as_ref(), Some("proc"), flags, NOTHING)
}

/// Takes a mount away, at once from sight and wholly when nobody uses it.
pub fn detach(target: impl AsRef<Path>) -> Result<(), NamespaceError> {
    let target = target.as_ref();
    nix::mount::umount2(target, MntFlags::MNT_DETACH)
        .map_err(|errno| NamespaceError::at(Stage::Mount, "unmount", target.display(), errno))
}

fn mount(
    operation: &'static str,
    source: Option<&(impl nix::NixPath + ?Sized)>,
    target: &Path,
    kind: Option<&str>,
    flags: MsFlags,
    options: Option<&str>,
) -> Result<(), NamespaceError> {
    nix::mount::mount(source, target, kind, flags, options)
        .map_err(|errno| NamespaceError::at(Stage::Mount, operation, target.display(), errno))
}
