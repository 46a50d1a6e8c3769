//! Sockets for servers: TCP, UDP and Unix ones, and those that a service
//! manager hands over, each with the steps by which it came to be.

mod in_use;
mod inherited;
mod step;
mod unix;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::PathBuf;

use socket2::{Protocol, SockRef, Socket, Type};

pub use in_use::InUse;
pub use step::Step;
pub use unix::SocketFile;
pub(crate) use unix::address as unix_address;

use crate::options::{Effective, Membership, Nature, SocketOptions, describe};
use crate::socket::{self, Context, option_bytes};
use crate::sysctl;
use crate::tcp::BACKLOG_DEFAULT;

/// Where a server waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAt {
    /// A TCP port; `[::]` takes IPv4 too, unless `IPV6_V6ONLY` is asked for.
    Tcp(SocketAddr),
    /// A UDP port; a multicast address is joined.
    Udp(SocketAddr),
    /// A Unix stream socket; a path that begins with `@` has no file (the
    /// abstract namespace, unix(7)).
    Unix(PathBuf),
    /// A Unix datagram socket; the same.
    UnixDatagram(PathBuf),
    /// A descriptor that was bound before this process began.
    Inherited(i32),
}

/// A socket that is bound, non-blocking, ready for tokio.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub socket: BoundSocket,
    /// How it came to be, in order.
    pub steps: Vec<Step>,
    /// The file of a Unix socket; dropping it removes the file.
    pub file: Option<SocketFile>,
}

/// A bound socket of one kind.
#[derive(Debug)]
pub enum BoundSocket {
    /// Listens for connections.
    Tcp(TcpListener),
    /// Receives datagrams.
    Udp(UdpSocket),
    /// Listens for connections of this host.
    Unix(UnixListener),
    /// Receives datagrams of this host.
    UnixDatagram(UnixDatagram),
}

impl BoundSocket {
    /// The address, for TCP and UDP.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            BoundSocket::Tcp(listener) => listener.local_addr().ok(),
            BoundSocket::Udp(socket) => socket.local_addr().ok(),
            BoundSocket::Unix(_) | BoundSocket::UnixDatagram(_) => None,
        }
    }

    /// The path of a Unix socket; an abstract name begins with `@`.
    pub fn path(&self) -> Option<PathBuf> {
        let address = match self {
            BoundSocket::Unix(listener) => listener.local_addr(),
            BoundSocket::UnixDatagram(socket) => socket.local_addr(),
            BoundSocket::Tcp(_) | BoundSocket::Udp(_) => return None,
        };
        unix::path_of(&address.ok()?)
    }
}

/// `tcp://127.0.0.1:8080`, `unix:/run/x`: as `listening on` shows it.
impl std::fmt::Display for BoundSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self {
            BoundSocket::Tcp(_) => "tcp",
            BoundSocket::Udp(_) => "udp",
            BoundSocket::Unix(_) => "unix",
            BoundSocket::UnixDatagram(_) => "unixgram",
        };
        match (self.address(), self.path()) {
            (Some(address), _) => write!(f, "{scheme}://{address}"),
            (None, Some(path)) => write!(f, "{scheme}:{}", path.display()),
            (None, None) => write!(f, "{scheme}:(no name)"),
        }
    }
}

impl AsFd for BoundSocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            BoundSocket::Tcp(socket) => socket.as_fd(),
            BoundSocket::Udp(socket) => socket.as_fd(),
            BoundSocket::Unix(socket) => socket.as_fd(),
            BoundSocket::UnixDatagram(socket) => socket.as_fd(),
        }
    }
}

/// Binds a socket in the calling thread's network namespace.
///
/// A TCP listener gets SO_REUSEADDR unless told otherwise, so that a restart
/// does not wait for TIME-WAIT; a UDP socket does not, for two servers would
/// share a port unseen, unless it joins a group. `backlog` is what the caller
/// has by default; [`SocketOptions::backlog`] comes first.
///
/// # Errors
/// A [`crate::socket::SetupError`], or [`InUse`] where the address is taken,
/// which names the holder.
pub fn bind(at: &ListenAt, options: &SocketOptions, backlog: Option<u32>) -> io::Result<Bound> {
    let backlog = options.backlog.or(backlog).unwrap_or(BACKLOG_DEFAULT);
    match at {
        ListenAt::Tcp(address) => tcp(*address, options, backlog),
        ListenAt::Udp(address) => udp(*address, options),
        ListenAt::Unix(path) => unix::stream(path, options, backlog),
        ListenAt::UnixDatagram(path) => unix::datagram(path, options),
        ListenAt::Inherited(descriptor) => inherited::adopt(*descriptor, options),
    }
}

fn tcp(address: SocketAddr, options: &SocketOptions, backlog: u32) -> io::Result<Bound> {
    let mut options = both_families(address, options);
    options.reuse_address.get_or_insert(true);
    let socket = socket::open(address, Type::STREAM, Protocol::TCP)?;
    let mut steps = vec![opened(address, "SOCK_STREAM")];
    steps.extend(options.apply_before(&socket)?.into_iter().map(Step::Option));
    bind_to(&socket, address, crate::process::Protocol::Tcp)?;
    steps.push(bound(&socket, address));
    steps.push(start_listening(&socket, backlog, address)?);
    Ok(Bound { socket: BoundSocket::Tcp(socket.into()), steps, file: None })
}

fn udp(address: SocketAddr, options: &SocketOptions) -> io::Result<Bound> {
    let mut options = both_families(address, options);
    if is_multicast(address.ip()) {
        // Members on one host share the port (udp(7)), each gets a copy.
        options.reuse_address.get_or_insert(true);
        if !options.join.iter().any(|joined| joined.group == address.ip()) {
            let interface = options.interface.clone();
            options.join.push(Membership { group: address.ip(), interface });
        }
    } else if !options.join.is_empty() {
        options.reuse_address.get_or_insert(true);
    }
    let socket = socket::open(address, Type::DGRAM, Protocol::UDP)?;
    let mut steps = vec![opened(address, "SOCK_DGRAM")];
    steps.extend(options.apply_before(&socket)?.into_iter().map(Step::Option));
    bind_to(&socket, address, crate::process::Protocol::Udp)?;
    steps.push(bound(&socket, address));
    Ok(Bound { socket: BoundSocket::Udp(socket.into()), steps, file: None })
}

/// `[::]` takes both families unless told otherwise, whatever the system's
/// default is (net.ipv6.bindv6only).
fn both_families(address: SocketAddr, options: &SocketOptions) -> SocketOptions {
    let mut options = options.clone();
    if address.is_ipv6() && address.ip().is_unspecified() {
        options.only_v6.get_or_insert(false);
    }
    options
}

fn is_multicast(address: IpAddr) -> bool {
    address.is_multicast()
}

fn opened(address: SocketAddr, kind: &'static str) -> Step {
    Step::Socket { family: if address.is_ipv6() { "AF_INET6" } else { "AF_INET" }, kind }
}

fn bind_to(
    socket: &Socket,
    address: SocketAddr,
    protocol: crate::process::Protocol,
) -> io::Result<()> {
    match socket.bind(&address.into()) {
        Ok(()) => Ok(()),
        Err(error) if error.raw_os_error() == Some(libc::EADDRINUSE) => {
            Err(InUse::port(address, protocol).into())
        }
        Err(error) => Err(error).context("bind to", address),
    }
}

fn bound(socket: &Socket, asked: SocketAddr) -> Step {
    let local = socket.local_addr().ok().and_then(|local| local.as_socket()).unwrap_or(asked);
    Step::Bind { address: local.to_string(), chosen: asked.port() == 0 && local.port() != 0 }
}

fn start_listening(socket: &Socket, backlog: u32, target: impl ToString) -> io::Result<Step> {
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX)).context("listen on", target)?;
    let somaxconn = sysctl::read("net/core/somaxconn").ok().and_then(|text| text.parse().ok());
    Ok(Step::Listen { backlog, somaxconn, effective: backlog_of(socket) })
}

/// The queue of a listening TCP socket: its TCP_INFO keeps the length in the
/// field of the selectively acknowledged segments (net/ipv4/tcp.c,
/// tcp_get_info).
fn backlog_of(socket: &impl AsFd) -> Option<u32> {
    const SACKED: usize = 28;
    let mut info = [0_u8; SACKED + 4];
    let length = option_bytes(socket, libc::IPPROTO_TCP, libc::TCP_INFO, &mut info).ok()?;
    let field = info.get(SACKED..length)?.try_into().ok()?;
    Some(u32::from_ne_bytes(field))
}

/// Makes sure that a socket of somebody else's making is non-blocking and does
/// not pass to programs that this one starts.
fn make_own(socket: &impl AsFd) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_cloexec(true)?;
    socket.set_nonblocking(true)
}

/// The options of a socket that was bound elsewhere, as steps.
fn applied(socket: &impl AsFd, options: &SocketOptions) -> io::Result<Vec<Step>> {
    let nature = Nature::of(socket)?;
    let listens = socket::integer_option(socket, libc::SOL_SOCKET, libc::SO_ACCEPTCONN)? != 0;
    let mut options = options.clone();
    if listens || nature.is_ip() {
        // Too late for these on a socket that is bound.
        options.reuse_address = None;
        options.only_v6 = None;
    }
    Ok(options.apply_before(socket)?.into_iter().map(Step::Option).collect())
}

/// What an option means, for telling a step.
fn meaning_of(option: &Effective) -> &'static str {
    describe(option.name).map_or("", |description| description.meaning)
}
