//! Sockets for servers, with the options that every server wants.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::socket::Context;

/// Connections that may wait for accept; Linux's own ceiling
/// (net.core.somaxconn) since 5.4.
pub const BACKLOG_DEFAULT: u32 = 4096;

/// A listening socket in the calling thread's network namespace, non-blocking,
/// ready for tokio.
///
/// SO_REUSEADDR, so that a restart does not wait for TIME-WAIT; an IPv6 socket
/// takes IPv6 only, so that both families can be bound side by side.
pub fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = bound(address, Type::STREAM, Protocol::TCP)?;
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    socket.listen(backlog).context("listen on", address)?;
    Ok(socket.into())
}

/// A UDP socket bound to `address` in the calling thread's network namespace,
/// non-blocking, ready for tokio.
pub fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    Ok(bound(address, Type::DGRAM, Protocol::UDP)?.into())
}

fn bound(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket =
        Socket::new(Domain::for_address(address), kind.nonblocking().cloexec(), Some(protocol))
            .context("open a socket for", address)?;
    if kind == Type::STREAM {
        // Not for UDP: there it would let two servers share a port unseen.
        socket.set_reuse_address(true).context("set SO_REUSEADDR for", address)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(true).context("set IPV6_V6ONLY for", address)?;
    }
    socket.bind(&address.into()).context("bind to", address)?;
    Ok(socket)
}

/// Makes the close of a connection send a RST instead of a FIN (SO_LINGER
/// with 0 seconds).
pub fn reset_on_close(socket: &impl AsFd) -> io::Result<()> {
    SockRef::from(socket).set_linger(Some(Duration::ZERO))
}
