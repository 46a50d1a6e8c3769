//! What a multicast address is made of.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::nat64::net;
use super::{Embedded, Ending};

/// The prefix of a group may be as long as a subnet's, RFC 3306 section 4.
const PREFIX_LENGTH_MAX: u8 = 64;
/// In place of a length: the interface identifier stands there, RFC 4489 section 3.
const LINK_SCOPED: u8 = 0xff;

/// Of an IPv4 group.
pub(super) fn of_ipv4(address: Ipv4Addr) -> Option<Embedded> {
    match address.octets() {
        [233, high, low, _] if high < 252 => {
            Some(Embedded::Glop { as_number: u16::from_be_bytes([high, low]) })
        }
        [234, a, b, c] => {
            let prefix = Ipv4Net::new(Ipv4Addr::new(a, b, c, 0), 24).ok()?;
            Some(Embedded::Ipv4PrefixGroup { prefix })
        }
        _ => None,
    }
}

/// Of an IPv6 group.
pub(super) fn of(address: Ipv6Addr) -> Vec<Embedded> {
    let octets = address.octets();
    let ending = Ending([octets[13], octets[14], octets[15]]);
    match address.segments() {
        [0xff02, 0, 0, 0, 0, 1, 0xff00..=0xffff, _] => vec![Embedded::SolicitedNode { ending }],
        [0xff02, 0, 0, 0, 0, 2, 0xff00..=0xffff, _] => vec![Embedded::NodeInformation { ending }],
        _ => by_flags(address, &octets).into_iter().collect(),
    }
}

/// By the flags R, P and T (RFC 3956 section 3); without P nothing stands in it.
fn by_flags(address: Ipv6Addr, octets: &[u8; 16]) -> Option<Embedded> {
    let (flags, scope) = (octets[1] >> 4, octets[1] & 15);
    let bits = address.to_bits();
    let (length, group) = (octets[3], bits as u32);
    let prefix = |length| -> Ipv6Net { net(Ipv6Addr::from_bits((bits >> 32) << 64), length) };
    match (flags & 7, length) {
        (3, LINK_SCOPED) if scope <= 2 && octets[2] == 0 => {
            Some(Embedded::LinkScopedGroup { identifier: (bits >> 32) as u64, group })
        }
        // A prefix of no length and no bits: the source takes its place.
        (3, 0) if (bits >> 32) as u64 == 0 => Some(Embedded::SourceSpecific { group }),
        (3, 1..=PREFIX_LENGTH_MAX) => Some(Embedded::PrefixGroup { prefix: prefix(length), group }),
        (7, 1..=PREFIX_LENGTH_MAX) if octets[2] & 15 != 0 => {
            let prefix = prefix(length);
            let router = prefix.network().to_bits() | u128::from(octets[2] & 15);
            Some(Embedded::RendezvousPoint { router: router.into(), prefix, group })
        }
        _ => None,
    }
}
