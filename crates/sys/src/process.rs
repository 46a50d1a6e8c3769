//! Processes: who holds a port, who is at the other end of a UNIX socket, and
//! ending what one started.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub use libc::{SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::ports;

/// The executable that is running, even when its file has been replaced.
pub const SELF_EXE: &str = "/proc/self/exe";

/// Processes looked at for the holder of a port, and of a family tree: more
/// than Linux's default pid_max of 32768 on small machines.
const PROCESSES_MAX: usize = 100_000;

/// Which table of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TCP listeners.
    Tcp,
    /// UDP sockets.
    Udp,
}

/// A process that holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// The name of its program, as the kernel keeps it (15 octets).
    pub name: String,
}

/// Who holds `port` in the calling thread's network namespace.
///
/// `None` also where it is a process of another user, whose descriptors an
/// ordinary user cannot see.
pub fn holder_of_port(protocol: Protocol, port: u16) -> Option<Holder> {
    holder_of(&socket_inodes(protocol, port))
}

/// Who holds the Unix socket that was bound to `path` (`@name` for an abstract
/// one), in the calling thread's network namespace.
pub fn holder_of_path(path: &Path) -> Option<Holder> {
    let table = fs::read("/proc/thread-self/net/unix").ok()?;
    let wanted = path.as_os_str().as_bytes();
    // Num RefCount Protocol Flags Type St Inode Path
    let inodes = table.split(|&byte| byte == b'\n').filter_map(|line| {
        let line = line.strip_suffix(wanted)?.strip_suffix(b" ")?;
        let inode = line.rsplit(|&byte| byte == b' ').next()?;
        std::str::from_utf8(inode).ok()?.parse().ok()
    });
    holder_of(&inodes.collect())
}

/// TCP connections of this port in TIME-WAIT, in the calling thread's network
/// namespace.
pub fn connections_in_time_wait(port: u16) -> usize {
    let sockets = ports::sockets(Protocol::Tcp).into_iter();
    sockets.filter(|socket| socket.local.port() == port && socket.is_in_time_wait()).count()
}

/// The first process that has one of these sockets open.
fn holder_of(inodes: &HashSet<u64>) -> Option<Holder> {
    if inodes.is_empty() {
        return None;
    }
    let holds = |pid: &u32| sockets_of(*pid).any(|inode| inodes.contains(&inode));
    process_ids().into_iter().find(holds).map(holder)
}

/// The first process of each of these sockets.
pub(crate) fn holders_of(inodes: &HashSet<u64>) -> HashMap<u64, Holder> {
    let mut found = HashMap::new();
    for pid in process_ids() {
        if found.len() == inodes.len() {
            break;
        }
        for inode in sockets_of(pid).filter(|inode| inodes.contains(inode)) {
            found.entry(inode).or_insert_with(|| holder(pid));
        }
    }
    found
}

fn holder(pid: u32) -> Holder {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"));
    Holder { pid, name: name.map(|name| name.trim_end().to_owned()).unwrap_or_default() }
}

/// The inodes of the sockets that a process has open.
fn sockets_of(pid: u32) -> impl Iterator<Item = u64> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let to = fs::read_link(entry.path()).ok()?;
        to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    })
}

/// Addresses on which something listens (TCP) or is bound (UDP) at `port` in
/// the calling thread's network namespace.
pub fn addresses_bound(protocol: Protocol, port: u16) -> Vec<IpAddr> {
    listening(protocol, port).map(|socket| socket.local.ip()).collect()
}

fn socket_inodes(protocol: Protocol, port: u16) -> HashSet<u64> {
    listening(protocol, port).map(|socket| socket.inode).filter(|inode| *inode != 0).collect()
}

fn listening(protocol: Protocol, port: u16) -> impl Iterator<Item = ports::Socket> {
    let sockets = ports::sockets(protocol).into_iter();
    sockets.filter(move |socket| socket.local.port() == port && socket.listens())
}

fn process_ids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .take(PROCESSES_MAX)
        .collect()
}

/// Who is at the other end of a connected UNIX socket (SO_PEERCRED).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerCredentials {
    /// Process id, as seen from this PID namespace; 0 if it is not in it.
    pub pid: u32,
    /// Effective user id at the time of connect().
    pub user: u32,
    /// Effective group id at the time of connect().
    pub group: u32,
}

/// Asks the kernel who connected.
pub fn peer_credentials(socket: &impl AsFd) -> io::Result<PeerCredentials> {
    use nix::sys::socket::{getsockopt, sockopt};
    let credentials = getsockopt(&socket.as_fd(), sockopt::PeerCredentials)?;
    Ok(PeerCredentials {
        pid: u32::try_from(credentials.pid()).unwrap_or(0),
        user: credentials.uid(),
        group: credentials.gid(),
    })
}

/// Orphans among this process's descendants become its own children
/// (PR_SET_CHILD_SUBREAPER).
pub fn become_subreaper() -> io::Result<()> {
    Ok(nix::sys::prctl::set_child_subreaper(true)?)
}

/// The kernel ends this process (SIGKILL) when the thread that started it is
/// gone (PR_SET_PDEATHSIG). Forgotten when user namespaces or ids change, so
/// call it after that; and compare the parent's id then, as it may have gone
/// before.
pub fn die_with_parent() -> io::Result<()> {
    Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?)
}

/// Like [`die_with_parent`], for a program that is yet to be started: it ends
/// when the thread that starts it does. Whoever starts it has to see to it
/// itself that the program is not gone before it is asked.
pub fn end_with_this_thread(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: prctl(2) is async-signal-safe; the closure allocates nothing.
    unsafe { command.pre_exec(die_with_parent) };
}

/// The effective user id.
pub fn uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// The effective group id.
pub fn gid() -> u32 {
    nix::unistd::getegid().as_raw()
}

/// Leaves the terminal and the caller's process group (setsid(2)).
pub fn new_session() -> io::Result<()> {
    Ok(nix::unistd::setsid().map(drop)?)
}

/// Whether the terminal's keys reach this process: it has a terminal, and its
/// process group is the one in the foreground there (proc(5), `tpgid`).
pub fn is_in_foreground() -> bool {
    fs::read_to_string("/proc/self/stat").is_ok_and(|stat| foreground_in(&stat))
}

fn foreground_in(stat: &str) -> bool {
    // The name before may hold spaces and brackets.
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let [_state, _parent, group, _session, _terminal, foreground, ..] =
        rest.split_ascii_whitespace().collect::<Vec<_>>()[..]
    else {
        return false;
    };
    group == foreground
}

/// Writing to a closed socket or pipe gives EPIPE instead of ending the
/// process. Rust does this before `main`; who runs earlier has to ask for it.
pub fn ignore_broken_pipe() -> io::Result<()> {
    use nix::sys::signal::{SigHandler, signal};
    // SAFETY: SIG_IGN runs no code.
    Ok(unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) }.map(drop)?)
}

/// Raises the soft limit of open descriptors to the hard one (RLIMIT_NOFILE):
/// the soft one is low for the sake of programs that use select(2).
pub fn raise_descriptor_limit() -> io::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}

/// Sends a signal by number; 0 only asks whether the process is there. To one
/// process only: id 0, which kill(2) takes for the own group, is ESRCH.
pub fn signal(pid: u32, number: i32) -> io::Result<()> {
    let pid = i32::try_from(pid)
        .ok()
        .filter(|&pid| pid != 0)
        .ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))?;
    let signal = match number {
        0 => None,
        number => Some(Signal::try_from(number)?),
    };
    Ok(nix::sys::signal::kill(Pid::from_raw(pid), signal)?)
}

/// When a process started, in clock ticks since boot: with the id, a name that
/// is never used twice. `None` when there is no such process.
pub fn start_ticks(pid: u32) -> Option<u64> {
    const START_TIME: usize = 22 - 3; // proc_pid_stat(5), counted after the name
    stat_fields(pid)?.get(START_TIME)?.parse().ok()
}

/// The children of a process, their children, and so on, as they are now.
pub fn descendants(pid: u32) -> Vec<u32> {
    const PARENT: usize = 4 - 3;
    let parents: Vec<(u32, u32)> = process_ids()
        .into_iter()
        .filter_map(|child| Some((child, stat_fields(child)?.get(PARENT)?.parse().ok()?)))
        .collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        next += 1;
        let children = parents.iter().filter(|(_, its)| *its == parent).map(|(child, _)| *child);
        let fresh: Vec<u32> = children.filter(|child| !found.contains(child)).collect();
        found.extend(fresh);
    }
    found.split_off(1)
}

/// Ends every descendant of a process (SIGKILL), again until there is none
/// that could be ended, for one may have forked meanwhile. As a sub-reaper the
/// caller has yet to wait for them.
pub fn kill_descendants(pid: u32) {
    const ROUNDS_MAX: usize = 8;
    for _ in 0..ROUNDS_MAX {
        let ended = descendants(pid)
            .into_iter()
            .filter(|child| !is_zombie(*child))
            .fold(0, |n, child| n + usize::from(signal(child, SIGKILL).is_ok()));
        if ended == 0 {
            break;
        }
    }
}

/// Collects children that have ended, without waiting; returns how many.
pub fn reap() -> usize {
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    let mut reaped = 0;
    while reaped < PROCESSES_MAX {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(_) => break,
            Ok(_) => reaped += 1,
        }
    }
    reaped
}

/// Collects children that have ended, without waiting, but leaves this one to
/// whoever waits for it.
pub fn reap_others(kept: u32) {
    use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    for _ in 0..PROCESSES_MAX {
        let ended = waitid(Id::All, look).ok().and_then(|status| status.pid());
        match ended {
            Some(pid) if u32::try_from(pid.as_raw()).ok() != Some(kept) => {
                // It has ended, so this does not wait; it may only be gone.
                let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
            }
            _ => break,
        }
    }
}

fn is_zombie(pid: u32) -> bool {
    stat_fields(pid).is_none_or(|fields| fields.first().is_some_and(|state| state == "Z"))
}

/// The fields of /proc/PID/stat after the name, which may itself hold blanks
/// and parentheses.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_ascii_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_foreground_is_read_from_the_kernel_s_line() {
        assert!(foreground_in("12 (a b) c) S 1 12 12 34816 12 4194560 0"));
        assert!(!foreground_in("12 (sh) S 1 12 12 34816 99 4194560 0"));
        assert!(!foreground_in("12 (sh) S 1 12 12 0 -1 4194560 0"));
        assert!(!foreground_in("12 (sh) S"));
        assert!(!foreground_in(""));
    }

    #[test]
    fn this_process_holds_its_own_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = listener.local_addr().expect("address").port();
        let holder = holder_of_port(Protocol::Tcp, port).expect("a holder");
        assert_eq!(holder.pid, std::process::id());
        assert_eq!(addresses_bound(Protocol::Tcp, port), [IpAddr::from([127, 0, 0, 1])]);
        drop(listener);
        assert_eq!(holder_of_port(Protocol::Tcp, port), None);
    }

    #[test]
    fn a_child_is_a_descendant_until_it_is_killed() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().expect("sleep");
        assert!(descendants(std::process::id()).contains(&child.id()));
        assert!(start_ticks(child.id()).is_some_and(|ticks| ticks > 0));
        signal(child.id(), SIGKILL).expect("kill");
        child.wait().expect("wait");
        assert!(!descendants(std::process::id()).contains(&child.id()));
        assert_eq!(start_ticks(child.id()), None);
        for nobody in [0, u32::MAX] {
            let error = signal(nobody, 0).expect_err("no such process");
            assert_eq!(error.raw_os_error(), Some(libc::ESRCH));
        }
    }

    #[test]
    fn the_peer_of_a_pair_is_oneself() {
        let (left, _right) = std::os::unix::net::UnixStream::pair().expect("a pair");
        let peer = peer_credentials(&left).expect("credentials");
        assert_eq!(peer.pid, std::process::id());
    }
}
