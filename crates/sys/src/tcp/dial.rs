//! Opening a connection, with the network's own words when it fails.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use socket2::{Protocol, Socket, Type};
use tokio::io::Interest;

use super::info::{TcpInfo, tcp_info};
use crate::errqueue::{self, SocketError};
use crate::options::SocketOptions;
use crate::socket::{self, Context, register, set_option};

/// Longest wait unless said otherwise: room for three SYNs, at 0, 1, 3 and 7 s.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// How to open a connection.
#[derive(Debug, Clone)]
pub struct DialOptions {
    /// Time to live (hop limit) of the packets, for path probes.
    pub ttl: Option<u8>,
    /// Announce this maximum segment size (TCP_MAXSEG); Linux takes 88 and up.
    pub mss_bytes: Option<u16>,
    /// Retransmissions of the SYN before the kernel gives up (TCP_SYNCNT).
    pub syn_count: Option<u8>,
    /// Bind to this address first.
    pub source: Option<IpAddr>,
    /// Give up after this long.
    pub timeout: Duration,
    /// Further options of the socket; its own TTL and source come first.
    pub socket: SocketOptions,
}

impl Default for DialOptions {
    fn default() -> Self {
        DialOptions {
            ttl: None,
            mss_bytes: None,
            syn_count: None,
            source: None,
            timeout: TIMEOUT_DEFAULT,
            socket: SocketOptions::default(),
        }
    }
}

/// What became of an attempt.
#[derive(Debug)]
pub struct DialReport {
    /// The end of it.
    pub outcome: DialOutcome,
    /// What the error queue held, in order.
    pub errors: Vec<SocketError>,
    /// The address that this side used, where the kernel had chosen one.
    pub local: Option<SocketAddr>,
    /// From connect() to the outcome.
    pub duration: Duration,
    /// TCP_INFO at the end.
    pub info: Option<TcpInfo>,
}

/// The end of an attempt.
#[derive(Debug)]
pub enum DialOutcome {
    /// The handshake is complete.
    Connected(tokio::net::TcpStream),
    /// The kernel gave up; the error holds the raw errno.
    Failed(io::Error),
    /// Nobody answered, neither within the time-out nor to the last SYN.
    TimedOut,
}

/// Wake-ups without an outcome that one attempt may have: each stands for an
/// ICMP message that the kernel did not take for final.
const WAKEUPS_MAX: usize = 64;

/// Opens a TCP connection to `address`.
///
/// What the network answers is in the report. An `Err` means that the attempt
/// could not be made at all: no socket, or an option that the kernel refused;
/// it holds a [`crate::socket::SetupError`].
pub async fn dial(address: SocketAddr, options: &DialOptions) -> io::Result<DialReport> {
    let socket = prepare(address, options)?;
    let start = Instant::now();
    let mut errors = Vec::new();
    let end = match socket.connect(&address.into()) {
        Ok(()) => End::Connected,
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {
            let waiting = until_settled(&socket, start, &mut errors);
            match tokio::time::timeout(options.timeout, waiting).await {
                Ok(end) => end.context("wait for the connection to", address)?,
                Err(_) => End::TimedOut,
            }
        }
        Err(error) => End::Failed(error),
    };
    let duration = start.elapsed();
    errors.extend(errqueue::drain(&socket, start));
    let info = tcp_info(&socket).ok();
    let local = local_address(&socket);
    let outcome = match end {
        End::Connected => {
            // From here on the connection is to behave as any other would.
            errqueue::disable(&socket).context("clear IP_RECVERR for", address)?;
            let stream = tokio::net::TcpStream::from_std(socket.into())
                .context("register the connection to", address)?;
            DialOutcome::Connected(stream)
        }
        // The last SYN got no answer, or the caller's patience ended: silence.
        End::Failed(error) if error.raw_os_error() == Some(libc::ETIMEDOUT) => {
            DialOutcome::TimedOut
        }
        End::Failed(error) => DialOutcome::Failed(error),
        End::TimedOut => DialOutcome::TimedOut,
    };
    Ok(DialReport { outcome, errors, local, duration, info })
}

enum End {
    Connected,
    Failed(io::Error),
    TimedOut,
}

fn prepare(address: SocketAddr, options: &DialOptions) -> io::Result<Socket> {
    let socket = socket::open(address, Type::STREAM, Protocol::TCP)?;
    errqueue::enable(&socket).context("set IP_RECVERR for", address)?;
    options.socket.apply_before(&socket)?;
    if let Some(ttl) = options.ttl {
        set_ttl(&socket, address.is_ipv6(), ttl).context("set the TTL for", address)?;
    }
    if let Some(mss) = options.mss_bytes {
        set_option(&socket, libc::IPPROTO_TCP, libc::TCP_MAXSEG, i32::from(mss))
            .context("set TCP_MAXSEG for", address)?;
    }
    if let Some(count) = options.syn_count {
        set_option(&socket, libc::IPPROTO_TCP, libc::TCP_SYNCNT, i32::from(count))
            .context("set TCP_SYNCNT for", address)?;
    }
    if let Some(source) = options.source {
        socket.bind(&SocketAddr::new(source, 0).into()).context("bind to", source)?;
    } else {
        options.socket.bind_source(&socket)?;
    }
    Ok(socket)
}

/// Sets the time to live (IPv4) or the hop limit (IPv6) of what is sent.
pub(crate) fn set_ttl(socket: &Socket, is_ipv6: bool, ttl: u8) -> io::Result<()> {
    if is_ipv6 {
        socket.set_unicast_hops_v6(u32::from(ttl))
    } else {
        socket.set_ttl_v4(u32::from(ttl))
    }
}

/// Waits until the kernel knows how the connection ended.
async fn until_settled(
    socket: &Socket,
    start: Instant,
    errors: &mut Vec<SocketError>,
) -> io::Result<End> {
    let interest = Interest::WRITABLE | Interest::ERROR;
    for _ in 0..WAKEUPS_MAX {
        // Registered anew each time: tokio remembers an error as "closed for
        // ever", and an ICMP message need not be the end.
        let registered = register(socket.as_fd(), interest)?;
        drop(registered.ready(interest).await?);
        drop(registered);
        let error = socket.take_error()?;
        errors.extend(errqueue::drain(socket, start));
        if let Some(error) = error {
            return Ok(End::Failed(error));
        }
        if socket.peer_addr().is_ok() {
            return Ok(End::Connected);
        }
    }
    Ok(End::TimedOut)
}

fn local_address(socket: &Socket) -> Option<SocketAddr> {
    let address = socket.local_addr().ok()?.as_socket()?;
    (!address.ip().is_unspecified()).then_some(address)
}
