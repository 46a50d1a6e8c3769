//! Sockets that another process bound: systemd's socket activation, and
//! whoever else passes a descriptor on.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use super::{Bound, BoundSocket, Step, applied, make_own};
use crate::options::{Nature, SocketOptions};
use crate::socket::{Context, integer_option};

/// The first descriptor that can be handed over; the three before it are the
/// standard streams (sd_listen_fds(3)).
const FIRST: RawFd = 3;

/// Descriptors that have been taken over.
static TAKEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

/// Takes a descriptor over, finds out what it is, and applies what can still
/// be applied.
pub(super) fn adopt(descriptor: RawFd, options: &SocketOptions) -> io::Result<Bound> {
    let shown = format!("descriptor {descriptor}");
    let owned = take(descriptor).context("take over", &shown)?;
    make_own(&owned).context("take over", &shown)?;
    let nature = Nature::of(&owned).context("find out what is", &shown)?;
    let listens = integer_option(&owned, libc::SOL_SOCKET, libc::SO_ACCEPTCONN)
        .context("find out what is", &shown)?
        != 0;
    let options_steps = applied(&owned, options)?;
    let socket = match (nature.is_ip(), nature.domain, nature.kind, listens) {
        (true, _, libc::SOCK_STREAM, true) => BoundSocket::Tcp(owned.into()),
        (true, _, libc::SOCK_DGRAM, _) => BoundSocket::Udp(owned.into()),
        (_, libc::AF_UNIX, libc::SOCK_STREAM, true) => BoundSocket::Unix(owned.into()),
        (_, libc::AF_UNIX, libc::SOCK_DGRAM, _) => BoundSocket::UnixDatagram(owned.into()),
        (_, _, libc::SOCK_STREAM, false) => {
            let error = io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is one connection, not a listening socket (Accept=yes passes those)",
            );
            return Err(error).context("listen on", shown);
        }
        _ => {
            let error = io::Error::new(io::ErrorKind::Unsupported, "a socket of another kind");
            return Err(error).context("listen on", shown);
        }
    };
    let mut steps = vec![Step::Inherited { descriptor, what: socket.to_string() }];
    steps.extend(options_steps);
    Ok(Bound { socket, steps, file: None })
}

fn take(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < FIRST {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a standard stream"));
    }
    // SAFETY: F_GETFD only reads, and says EBADF of a number that is not open.
    if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and the borrow ends before this function does.
    let open = unsafe { BorrowedFd::borrow_raw(descriptor) };
    if integer_option(&open, libc::SOL_SOCKET, libc::SO_TYPE).is_err() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a socket"));
    }
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !taken.insert(descriptor) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it was taken over before"));
    }
    // SAFETY: it is open, a socket above the standard streams, and taken over
    // only once. Whoever passes a number here says that it was handed to this
    // process, so nothing else in it owns the descriptor.
    let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
    debug_assert_eq!(owned.as_raw_fd(), descriptor);
    Ok(owned)
}
