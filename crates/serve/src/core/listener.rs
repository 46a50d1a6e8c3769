//! Listening sockets of either kind.

use std::io;
use std::os::unix::net::SocketAddr as UnixAddress;
use std::path::PathBuf;

use tokio::net::{TcpListener, UnixListener};

use super::socket::Socket;
use super::{Endpoint, Transport};

/// A socket that connections come to.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    pub(super) fn transport(&self) -> Transport {
        match self {
            Listener::Tcp(_) => Transport::Tcp,
            Listener::Unix(_) => Transport::Unix,
        }
    }

    pub(super) fn local(&self) -> io::Result<Endpoint> {
        match self {
            Listener::Tcp(tcp) => tcp.local_addr().map(Endpoint::Ip),
            Listener::Unix(unix) => unix.local_addr().map(|at| endpoint(&at.into())),
        }
    }

    /// The next connection, and who it is from.
    pub(super) async fn accept(&self) -> io::Result<(Socket, Endpoint)> {
        match self {
            Listener::Tcp(tcp) => {
                let (stream, peer) = tcp.accept().await?;
                Ok((Socket::Tcp(stream), Endpoint::Ip(peer)))
            }
            Listener::Unix(unix) => {
                let (stream, peer) = unix.accept().await?;
                Ok((Socket::Unix(stream), endpoint(&peer.into())))
            }
        }
    }
}

/// A Unix address; a name without a file begins with `@`, as ss(8) shows it.
fn endpoint(address: &UnixAddress) -> Endpoint {
    use std::os::linux::net::SocketAddrExt;
    let path = address.as_pathname().map(PathBuf::from);
    Endpoint::Unix(path.or_else(|| {
        let name = address.as_abstract_name()?;
        Some(PathBuf::from(format!("@{}", String::from_utf8_lossy(name))))
    }))
}
