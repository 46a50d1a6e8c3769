//! Binding what was asked for, all of it before anything is served.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};

use crate::args::listen::{Host, HostPort, ListenAddress};
use crate::args::serve::ListenArgs;
use crate::error::CommandError;

/// A socket that is bound.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Socket {
    /// `tcp://127.0.0.1:8080`.
    pub(super) fn name(&self) -> String {
        let (scheme, local) = match self {
            Socket::Tcp(listener) => ("tcp", listener.local_addr()),
            Socket::Udp(socket) => ("udp", socket.local_addr()),
        };
        local.map_or_else(|_| format!("{scheme}://?"), |local| format!("{scheme}://{local}"))
    }
}

pub(super) fn all(
    args: &ListenArgs,
    port: u16,
    datagrams: bool,
) -> Result<Vec<Socket>, CommandError> {
    let default = [ListenAddress::Tcp { at: HostPort { host: Host::Unsaid, port }, tls: false }];
    let wanted = if args.listen.is_empty() { &default[..] } else { &args.listen };
    let mut sockets = Vec::new();
    for one in wanted {
        match one {
            ListenAddress::Tcp { at, .. } => {
                for address in addresses(at)? {
                    let listener = plumb_sys::tcp::listen(address, plumb_sys::tcp::BACKLOG_DEFAULT)
                        .map_err(|error| CommandError::not_measured(error.to_string()))?;
                    sockets.push(Socket::Tcp(listener));
                }
            }
            ListenAddress::Udp { at } if datagrams => {
                for address in addresses(at)? {
                    let socket = UdpSocket::bind(address)
                        .map_err(|error| CommandError::not_measured(error.to_string()))?;
                    sockets.push(Socket::Udp(socket));
                }
            }
            other => return Err(CommandError::usage(format!("cannot listen on {other:?}"))),
        }
    }
    Ok(sockets)
}

fn addresses(at: &HostPort) -> Result<Vec<SocketAddr>, CommandError> {
    if let Some(addresses) = at.host.addresses() {
        return Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, at.port)).collect());
    }
    let Host::Name(name) = &at.host else { return Ok(Vec::new()) };
    let found = (name.as_str(), at.port).to_socket_addrs();
    let found =
        found.map_err(|error| CommandError::usage(format!("cannot listen on {name}: {error}")))?;
    Ok(found.collect())
}
