//! Capabilities (capabilities(7)): who holds them, passing them on, and
//! putting them down for good.

use std::io;

use super::{NamespaceError, Stage};

/// CAP_SYS_ADMIN: make namespaces, mount.
pub const SYS_ADMIN: u8 = 21;
const SETPCAP: u8 = 8;
/// CAP_NET_BIND_SERVICE: bind ports that an ordinary user may not.
pub const NET_BIND_SERVICE: u8 = 10;

/// Capabilities are numbered from 0 in two words of 32 bits.
const CAPABILITIES_MAX: u8 = 64;
const VERSION_3: u32 = 0x2008_0522;

/// SECBIT_NOROOT and its lock: user id 0 means nothing to execve.
const NO_ROOT_LOCKED: libc::c_ulong = 0b11;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Whether the calling thread holds this capability (is it effective).
pub fn holds(capability: u8) -> bool {
    let word = usize::from(capability / 32);
    let bit = 1_u32 << (capability % 32);
    get().is_ok_and(|words| words.get(word).is_some_and(|word| word.effective & bit != 0))
}

/// Whether the calling thread holds or could take any capability.
pub fn holds_any() -> bool {
    get().is_ok_and(|words| words.iter().any(|word| word.effective | word.permitted != 0))
}

/// Lets every capability that the thread holds survive execve, also for a user
/// other than 0.
pub fn raise_ambient_all() -> Result<(), NamespaceError> {
    let refused = |operation: &'static str, error: io::Error| {
        NamespaceError::at(Stage::Capabilities, operation, "ambient capabilities", error)
    };
    raise().map_err(|error| refused("raise", error))
}

/// Allocates nothing: it also runs between fork and execve.
pub(super) fn raise() -> io::Result<()> {
    let mut words = get()?;
    for word in &mut words {
        word.inheritable = word.permitted;
        word.effective = word.permitted;
    }
    set(words)?;
    for capability in 0..CAPABILITIES_MAX {
        let bit = 1_u32 << (capability % 32);
        if words[usize::from(capability / 32)].permitted & bit != 0 {
            prctl(
                libc::PR_CAP_AMBIENT,
                libc::PR_CAP_AMBIENT_RAISE as libc::c_ulong,
                capability.into(),
            )?;
        }
    }
    Ok(())
}

/// Puts down every capability for good: ambient, bounding, inheritable,
/// permitted and effective sets, user id 0's special treatment, and whatever a
/// set-user-id program could give.
pub fn drop_all() -> Result<(), NamespaceError> {
    lower()
        .map_err(|error| NamespaceError::at(Stage::Capabilities, "drop", "all capabilities", error))
}

/// Allocates nothing: it also runs between fork and execve.
pub(super) fn lower() -> io::Result<()> {
    // From now on execve gives no privilege that the thread does not have.
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0)?;
    // Kernels before 4.3 have no ambient set.
    let _ = prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong, 0);
    let words = get()?;
    if words[0].effective & (1 << SETPCAP) != 0 {
        for capability in 0..CAPABILITIES_MAX {
            match prctl(libc::PR_CAPBSET_DROP, capability.into(), 0) {
                Ok(()) => {}
                // One past the last that this kernel knows.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
                Err(error) => return Err(error),
            }
        }
        prctl(libc::PR_SET_SECUREBITS, NO_ROOT_LOCKED, 0)?;
    }
    // Without CAP_SETPCAP the bounding set stays, but with no_new_privs and
    // nothing permitted, execve cannot give what it still names.
    set([Word::default(); 2])
}

fn prctl(option: libc::c_int, second: libc::c_ulong, third: libc::c_ulong) -> io::Result<()> {
    let zero: libc::c_ulong = 0;
    // SAFETY: the options used in this file take integers only.
    let result = unsafe { libc::prctl(option, second, third, zero, zero) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn get() -> io::Result<[Word; 2]> {
    let mut header = Header { version: VERSION_3, pid: 0 };
    let mut words = [Word::default(); 2];
    // SAFETY: version 3 writes two words; both structs have the kernel's
    // layout and outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, words.as_mut_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(words) }
}

fn set(words: [Word; 2]) -> io::Result<()> {
    let mut header = Header { version: VERSION_3, pid: 0 };
    // SAFETY: as in get(); the kernel only reads the words.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, words.as_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
