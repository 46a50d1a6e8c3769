//! Giving rights up: what a server no longer needs once its sockets are bound.

use std::ffi::CString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    path_beneath_rules,
};
use nix::unistd::{self, Gid, Uid, User};

use crate::socket::Context;

pub use crate::process::raise_descriptor_limit;

/// The newest access rights that are known here (Linux 6.10); an older kernel
/// enforces those that it has.
const RIGHTS: ABI = ABI::V5;

/// A directory or file that stays reachable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// It and all below it.
    pub path: PathBuf,
    /// Whether it may be changed, or only read.
    pub writable: bool,
}

/// What the kernel did to confine this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confined {
    /// Programs that are started gain no rights (PR_SET_NO_NEW_PRIVS).
    pub no_new_privileges: bool,
    /// How far the rest of the file system is out of reach.
    pub files: Files,
    /// What stays reachable.
    pub allowed: Vec<Allowed>,
}

/// How far Landlock restricts the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// Every right that was to be taken is gone.
    Restricted,
    /// This kernel knows some of the rights only.
    PartlyRestricted,
    /// This kernel has no Landlock, or it is switched off.
    NotRestricted,
}

/// One line, as a server says it.
impl fmt::Display for Confined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.files {
            Files::Restricted => "confined by Landlock",
            Files::PartlyRestricted => "confined in part by Landlock (an older kernel)",
            Files::NotRestricted => "not confined: this kernel has no Landlock",
        })?;
        if self.files != Files::NotRestricted {
            for (writable, how) in [(false, " to reading"), (true, " and writing")] {
                let mut paths = self.allowed.iter().filter(|one| one.writable == writable);
                if let Some(first) = paths.next() {
                    write!(f, "{how} {}", first.path.display())?;
                    paths.try_for_each(|one| write!(f, ", {}", one.path.display()))?;
                }
            }
        }
        f.write_str(if self.no_new_privileges { "; no new privileges" } else { "" })
    }
}

/// Takes away the right to touch any file but these, and to gain privileges
/// by starting programs; for the calling thread and those that it starts, so
/// it is to be called before there are others.
///
/// What the kernel cannot do is in the answer, not an error.
///
/// # Errors
/// When a path cannot be opened, or other threads run already.
pub fn to_files(allowed: &[Allowed]) -> io::Result<Confined> {
    if threads() > 1 {
        let error = io::Error::other("other threads of this process would stay free");
        return Err(error).context("confine", "this process");
    }
    for one in allowed {
        fs::metadata(&one.path).context("confine to", one.path.display())?;
    }
    let paths = |writable: bool| {
        let chosen = allowed.iter().filter(move |one| one.writable == writable);
        chosen.map(|one| one.path.as_path()).collect::<Vec<&Path>>()
    };
    let all = AccessFs::from_all(RIGHTS);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // Devices have nothing to control, programs need not be started.
    let write = all & !AccessFs::Execute & !AccessFs::IoctlDev;
    let status = Ruleset::default()
        .handle_access(all)
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(paths(false), read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(paths(true), write)))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(io::Error::other)
        .context("confine", "this process")?;
    Ok(Confined {
        no_new_privileges: status.no_new_privs,
        files: match status.ruleset {
            RulesetStatus::FullyEnforced => Files::Restricted,
            RulesetStatus::PartiallyEnforced => Files::PartlyRestricted,
            RulesetStatus::NotEnforced => Files::NotRestricted,
        },
        allowed: allowed.to_vec(),
    })
}

/// Programs that this thread, and those that it will start, run gain no rights
/// (PR_SET_NO_NEW_PRIVS).
pub fn no_new_privileges() -> io::Result<()> {
    nix::sys::prctl::set_no_new_privs().map_err(io::Error::from).context("set", "no_new_privs")
}

/// Threads of this process; 1 where it cannot be asked.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// Whom a process became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BecameUser {
    /// The user's name.
    pub name: String,
    /// Its id.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// Becomes an ordinary user, for good: supplementary groups, group, user, in
/// this order, in every thread; then makes sure that there is no way back.
///
/// # Errors
/// When there is no such user, when it is root, or when the kernel refuses
/// (only root may become another user).
pub fn become_user(name: &str) -> io::Result<BecameUser> {
    let target = format!("user {name}");
    let found = User::from_name(name).map_err(io::Error::from).context("look up", &target)?;
    let Some(user) = found else {
        let error = io::Error::new(io::ErrorKind::NotFound, "there is no such user");
        return Err(error).context("become", target);
    };
    if user.uid.is_root() {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "that would give nothing up");
        return Err(error).context("become", target);
    }
    let done = |user: &User| BecameUser {
        name: user.name.clone(),
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
    };
    if is_already(&user) {
        return Ok(done(&user));
    }
    let c_name = CString::new(name)?;
    let groups = unistd::getgrouplist(&c_name, user.gid).map_err(io::Error::from);
    unistd::setgroups(&groups.context("find the groups of", &target)?)
        .and_then(|()| unistd::setresgid(user.gid, user.gid, user.gid))
        .and_then(|()| unistd::setresuid(user.uid, user.uid, user.uid))
        .map_err(io::Error::from)
        .context("become", &target)?;
    let back = unistd::setuid(Uid::from_raw(0)).is_ok() || unistd::setgid(Gid::from_raw(0)).is_ok();
    if back || unistd::geteuid() != user.uid || unistd::getegid() != user.gid {
        let error = io::Error::other("the old rights are still there");
        return Err(error).context("become", target);
    }
    Ok(done(&user))
}

/// Nothing is to be done for who is that user already.
fn is_already(user: &User) -> bool {
    unistd::getuid() == user.uid && unistd::geteuid() == user.uid && unistd::getegid() == user.gid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said_in_one_line() {
        let confined = Confined {
            no_new_privileges: true,
            files: Files::Restricted,
            allowed: vec![
                Allowed { path: "/srv".into(), writable: false },
                Allowed { path: "/srv/in".into(), writable: true },
            ],
        };
        assert_eq!(
            confined.to_string(),
            "confined by Landlock to reading /srv and writing /srv/in; no new privileges"
        );
        let none = Confined { files: Files::NotRestricted, no_new_privileges: false, ..confined };
        assert_eq!(none.to_string(), "not confined: this kernel has no Landlock");
    }

    #[test]
    fn nobody_becomes_root_or_a_user_that_is_not_there() {
        for name in ["root", "no-such-user-here", "a\0b"] {
            assert!(become_user(name).is_err(), "{name:?}");
        }
    }
}
