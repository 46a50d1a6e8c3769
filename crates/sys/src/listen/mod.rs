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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpStream;
    use std::os::fd::IntoRawFd;
    use std::os::unix::fs::PermissionsExt;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn none() -> SocketOptions {
        SocketOptions::default()
    }

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let name = format!("plumb-listen-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&path).expect("a directory");
            Scratch(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn each_step_is_told() {
        let bound = bind(&ListenAt::Tcp(at("127.0.0.1:0")), &none(), Some(5)).expect("bound");
        let calls: Vec<String> = bound.steps.iter().map(Step::call).collect();
        let address = bound.socket.address().expect("address");
        assert_eq!(
            calls,
            [
                "socket(AF_INET, SOCK_STREAM)".to_owned(),
                "setsockopt(SO_REUSEADDR, on)".to_owned(),
                format!("bind({address})"),
                "listen(5)".to_owned(),
            ]
        );
        assert_eq!(bound.steps[3].meaning(), "5 connections may wait for accept()");
        assert_eq!(bound.socket.to_string(), format!("tcp://{address}"));
        let most = Some(u32::try_from(i32::MAX).expect("fits"));
        let bound = bind(&ListenAt::Tcp(at("127.0.0.1:0")), &none(), most).expect("bound");
        let Some(Step::Listen { somaxconn, effective, .. }) = bound.steps.last() else {
            panic!("{:?}", bound.steps)
        };
        assert_eq!(effective, somaxconn, "the kernel caps the backlog");
    }

    #[test]
    fn the_holder_of_a_port_is_named() {
        let first = bind(&ListenAt::Tcp(at("127.0.0.1:0")), &none(), None).expect("bound");
        let address = first.socket.address().expect("address");
        let error = bind(&ListenAt::Tcp(address), &none(), None).expect_err("taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert_eq!(socket::errno_of(&error), Some(libc::EADDRINUSE));
        let text = error.to_string();
        let process = format!("(process {})", std::process::id());
        assert!(text.starts_with("bind to tcp://127.0.0.1:") && text.ends_with(&process), "{text}");
    }

    #[test]
    fn the_wildcard_of_ipv6_takes_both_families_unless_told_otherwise() {
        for (only_v6, reached) in [(None, true), (Some(true), false)] {
            let options = SocketOptions { only_v6, ..none() };
            let bound = bind(&ListenAt::Tcp(at("[::]:0")), &options, None).expect("bound");
            let port = bound.socket.address().expect("address").port();
            assert_eq!(TcpStream::connect(("127.0.0.1", port)).is_ok(), reached);
        }
    }

    #[test]
    fn a_listener_binds_beside_time_wait_if_both_asked_for_it() {
        for (first, second) in [(false, true), (true, false), (false, false), (true, true)] {
            let options = |reuse| SocketOptions { reuse_address: Some(reuse), ..none() };
            let old = bind(&ListenAt::Tcp(at("127.0.0.1:0")), &options(first), None).expect("old");
            let address = old.socket.address().expect("address");
            let mut client = TcpStream::connect(address).expect("connect");
            let BoundSocket::Tcp(listener) = &old.socket else { panic!("{old:?}") };
            listener.set_nonblocking(false).expect("blocking");
            drop(listener.accept().expect("accept")); // the server closes first
            assert_eq!(client.read(&mut [0]).expect("the end"), 0);
            drop(client);
            drop(old);
            let again = bind(&ListenAt::Tcp(address), &options(second), None);
            assert_eq!(again.is_ok(), first && second, "{first} {second} {again:?}");
            if let Err(error) = again {
                assert!(error.to_string().contains("TIME-WAIT"), "{error}");
            }
        }
    }

    #[test]
    fn a_stale_socket_file_is_removed_and_a_live_one_is_not() {
        let scratch = Scratch::new("stale");
        for datagram in [false, true] {
            let path = scratch.0.join(format!("socket-{datagram}"));
            let at = if datagram {
                ListenAt::UnixDatagram(path.clone())
            } else {
                ListenAt::Unix(path.clone())
            };
            let options = SocketOptions { mode: Some(0o600), ..none() };
            let first = bind(&at, &options, None).expect("bound");
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let error = bind(&at, &none(), None).expect_err("taken");
            let process = format!("(process {})", std::process::id());
            assert!(error.to_string().ends_with(&process), "{error}");
            let Bound { socket, file, .. } = first;
            drop(socket);
            std::mem::forget(file); // as if the server had been killed
            let again = bind(&at, &none(), None).expect("the file was stale");
            assert!(again.steps.contains(&Step::StaleFileRemoved(path.clone())));
            drop(again);
            assert!(!path.exists(), "the file goes with the server");
        }
        let file = scratch.0.join("text");
        std::fs::write(&file, "text").expect("written");
        assert!(bind(&ListenAt::Unix(file.clone()), &none(), None).is_err());
        assert!(file.exists(), "what is no socket is never removed");
    }

    #[test]
    fn an_abstract_name_has_no_file() {
        let name = PathBuf::from(format!("@plumb-test-{}", std::process::id()));
        let bound = bind(&ListenAt::Unix(name.clone()), &none(), None).expect("bound");
        assert_eq!(bound.socket.path(), Some(name.clone()));
        assert!(bound.file.is_none());
        let error = bind(&ListenAt::Unix(name), &none(), None).expect_err("taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_descriptor_that_was_handed_over_is_recognised() {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = tcp.local_addr().expect("address");
        let descriptor = tcp.into_raw_fd();
        let bound = bind(&ListenAt::Inherited(descriptor), &none(), None).expect("bound");
        assert_eq!(bound.socket.address(), Some(address));
        assert!(bind(&ListenAt::Inherited(descriptor), &none(), None).is_err(), "only once");
        assert!(bind(&ListenAt::Inherited(1), &none(), None).is_err());
        assert!(bind(&ListenAt::Inherited(99_999), &none(), None).is_err());
        let file = std::fs::File::open("/dev/null").expect("opened").into_raw_fd();
        let error = bind(&ListenAt::Inherited(file), &none(), None).expect_err("no socket");
        assert!(error.to_string().contains("not a socket"), "{error}");
    }

    #[test]
    fn a_group_is_joined_by_listening_on_it() {
        let options = SocketOptions { interface: Some("lo".into()), ..none() };
        let bound = bind(&ListenAt::Udp(at("224.0.0.251:0")), &options, None).expect("bound");
        let joined = bound.steps.iter().any(
            |step| matches!(step, Step::Option(option) if option.value == "224.0.0.251 on lo"),
        );
        assert!(joined, "{:?}", bound.steps);
    }
}
