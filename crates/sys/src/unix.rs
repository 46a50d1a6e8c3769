//! Unix sockets of clients.

use std::io;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;

use socket2::{Domain, Socket, Type};

use crate::listen::unix_address;
use crate::options::SocketOptions;
use crate::socket::Context;

/// Connects to a Unix stream socket; a path that begins with `@` is a name of
/// the abstract namespace. Non-blocking, ready for tokio.
///
/// # Errors
/// An error of connect() itself is returned raw: it is an answer. EAGAIN means
/// that the server's queue is full.
pub fn stream(path: &Path, options: &SocketOptions) -> io::Result<UnixStream> {
    connect(path, Type::STREAM, options).map(UnixStream::from)
}

/// Connects to a Unix datagram socket, from a name that the kernel chooses, so
/// that there is somewhere to answer to.
///
/// # Errors
/// As [`stream`].
pub fn datagram(path: &Path, options: &SocketOptions) -> io::Result<UnixDatagram> {
    let socket = connect(path, Type::DGRAM, options)?;
    let family = libc::AF_UNIX as libc::sa_family_t;
    // SAFETY: a family alone is a valid address for bind(2) (unix(7), autobind).
    let bound = unsafe {
        libc::bind(
            std::os::fd::AsRawFd::as_raw_fd(&socket),
            (&raw const family).cast(),
            size_of::<libc::sa_family_t>() as libc::socklen_t,
        )
    };
    if bound < 0 {
        return Err(io::Error::last_os_error()).context("name a socket for", path.display());
    }
    Ok(socket.into())
}

fn connect(path: &Path, kind: Type, options: &SocketOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, kind.nonblocking().cloexec(), None)
        .context("open a socket for", path.display())?;
    options.apply_before(&socket)?;
    socket.connect(&unix_address(path)?)?;
    Ok(socket)
}
