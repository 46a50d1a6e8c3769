//! What an interface identifier is made of: the last 64 bits of most unicast addresses.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::{Embedded, has_identifier};
use crate::addr::Mac;

/// An interface identifier that no host may take, from IANA's list (RFC 5453).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservedIdentifier {
    /// All zero: any router of the subnet.
    SubnetRouterAnycast,
    /// Of addresses of IANA's own block of hardware addresses.
    IanaEthernetBlock,
    /// The mobile node's gateway, in every subnet.
    ProxyMobileIpv6,
    /// Anycast in the subnet: the last 7 bits, of which 126 are the home agents of Mobile IPv6.
    SubnetAnycast(u8),
}

impl ReservedIdentifier {
    /// Of the last 64 bits.
    pub fn of(identifier: u64) -> Option<ReservedIdentifier> {
        Some(match identifier {
            0 => ReservedIdentifier::SubnetRouterAnycast,
            0x0200_5eff_fe00_5213 => ReservedIdentifier::ProxyMobileIpv6,
            0x0200_5eff_fe00_0000..=0x0200_5eff_feff_ffff => ReservedIdentifier::IanaEthernetBlock,
            0xfdff_ffff_ffff_ff80..=0xfdff_ffff_ffff_ffff => {
                ReservedIdentifier::SubnetAnycast(identifier as u8 & 0x7f)
            }
            _ => return None,
        })
    }

    /// Where it is reserved.
    pub fn reference(&self) -> &'static str {
        match self {
            ReservedIdentifier::SubnetRouterAnycast => "RFC 4291 section 2.6.1",
            ReservedIdentifier::IanaEthernetBlock => "RFC 5453, RFC 9542",
            ReservedIdentifier::ProxyMobileIpv6 => "RFC 6543",
            ReservedIdentifier::SubnetAnycast(_) => "RFC 2526",
        }
    }
}

impl fmt::Display for ReservedIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReservedIdentifier::SubnetRouterAnycast => {
                f.write_str("all zero: any router of the /64, not one host")
            }
            ReservedIdentifier::IanaEthernetBlock => {
                f.write_str("of IANA's hardware addresses, not for hosts")
            }
            ReservedIdentifier::ProxyMobileIpv6 => f.write_str("the gateway of Proxy Mobile IPv6"),
            ReservedIdentifier::SubnetAnycast(126) => {
                f.write_str("anycast 126: the home agents of Mobile IPv6")
            }
            ReservedIdentifier::SubnetAnycast(number) => {
                write!(f, "anycast {number} of the subnet, not for hosts")
            }
        }
    }
}

/// What the identifier of an address is made of.
pub(super) fn of(address: Ipv6Addr) -> Vec<Embedded> {
    if !has_identifier(address) {
        return Vec::new();
    }
    let identifier = address.to_bits() as u64;
    let reserved = ReservedIdentifier::of(identifier)
        .map(|identifier| Embedded::ReservedIdentifier { identifier });
    [isatap(identifier), eui64(identifier), reserved].into_iter().flatten().collect()
}

fn isatap(identifier: u64) -> Option<Embedded> {
    // Both the bit U/L alone and neither are in use.
    let unique = match identifier >> 32 {
        0x0000_5efe => false,
        0x0200_5efe => true,
        _ => return None,
    };
    Some(Embedded::Isatap { ipv4: Ipv4Addr::from_bits(identifier as u32), unique })
}

fn eui64(identifier: u64) -> Option<Embedded> {
    let [a, b, c, 0xff, 0xfe, d, e, g] = identifier.to_be_bytes() else { return None };
    let mac = Mac([a ^ 2, b, c, d, e, g]);
    // A group has no interface.
    (!mac.is_multicast()).then_some(Embedded::Eui64 { mac })
}
