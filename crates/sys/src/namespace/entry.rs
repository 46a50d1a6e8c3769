//! Starting a program somewhere else: inside existing namespaces, or in new
//! ones, from a process that may have many threads.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::{Kind, capability};

/// Where and with what rights a [`Command`] is to start.
///
/// Everything happens in the child between fork and execve, in this order:
/// enter the namespaces in the order given, make new ones, change directory,
/// pass on or put down capabilities. A failure becomes the error of spawn(),
/// with the errno of the step that failed.
#[derive(Debug, Default)]
pub struct Entry {
    join: Vec<(Kind, Arc<OwnedFd>)>,
    new_user: bool,
    new: libc::c_int,
    directory: Option<CString>,
    capabilities: Capabilities,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Capabilities {
    #[default]
    Unchanged,
    Ambient,
    Dropped,
}

impl Entry {
    /// Nothing differs yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters this namespace; a user namespace belongs first. Of
    /// [`Kind::Pid`] the program itself does not become a member, but its
    /// children do.
    pub fn join(mut self, kind: Kind, namespace: Arc<OwnedFd>) -> Self {
        self.join.push((kind, namespace));
        self
    }

    /// Makes a new user namespace, with the caller's own ids mapped to
    /// themselves.
    pub fn new_user_namespace(mut self) -> Self {
        self.new_user = true;
        self
    }

    /// Makes a new namespace of this kind.
    pub fn new_namespace(mut self, kind: Kind) -> Self {
        self.new |= kind.flag().bits();
        self
    }

    /// Changes to this directory as it is found inside, or to `/` where there
    /// is none: entering a mount namespace loses the directory.
    pub fn directory(mut self, directory: &Path) -> Self {
        self.directory = CString::new(directory.as_os_str().as_bytes()).ok();
        self
    }

    /// Lets the program hold every capability over the namespaces.
    pub fn with_capabilities(mut self) -> Self {
        self.capabilities = Capabilities::Ambient;
        self
    }

    /// Lets the program hold none, for good.
    pub fn without_capabilities(mut self) -> Self {
        self.capabilities = Capabilities::Dropped;
        self
    }

    /// Makes `command` start there.
    pub fn apply_to(self, command: &mut Command) {
        let user = nix::unistd::geteuid();
        let group = nix::unistd::getegid();
        let uid_map = format!("{user} {user} 1").into_bytes();
        let gid_map = format!("{group} {group} 1").into_bytes();
        let go = move || {
            for (kind, namespace) in &self.join {
                join(namespace.as_raw_fd(), kind.flag().bits())?;
            }
            if self.new_user {
                unshare(libc::CLONE_NEWUSER)?;
                write(c"/proc/self/setgroups", b"deny")?;
                write(c"/proc/self/uid_map", &uid_map)?;
                write(c"/proc/self/gid_map", &gid_map)?;
            }
            if self.new != 0 {
                unshare(self.new)?;
            }
            if let Some(directory) = &self.directory {
                change_directory(directory);
            }
            match self.capabilities {
                Capabilities::Unchanged => Ok(()),
                Capabilities::Ambient => capability::raise(),
                Capabilities::Dropped => capability::lower(),
            }
        };
        // SAFETY: the closure makes system calls on memory prepared before the
        // fork; it neither allocates nor takes a lock, as a child of a process
        // with threads must not.
        unsafe { command.pre_exec(go) };
    }
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn join(namespace: RawFd, kind: libc::c_int) -> io::Result<()> {
    // SAFETY: integers only.
    checked(unsafe { libc::setns(namespace, kind) }).map(drop)
}

fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: integers only.
    checked(unsafe { libc::unshare(flags) }).map(drop)
}

fn write(path: &std::ffi::CStr, bytes: &[u8]) -> io::Result<()> {
    // SAFETY: path is NUL-terminated; bytes are valid for their length; the
    // descriptor is this function's own and closed once.
    unsafe {
        let file = checked(libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC))?;
        let written = libc::write(file, bytes.as_ptr().cast(), bytes.len());
        let result = if written < 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
        libc::close(file);
        result
    }
}

fn change_directory(directory: &std::ffi::CStr) {
    // SAFETY: both paths are NUL-terminated.
    unsafe {
        if libc::chdir(directory.as_ptr()) < 0 {
            libc::chdir(c"/".as_ptr());
        }
    }
}
