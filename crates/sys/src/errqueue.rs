//! The error queue of a socket (ip(7), IP_RECVERR): what the network said no
//! to, and who said it. Needs no privilege.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::socket::{self, Ancillary};

/// Errors taken from a queue in one go; a probe causes one or two.
pub const ERRORS_MAX: usize = 64;

/// Bytes of the quoted packet that are kept: Linux quotes up to 576 octets of
/// IPv4 (RFC 1812 section 4.3.2.3) and 1280 of IPv6 (RFC 4443 section 2.4).
pub const QUOTE_MAX_BYTES: usize = 1280;

/// One entry of a socket's error queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketError {
    /// The errno that the kernel made of it.
    pub errno: i32,
    /// Where it came from.
    pub origin: Origin,
    /// ICMP or ICMPv6 type; 0 where the origin is local.
    pub icmp_type: u8,
    /// ICMP or ICMPv6 code; 0 where the origin is local.
    pub icmp_code: u8,
    /// Next-hop MTU in bytes for "fragmentation needed" and "packet too big".
    pub info: u32,
    /// Who sent the message; an address of this host when its own kernel did.
    pub offender: Option<IpAddr>,
    /// Time to live (hop limit) with which the message arrived.
    pub reply_ttl: Option<u8>,
    /// What the message quoted of the probe: of UDP the payload, of TCP the
    /// header with its options.
    pub payload: Vec<u8>,
    /// Since the instant that the drain was given.
    pub after: Duration,
}

/// Where an error came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The kernel's own, without a message.
    Local,
    /// An ICMP message.
    Icmp,
    /// An ICMPv6 message.
    Icmp6,
}

/// Asks the kernel to keep errors, with the TTL of the message.
///
/// An ICMP error then ends a connected TCP socket at once, where the kernel
/// would else go on trying; so switch it [`disable`]d when the probe is over.
pub fn enable(socket: &impl AsFd) -> io::Result<()> {
    set(socket, 1)
}

/// Undoes [`enable`]. Errors already in the queue stay.
pub fn disable(socket: &impl AsFd) -> io::Result<()> {
    set(socket, 0)
}

fn set(socket: &impl AsFd, on: i32) -> io::Result<()> {
    if socket::integer_option(socket, libc::SOL_SOCKET, libc::SO_DOMAIN)? == libc::AF_INET6 {
        socket::set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, on)?;
        socket::set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, on)
    } else {
        socket::set_option(socket, libc::IPPROTO_IP, libc::IP_RECVERR, on)?;
        socket::set_option(socket, libc::IPPROTO_IP, libc::IP_RECVTTL, on)
    }
}

/// Takes what is in the queue, oldest first, at most [`ERRORS_MAX`], without
/// waiting. `since` is when the probe was sent.
pub fn drain(socket: &impl AsFd, since: Instant) -> Vec<SocketError> {
    let mut errors = Vec::new();
    let mut quote = [0_u8; QUOTE_MAX_BYTES];
    for _ in 0..ERRORS_MAX {
        let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
        let received = match socket::receive_message(socket, &mut quote, flags) {
            Ok(received) => received,
            // The call also hands out the socket's pending error, once.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let quoted = &quote[..received.size.min(QUOTE_MAX_BYTES)];
        errors.extend(decode(&received.ancillary, quoted, since.elapsed()));
    }
    errors
}

/// struct sock_extended_err, linux/errqueue.h, and the socket address that
/// follows it.
fn decode(ancillary: &[Ancillary], quoted: &[u8], after: Duration) -> Option<SocketError> {
    const EXTENDED_ERR_BYTES: usize = 16;
    let data = ancillary
        .iter()
        .find(|message| {
            (message.level == libc::IPPROTO_IP && message.kind == libc::IP_RECVERR)
                || (message.level == libc::IPPROTO_IPV6 && message.kind == libc::IPV6_RECVERR)
        })
        .map(|message| message.data.as_slice())?;
    let origin = match *data.get(4)? {
        libc::SO_EE_ORIGIN_LOCAL => Origin::Local,
        libc::SO_EE_ORIGIN_ICMP => Origin::Icmp,
        libc::SO_EE_ORIGIN_ICMP6 => Origin::Icmp6,
        _ => return None, // transmit time stamps and zero-copy notices
    };
    Some(SocketError {
        errno: i32::from_ne_bytes(data.get(0..4)?.try_into().ok()?),
        origin,
        icmp_type: *data.get(5)?,
        icmp_code: *data.get(6)?,
        info: u32::from_ne_bytes(data.get(8..12)?.try_into().ok()?),
        offender: data
            .get(EXTENDED_ERR_BYTES..)
            .and_then(socket::socket_address)
            .map(|address| address.ip().to_canonical()),
        reply_ttl: ttl_of(ancillary),
        payload: quoted.to_vec(),
        after,
    })
}

/// The time to live or hop limit among ancillary messages.
pub(crate) fn ttl_of(ancillary: &[Ancillary]) -> Option<u8> {
    ancillary.iter().find_map(|message| {
        let is_ttl = (message.level == libc::IPPROTO_IP && message.kind == libc::IP_TTL)
            || (message.level == libc::IPPROTO_IPV6 && message.kind == libc::IPV6_HOPLIMIT);
        let bytes = message.data.get(0..4)?.try_into().ok()?;
        is_ttl.then(|| u8::try_from(i32::from_ne_bytes(bytes)).ok())?
    })
}
