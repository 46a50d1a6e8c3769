//! Namespaces of Linux (namespaces(7)): making, entering, holding.
//!
//! A socket belongs for ever to the network namespace in which it was made,
//! so one process can serve many: walk with [`in_network_namespace`], open,
//! and use the sockets anywhere.

pub mod capability;
mod entry;
pub mod mount;

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::sched::CloneFlags;

pub use entry::Entry;

/// How far it came, so that a caller can say in words which permission is
/// missing. The order is that in which a lab is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// unshare(CLONE_NEWUSER).
    UserNamespace,
    /// Writing setgroups, uid_map and gid_map.
    IdMap,
    /// Raising or dropping capabilities.
    Capabilities,
    /// unshare(CLONE_NEWNS) and making mounts private.
    MountNamespace,
    /// A mount inside the own mount namespace.
    Mount,
    /// unshare(CLONE_NEWUTS), the host name.
    UtsNamespace,
    /// unshare(CLONE_NEWPID).
    PidNamespace,
    /// unshare(CLONE_NEWNET).
    NetworkNamespace,
    /// Other kinds.
    OtherNamespace,
    /// setns() or opening the file that names a namespace.
    Enter,
    /// Writing below /proc/sys.
    Sysctl,
}

/// What could not be done, to what, and what the kernel said.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {target}: {source}")]
pub struct NamespaceError {
    /// How far it came.
    pub stage: Stage,
    /// What was tried, such as `write`.
    pub operation: &'static str,
    /// To what, such as `/proc/self/uid_map`.
    pub target: String,
    /// The errno.
    pub source: io::Error,
}

impl NamespaceError {
    /// The kernel's errno.
    pub fn errno(&self) -> Option<i32> {
        self.source.raw_os_error()
    }

    pub(crate) fn at(
        stage: Stage,
        operation: &'static str,
        target: impl ToString,
        source: impl Into<io::Error>,
    ) -> Self {
        NamespaceError { stage, operation, target: target.to_string(), source: source.into() }
    }
}

/// The kinds of namespace that plumb uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Users, groups and capabilities.
    User,
    /// Mounts.
    Mount,
    /// Host name.
    Uts,
    /// System V objects.
    Ipc,
    /// Interfaces, routes, sockets.
    Network,
    /// Process ids; only children enter.
    Pid,
}

impl Kind {
    fn flag(self) -> CloneFlags {
        match self {
            Kind::User => CloneFlags::CLONE_NEWUSER,
            Kind::Mount => CloneFlags::CLONE_NEWNS,
            Kind::Uts => CloneFlags::CLONE_NEWUTS,
            Kind::Ipc => CloneFlags::CLONE_NEWIPC,
            Kind::Network => CloneFlags::CLONE_NEWNET,
            Kind::Pid => CloneFlags::CLONE_NEWPID,
        }
    }

    /// The file's name below /proc/PID/ns.
    fn file(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Mount => "mnt",
            Kind::Uts => "uts",
            Kind::Ipc => "ipc",
            Kind::Network => "net",
            Kind::Pid => "pid",
        }
    }

    fn stage(self) -> Stage {
        match self {
            Kind::User => Stage::UserNamespace,
            Kind::Mount => Stage::MountNamespace,
            Kind::Uts => Stage::UtsNamespace,
            Kind::Network => Stage::NetworkNamespace,
            Kind::Pid => Stage::PidNamespace,
            Kind::Ipc => Stage::OtherNamespace,
        }
    }
}

/// Whether a user namespace has to be entered before others can be made:
/// false for a process that holds CAP_SYS_ADMIN already.
pub fn needs_user_namespace() -> bool {
    !capability::holds(capability::SYS_ADMIN)
}

/// Enters a new user namespace in which the caller keeps its own user and
/// group ids and holds every capability.
///
/// The process must have one thread only (EINVAL else).
pub fn enter_user_namespace() -> Result<(), NamespaceError> {
    let user = nix::unistd::geteuid();
    let group = nix::unistd::getegid();
    unshare(Kind::User)?;
    // Before gid_map: only a process that can no longer call setgroups may
    // map its group without privilege (user_namespaces(7)).
    write_map("/proc/self/setgroups", "deny")?;
    write_map("/proc/self/uid_map", &format!("{user} {user} 1"))?;
    write_map("/proc/self/gid_map", &format!("{group} {group} 1"))
}

fn write_map(path: &str, text: &str) -> Result<(), NamespaceError> {
    fs::write(path, text).map_err(|error| NamespaceError::at(Stage::IdMap, "write", path, error))
}

/// Moves the calling thread into a new namespace of this kind; for
/// [`Kind::Pid`] its future children instead.
pub fn unshare(kind: Kind) -> Result<(), NamespaceError> {
    nix::sched::unshare(kind.flag()).map_err(|errno| {
        NamespaceError::at(kind.stage(), "make a namespace of kind", kind.file(), errno)
    })
}

/// Moves the calling thread into a mount namespace of its own, from which
/// nothing shows outside.
pub fn unshare_mounts() -> Result<(), NamespaceError> {
    unshare(Kind::Mount)?;
    mount::make_private("/")
}

/// Makes a network namespace, with nothing in it but a loopback interface that
/// is down. The calling thread stays where it is; the namespace lives as long
/// as the descriptor, a socket in it or a thread inside.
pub fn new_network_namespace() -> Result<OwnedFd, NamespaceError> {
    on_a_fresh_thread(|| {
        unshare(Kind::Network)?;
        current(Kind::Network)
    })
}

/// The calling thread's namespace of this kind.
pub fn current(kind: Kind) -> Result<OwnedFd, NamespaceError> {
    open(format!("/proc/thread-self/ns/{}", kind.file()))
}

/// Another process's namespace of this kind.
pub fn of_process(pid: u32, kind: Kind) -> Result<OwnedFd, NamespaceError> {
    open(format!("/proc/{pid}/ns/{}", kind.file()))
}

fn open(path: String) -> Result<OwnedFd, NamespaceError> {
    match File::open(Path::new(&path)) {
        Ok(file) => Ok(file.into()),
        Err(error) => Err(NamespaceError::at(Stage::Enter, "open", path, error)),
    }
}

/// Moves the calling thread into a namespace; for [`Kind::Pid`] its future
/// children instead, and for [`Kind::User`] the process, which must have one
/// thread only.
pub fn enter(namespace: impl AsFd, kind: Kind) -> Result<(), NamespaceError> {
    nix::sched::setns(namespace, kind.flag()).map_err(|errno| {
        NamespaceError::at(Stage::Enter, "enter a namespace of kind", kind.file(), errno)
    })
}

/// Runs `work` on a fresh thread inside a network namespace, waits for it and
/// returns what it returned. Sockets made there stay in that namespace.
///
/// A tokio socket has to be made from the std socket afterwards, by the
/// caller: the fresh thread has no runtime.
pub fn in_network_namespace<T: Send>(
    namespace: impl AsFd,
    work: impl FnOnce() -> T + Send,
) -> Result<T, NamespaceError> {
    let namespace = namespace.as_fd();
    on_a_fresh_thread(|| {
        enter(namespace, Kind::Network)?;
        Ok(work())
    })
}

fn on_a_fresh_thread<T: Send>(
    work: impl FnOnce() -> Result<T, NamespaceError> + Send,
) -> Result<T, NamespaceError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("netns".to_owned())
            .spawn_scoped(scope, work)
            .map_err(|error| NamespaceError::at(Stage::Enter, "start", "a thread", error))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Sets the host name of the calling thread's UTS namespace.
pub fn set_hostname(name: &str) -> Result<(), NamespaceError> {
    nix::unistd::sethostname(name).map_err(|errno| {
        NamespaceError::at(Stage::UtsNamespace, "set the host name to", name, errno)
    })
}
