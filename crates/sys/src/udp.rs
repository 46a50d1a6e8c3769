//! UDP: a connected socket whose errors are kept, and sockets for servers.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use socket2::{Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::errqueue::{self, SocketError};
use crate::options::SocketOptions;
use crate::socket::{self, Context, set_option};
use crate::tcp;

/// Largest UDP payload, RFC 768.
pub const DATAGRAM_MAX_BYTES: usize = 65_535;

/// Sends repeated because an earlier probe's error surfaced on them.
const SEND_TRIES_MAX: usize = 8;

/// A socket bound to `address` in the calling thread's network namespace,
/// non-blocking, ready for tokio; one of IPv6 takes IPv6 only.
///
/// Without SO_REUSEADDR, which would let two servers share a port unseen.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket::open(address, Type::DGRAM, Protocol::UDP)?;
    socket::bind(&socket, address)?;
    Ok(socket.into())
}

/// A socket that speaks with whoever answers, non-blocking: for peers that are
/// a group or everybody, whose members answer from addresses of their own.
///
/// # Errors
/// When an option, or the source address, is refused.
pub fn open_for(peer: SocketAddr, options: &SocketOptions) -> io::Result<UdpSocket> {
    let socket = socket::open(peer, Type::DGRAM, Protocol::UDP)?;
    options.apply_before(&socket)?;
    options.bind_source(&socket)?;
    Ok(socket.into())
}

/// A socket in the calling thread's network namespace, non-blocking, bound and
/// connected to nothing yet, from which to ask `server`.
pub fn unconnected(server: SocketAddr) -> io::Result<OwnedFd> {
    Ok(socket::open(server, Type::DGRAM, Protocol::UDP)?.into())
}

/// How the kernel treats the path MTU (ip(7), IP_MTU_DISCOVER).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathMtuDiscovery {
    /// Fragment as needed, never set "don't fragment".
    Off,
    /// As the system would.
    Want,
    /// Always "don't fragment", and refuse what is above the known path MTU.
    Do,
    /// Always "don't fragment", and ignore the known path MTU.
    Probe,
}

/// What a probe socket received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A datagram from the peer.
    Datagram {
        /// Its payload.
        data: Vec<u8>,
        /// Time to live with which it arrived.
        ttl: Option<u8>,
        /// Since the first send.
        after: Duration,
    },
    /// An entry of the error queue.
    Error(SocketError),
    /// An error without an entry in the queue, such as the pending one of a
    /// kernel that keeps no details.
    Failed(i32),
}

/// A UDP socket connected to one peer, which reports ICMP errors in full.
///
/// Only datagrams of that peer are delivered, so a reply from another address
/// is never taken for an answer.
#[derive(Debug)]
pub struct ProbeSocket {
    socket: AsyncFd<Socket>,
    peer: SocketAddr,
    start: Instant,
    pending: Mutex<VecDeque<SocketError>>,
}

impl ProbeSocket {
    /// Opens a socket towards `peer`; needs a tokio runtime.
    ///
    /// An error of connect() (no route, for one) is returned raw, without
    /// context: it is a finding.
    pub fn connect(peer: SocketAddr, source: Option<IpAddr>) -> io::Result<Self> {
        let source = source.map(|source| SocketAddr::new(source, 0));
        ProbeSocket::connect_with(peer, &SocketOptions { source, ..SocketOptions::default() })
    }

    /// The same with further options, the source among them.
    pub fn connect_with(peer: SocketAddr, options: &SocketOptions) -> io::Result<Self> {
        let socket = socket::open(peer, Type::DGRAM, Protocol::UDP)?;
        errqueue::enable(&socket).context("set IP_RECVERR for", peer)?;
        options.apply_before(&socket)?;
        options.bind_source(&socket)?;
        socket.connect(&peer.into())?;
        let interest = Interest::READABLE | Interest::ERROR;
        let socket = socket::register(socket, interest).context("register", peer)?;
        Ok(ProbeSocket { socket, peer, start: Instant::now(), pending: Mutex::default() })
    }

    /// Whom this socket speaks with.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The address that the kernel chose for this side.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket
            .get_ref()
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// The options as they are.
    pub fn effective(&self, options: &SocketOptions) -> Vec<crate::options::Effective> {
        options.effective(self.socket.get_ref())
    }

    /// Time to live (hop limit) of what is sent from now on.
    pub fn set_ttl(&self, ttl: u8) -> io::Result<()> {
        tcp::set_ttl(self.socket.get_ref(), self.peer.is_ipv6(), ttl)
            .context("set the TTL for", self.peer)
    }

    /// How the path MTU is treated from now on.
    pub fn set_path_mtu_discovery(&self, mode: PathMtuDiscovery) -> io::Result<()> {
        let value = match mode {
            PathMtuDiscovery::Off => libc::IP_PMTUDISC_DONT,
            PathMtuDiscovery::Want => libc::IP_PMTUDISC_WANT,
            PathMtuDiscovery::Do => libc::IP_PMTUDISC_DO,
            PathMtuDiscovery::Probe => libc::IP_PMTUDISC_PROBE,
        };
        let (level, name) = if self.peer.is_ipv6() {
            (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER)
        } else {
            (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER)
        };
        set_option(self.socket.get_ref(), level, name, value)
            .context("set IP_MTU_DISCOVER for", self.peer)
    }

    /// The path MTU that the kernel holds for the peer, in bytes.
    pub fn path_mtu_bytes(&self) -> io::Result<u32> {
        tcp::path_mtu_bytes(self.socket.get_ref())
    }

    /// Sends one datagram. The errors of earlier probes, which Linux reports
    /// on the next send, are kept for [`ProbeSocket::receive`]; an error that
    /// is returned is this datagram's own, raw.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        let mut last = io::ErrorKind::WouldBlock.into();
        for _ in 0..SEND_TRIES_MAX {
            self.collect_errors();
            match self.socket.get_ref().send(data) {
                Ok(size) => return Ok(size),
                // A local verdict on this datagram: retrying changes nothing.
                Err(error)
                    if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EMSGSIZE)) =>
                {
                    return Err(error);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Waits for the next datagram or error. Cancel-safe.
    pub async fn receive(&self) -> io::Result<Reply> {
        loop {
            if let Some(error) = self.next_error() {
                return Ok(Reply::Error(error));
            }
            let mut ready = self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
            self.collect_errors();
            if let Some(error) = self.next_error() {
                return Ok(Reply::Error(error));
            }
            let mut data = vec![0_u8; DATAGRAM_MAX_BYTES];
            match socket::receive_message(self.socket.get_ref(), &mut data, libc::MSG_DONTWAIT) {
                Ok(received) => {
                    data.truncate(received.size);
                    data.shrink_to_fit();
                    let ttl = errqueue::ttl_of(&received.ancillary);
                    return Ok(Reply::Datagram { data, ttl, after: self.start.elapsed() });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // The pending error of a queue entry is the same news twice.
                    self.collect_errors();
                    if let Some(entry) = self.next_error() {
                        return Ok(Reply::Error(entry));
                    }
                    return Ok(Reply::Failed(error.raw_os_error().unwrap_or(libc::EIO)));
                }
            }
        }
    }

    fn collect_errors(&self) {
        let fresh = errqueue::drain(self.socket.get_ref(), self.start);
        if fresh.is_empty() {
            return;
        }
        // Draining leaves the socket's pending error behind; take it too, or
        // the next call reports what is already known.
        let _ = self.socket.get_ref().take_error();
        let mut pending = self.pending.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        pending.extend(fresh);
        let excess = pending.len().saturating_sub(errqueue::ERRORS_MAX);
        pending.drain(..excess);
    }

    fn next_error(&self) -> Option<SocketError> {
        self.pending.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop_front()
    }
}
