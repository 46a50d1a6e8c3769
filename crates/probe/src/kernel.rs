//! What the kernel reports, in the words of the evidence.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use plumb_evidence::observation::{IcmpError, IcmpOrigin, TcpInfo};
use plumb_sys::errqueue::{Origin, SocketError};
use plumb_sys::{errno, tcp};

/// EMSGSIZE carries the MTU also where the kernel itself said no.
const EMSGSIZE: i32 = 90;

/// The entries of an error queue, as evidence.
pub(crate) fn icmp_errors(errors: &[SocketError]) -> Vec<IcmpError> {
    errors.iter().map(icmp_error).collect()
}

pub(crate) fn icmp_error(error: &SocketError) -> IcmpError {
    let too_big = match error.origin {
        // "Fragmentation needed", RFC 1191, and "packet too big", RFC 4443.
        Origin::Icmp => (error.icmp_type, error.icmp_code) == (3, 4),
        Origin::Icmp6 => error.icmp_type == 2,
        Origin::Local => error.errno == EMSGSIZE,
    };
    IcmpError {
        origin: match error.origin {
            Origin::Local => IcmpOrigin::Local,
            Origin::Icmp => IcmpOrigin::Icmp,
            Origin::Icmp6 => IcmpOrigin::Icmp6,
        },
        offender: error.offender,
        offender_is_self: error.offender.is_some_and(is_own),
        icmp_type: error.icmp_type,
        icmp_code: error.icmp_code,
        errno: error.errno,
        mtu_bytes: too_big.then_some(error.info),
        reply_ttl: error.reply_ttl,
        after_ns: u64::try_from(error.after.as_nanos()).unwrap_or(u64::MAX),
    }
}

/// Whether an address is this host's: only then can a socket be bound to it.
fn is_own(address: IpAddr) -> bool {
    !address.is_unspecified() && UdpSocket::bind(SocketAddr::new(address, 0)).is_ok()
}

/// The number and name of an error, also where it is wrapped in context; 0
/// and its text where the kernel gave no number.
pub(crate) fn errno(error: &io::Error) -> (i32, String) {
    match plumb_sys::socket::errno_of(error) {
        Some(number) => (number, errno::name(number).to_owned()),
        None => (0, error.to_string()),
    }
}

/// TCP_INFO and SIOCOUTQ of a connection, if the kernel gives them.
pub(crate) fn tcp_info(socket: &impl AsFd) -> Option<TcpInfo> {
    tcp::tcp_info(socket).ok().map(|info| TcpInfo::from(&info))
}
