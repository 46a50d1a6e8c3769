//! Sockets for servers, and for clients whose connection is made later.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use socket2::{Protocol, SockRef, Type};

use crate::socket::{self, Context};

/// Connections that may wait for accept; Linux's own ceiling
/// (net.core.somaxconn) since 5.4.
pub const BACKLOG_DEFAULT: u32 = 4096;

/// A listening socket in the calling thread's network namespace, non-blocking,
/// ready for tokio.
///
/// SO_REUSEADDR, so that a restart does not wait for TIME-WAIT; an IPv6 socket
/// takes IPv6 only, so that both families can be bound side by side.
pub fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = socket::open(address, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true).context("set SO_REUSEADDR for", address)?;
    socket::bind(&socket, address)?;
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    socket.listen(backlog).context("listen on", address)?;
    Ok(socket.into())
}

/// A socket in the calling thread's network namespace, non-blocking and not
/// connected, for `server` to be connected to from any thread.
pub fn unconnected(server: SocketAddr) -> io::Result<OwnedFd> {
    Ok(socket::open(server, Type::STREAM, Protocol::TCP)?.into())
}

/// Makes the close of a connection send a RST instead of a FIN (SO_LINGER
/// with 0 seconds).
pub fn reset_on_close(socket: &impl AsFd) -> io::Result<()> {
    SockRef::from(socket).set_linger(Some(Duration::ZERO))
}
