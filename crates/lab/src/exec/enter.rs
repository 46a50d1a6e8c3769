//! Becoming a process of a lab machine: its namespaces, its files, its rights.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use plumb_sys::namespace::{self, Kind, capability, mount};

use crate::error::LabError;
use crate::protocol::{EnterReply, MachineFile};

/// The lab's own files, and what the program writes to `/etc` and `/run`.
const TMPFS_BYTES_MAX: u64 = 64 << 20;

const ETC: &str = "/etc";
const RUN: &str = "/run";
/// Below `/etc`: where OpenSSL and its users look for trusted certificates.
const ROOTS: &str = "ssl/certs";

/// Enters the namespaces of `reply` and makes the private view of the file
/// system. The process must have one thread only.
pub(super) fn enter(
    reply: &EnterReply,
    namespaces: &[OwnedFd],
    unprivileged: bool,
) -> Result<(), LabError> {
    let directory = std::env::current_dir().ok();
    if let (true, Some(user)) = (reply.user_namespace, namespaces.get(1)) {
        namespace::enter(user, Kind::User)?;
    }
    if let Some(network) = namespaces.first() {
        namespace::enter(network, Kind::Network)?;
    }
    namespace::unshare_mounts()?;
    namespace::unshare(Kind::Uts)?;
    namespace::set_hostname(&reply.hostname)?;
    lay_files(&reply.files)?;
    // Where a fresh /sys is not allowed, the old one shows too much, no less.
    let _ = mount::sysfs("/sys");
    if let Some(directory) = directory {
        // The same directory as the machine sees it; if it is hidden there, the
        // process stays where it was.
        let _ = std::env::set_current_dir(directory);
    }
    if unprivileged {
        capability::drop_all()?;
    } else {
        capability::raise_ambient_all()?;
    }
    Ok(())
}

/// `/run` is emptied, for the sockets in it lead out of the lab, and the files
/// are laid over `/etc`.
fn lay_files(files: &[MachineFile]) -> Result<(), LabError> {
    mount::tmpfs(RUN, TMPFS_BYTES_MAX, 0o755)?;
    let upper = PathBuf::from(RUN).join("upper");
    let work = PathBuf::from(RUN).join("work");
    for directory in [&upper, &work] {
        fs::create_dir(directory).map_err(LabError::io("create", directory.display()))?;
    }
    for file in files.iter().filter(|file| is_wanted(file)) {
        write_below(&upper, file).map_err(LabError::io("write", &file.path))?;
    }
    if mount::overlay(ETC, &upper, &work, ETC).is_err() {
        bind_files(&upper, files);
    }
    // The whole directory, so that no root of this host's is among the lab's; where
    // there is none, no program looks there.
    let _ = mount::bind(upper.join(ROOTS), Path::new(ETC).join(ROOTS));
    // The overlay keeps what lies beneath; the program sees an empty /run.
    mount::tmpfs(RUN, TMPFS_BYTES_MAX, 0o755)?;
    Ok(())
}

fn is_wanted(file: &MachineFile) -> bool {
    !file.only_over || Path::new(ETC).join(&file.path).exists()
}

fn write_below(upper: &Path, file: &MachineFile) -> io::Result<()> {
    let path = upper.join(&file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, &file.text)
}

/// Where an overlay is not allowed (a container with mounts of its own below
/// `/etc`), each file is bound over the one that is there; what is not there
/// cannot be.
fn bind_files(upper: &Path, files: &[MachineFile]) {
    for file in files {
        let target = Path::new(ETC).join(&file.path);
        // A link would be followed anyway; named here, it is followed once.
        let target = fs::canonicalize(&target).unwrap_or(target);
        // A file that cannot be covered stays as it is outside.
        let _ = mount::bind(upper.join(&file.path), target);
    }
}
