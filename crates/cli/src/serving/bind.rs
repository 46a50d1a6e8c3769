//! Binding what was asked for, all of it before anything is served.

use std::io;
use std::path::PathBuf;

use plumb_sys::listen::{self, Bound, BoundSocket, ListenAt};
use plumb_sys::names::Family;
use plumb_sys::options::SocketOptions;

use crate::args::address::{Address, Defaults, Transport};
use crate::args::serve::{ListenArgs, SYSTEMD};
use crate::environment;
use crate::error::CommandError;

/// What a server can serve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offers {
    /// The port unless told otherwise.
    pub(super) port: u16,
    /// Whether it answers datagrams.
    pub(super) datagrams: bool,
}

/// A place to listen on, as it was asked for.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Address(Address),
    Systemd,
}

/// A socket that is bound.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) bound: Bound,
    /// The address said `tls://`.
    pub(super) tls: bool,
}

impl Socket {
    /// Whether datagrams come here.
    pub(super) fn is_datagram(&self) -> bool {
        matches!(self.bound.socket, BoundSocket::Udp(_) | BoundSocket::UnixDatagram(_))
    }

    /// Whether only this host can come.
    pub(super) fn is_local(&self) -> bool {
        self.bound.socket.address().is_none_or(|address| address.ip().to_canonical().is_loopback())
    }
}

/// Reads where to listen; without a word of the user, where the service
/// manager says, or on the server's own port.
pub(super) fn wanted(args: &ListenArgs, offers: Offers) -> Result<Vec<Wanted>, CommandError> {
    let texts = match args.listen.as_slice() {
        [] if !environment::listen_descriptors().is_empty() => vec![SYSTEMD.to_owned()],
        [] => vec![offers.port.to_string()],
        given => given.to_vec(),
    };
    let defaults = Defaults { transport: Transport::Tcp, port: Some(offers.port) };
    texts.iter().map(|text| read(text, defaults, offers)).collect()
}

fn read(text: &str, defaults: Defaults, offers: Offers) -> Result<Wanted, CommandError> {
    if text == SYSTEMD {
        if environment::listen_descriptors().is_empty() {
            return Err(CommandError::usage("the service manager has passed no socket on")
                .hint("a socket unit of systemd does, and sets LISTEN_FDS and LISTEN_PID"));
        }
        return Ok(Wanted::Systemd);
    }
    let address = Address::to_listen(text, defaults)?;
    let datagrams = matches!(
        address,
        Address::Ip { transport: Transport::Udp, .. } | Address::Unix { datagram: true, .. }
    );
    if datagrams && !offers.datagrams {
        let end = text.find(':').unwrap_or(text.len());
        return Err(
            CommandError::usage("this server takes connections, not datagrams").at(text, 0..end)
        );
    }
    Ok(Wanted::Address(address))
}

/// The names under which clients know the server, for a certificate.
pub(super) fn names(wanted: &[Wanted]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    for one in wanted {
        let Wanted::Address(Address::Ip { host, .. }) = one else { continue };
        let any = host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_unspecified());
        let more =
            if any { vec!["127.0.0.1".to_owned(), "::1".to_owned()] } else { vec![host.clone()] };
        for name in more {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Whether TLS was asked for by an address.
pub(super) fn any_tls(wanted: &[Wanted]) -> bool {
    wanted.iter().any(|one| matches!(one, Wanted::Address(address) if address.is_tls()))
}

/// Binds all, or says what is in the way.
pub(super) fn all(
    wanted: &[Wanted],
    family: Family,
    options: &SocketOptions,
) -> Result<Vec<Socket>, CommandError> {
    let mut sockets = Vec::new();
    for one in wanted {
        match one {
            Wanted::Systemd => {
                for descriptor in environment::listen_descriptors() {
                    sockets.push(bind(&ListenAt::Inherited(descriptor), options, false)?);
                }
            }
            Wanted::Address(address) => {
                for at in address.listen_at(family)? {
                    sockets.push(bind(&at, options, address.is_tls())?);
                }
            }
        }
    }
    Ok(sockets)
}

/// Binds one socket.
pub(super) fn bind(
    at: &ListenAt,
    options: &SocketOptions,
    tls: bool,
) -> Result<Socket, CommandError> {
    let bound = listen::bind(at, options, None).map_err(|error| cannot(at, &error))?;
    Ok(Socket { bound, tls })
}

fn cannot(at: &ListenAt, error: &io::Error) -> CommandError {
    let said = CommandError::not_measured(format!("cannot {error}"));
    match error.kind() {
        io::ErrorKind::AddrInUse if matches!(at, ListenAt::Unix(_)) => {
            said.hint("end the server that listens there, or take another path")
        }
        io::ErrorKind::AddrInUse => said.hint("--listen 0 lets the system choose a free port"),
        io::ErrorKind::PermissionDenied => {
            said.hint("ports below 1024 want a privilege (CAP_NET_BIND_SERVICE); take a higher one")
        }
        io::ErrorKind::AddrNotAvailable => said.hint("no interface of this host has the address"),
        _ => said,
    }
}

/// The directories of the files of Unix sockets, which go with the server.
pub(super) fn directories(sockets: &[Socket]) -> impl Iterator<Item = PathBuf> + '_ {
    sockets.iter().filter_map(|socket| {
        let parent = socket.bound.file.as_ref()?.path().parent()?;
        Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
    })
}

/// The options of each socket as the kernel has them, a line each:
/// `tcp://127.0.0.1:80: SO_RCVBUF 20000 bytes (asked for 10000 bytes), ...`.
pub(super) fn effective(sockets: &[Socket], options: &SocketOptions) -> Vec<String> {
    let value = |option: plumb_sys::options::Effective| match option.asked {
        Some(asked) if asked != option.value => {
            format!("{} {} (asked for {asked})", option.name, option.value)
        }
        _ => format!("{} {}", option.name, option.value),
    };
    let line = |socket: &Socket| {
        let all = options.effective(&socket.bound.socket).into_iter().map(value);
        format!("{}: {}", socket.bound.socket, all.collect::<Vec<_>>().join(", "))
    };
    sockets.iter().map(line).collect()
}
