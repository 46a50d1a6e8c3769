//! What there is to say of an address and its network without asking anybody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use plumb_wire::addr::{Class, Mac, Scope};
use serde::{Serialize, Serializer};

use super::embedded::Inside;
use super::reverse::{self, Reverse};
use super::special::Special;

/// The data of an `address` record.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    /// As it was written.
    pub text: String,
    /// 4 or 6.
    pub version: u8,
    pub address: IpAddr,
    /// IPv6 with all its zeros; IPv4 as it is.
    pub exploded: String,
    pub integer: u128,
    /// With `0x`, all digits.
    pub hex: String,
    /// As a literal of Python's `bytes`.
    pub python: String,
    /// The bits in groups of eight.
    pub binary: String,
    pub class: Option<Class>,
    /// Of IPv6; null for the unspecified address.
    pub scope: Option<Scope>,
    /// To whose group neighbours ask for this address, RFC 4291 section 2.7.1.
    pub solicited_node: Option<Ipv6Addr>,
    /// To which frames for this group go.
    pub multicast_mac: Option<Mac>,
    pub reverse: Reverse,
    /// Its place in IANA's registries.
    pub special: Special,
    #[serde(flatten)]
    pub inside: Inside,
    /// Null where an address alone was given.
    pub network: Option<Network>,
}

/// What a prefix adds.
#[derive(Debug, Serialize)]
pub(super) struct Network {
    /// Without host bits.
    pub network: IpNet,
    pub prefix_length: u8,
    pub netmask: IpAddr,
    /// The mask's complement.
    pub wildcard: IpAddr,
    /// The address without the network: its host bits.
    pub host_part: IpAddr,
    pub first: IpAddr,
    pub last: IpAddr,
    pub first_host: IpAddr,
    pub last_host: IpAddr,
    /// Null for IPv6, which has none, and for /31 and /32.
    pub broadcast: Option<Ipv4Addr>,
    /// Null for IPv4, and for /127 (RFC 6164) and /128.
    pub subnet_router_anycast: Option<Ipv6Addr>,
    #[serde(serialize_with = "count")]
    pub addresses: Count,
    /// Those that a host can have.
    #[serde(serialize_with = "count")]
    pub hosts: Count,
}

/// A number of addresses: none is all of IPv6, 2^128, which is one more than
/// the type can say.
pub(super) type Count = Option<u128>;

/// A number in JSON, exact. Two to the 128 is a power of two, so the shortest
/// floating-point form says exactly it.
pub(super) fn count<S: Serializer>(count: &Count, serializer: S) -> Result<S::Ok, S::Error> {
    match count {
        Some(count) => serializer.serialize_u128(*count),
        None => serializer.serialize_f64(2f64.powi(128)),
    }
}

/// A count in decimal, without separators.
pub(super) fn count_text(count: Count) -> String {
    count.map_or_else(|| "340282366920938463463374607431768211456".to_owned(), |n| n.to_string())
}

impl Facts {
    /// Of a network, or of the address alone.
    pub(super) fn of(text: &str, given: IpNet, alone: bool) -> Facts {
        let address = given.addr();
        let octets = octets(address);
        let v6 = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address),
        };
        let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let bits: Vec<String> = octets.iter().map(|octet| format!("{octet:08b}")).collect();
        Facts {
            text: text.to_owned(),
            version: if v6.is_some() { 6 } else { 4 },
            address,
            exploded: exploded(address),
            integer: integer(address),
            hex: format!("0x{digits}"),
            python: python(&octets),
            binary: bits.join(" "),
            class: match address {
                IpAddr::V4(address) => Some(Class::of(address)),
                IpAddr::V6(_) => None,
            },
            scope: v6.and_then(Scope::of),
            solicited_node: v6.filter(has_solicited_node).map(solicited_node),
            multicast_mac: match address {
                IpAddr::V4(address) if address.is_multicast() => {
                    Some(Mac::of_ipv4_multicast(address))
                }
                IpAddr::V6(address) if address.is_multicast() => {
                    Some(Mac::of_ipv6_multicast(address))
                }
                _ => None,
            },
            reverse: reverse::of(given, alone),
            special: Special::of(given, alone),
            inside: Inside::of(given, &[]),
            network: (!alone).then(|| Network::of(given)),
        }
    }
}

impl Network {
    pub(super) fn of(given: IpNet) -> Network {
        let (first, last) = (given.network(), given.broadcast());
        let (length, bits) = (given.prefix_len(), given.max_prefix_len());
        let host_bits = bits - length;
        let addresses = 1u128.checked_shl(u32::from(host_bits));
        // On a link of two (RFC 3021, RFC 6164) and alone, every address is a host's.
        let (mut first_host, mut last_host, mut hosts) = (first, last, addresses);
        if host_bits > 1 {
            first_host = offset(first, 1);
            hosts = Some(addresses.map_or(u128::MAX, |all| all - 1));
            if first.is_ipv4() {
                last_host = offset(last, -1);
                hosts = hosts.map(|hosts| hosts - 1);
            }
        }
        let (broadcast, anycast) = match (first, last) {
            (_, IpAddr::V4(last)) => (Some(last), None),
            (IpAddr::V6(first), _) => (None, Some(first)),
            _ => (None, None),
        };
        Network {
            network: given.trunc(),
            prefix_length: length,
            netmask: given.netmask(),
            wildcard: given.hostmask(),
            host_part: host_part(given),
            first,
            last,
            first_host,
            last_host,
            broadcast: broadcast.filter(|_| host_bits > 1),
            subnet_router_anycast: anycast.filter(|_| host_bits > 1),
            addresses,
            hosts,
        }
    }
}

/// The bits behind the prefix.
fn host_part(given: IpNet) -> IpAddr {
    match (given.addr(), given.hostmask()) {
        (IpAddr::V4(address), IpAddr::V4(mask)) => (address & mask).into(),
        (IpAddr::V6(address), IpAddr::V6(mask)) => (address & mask).into(),
        (address, _) => address,
    }
}

/// The neighbour of an address that is not at an end of the family.
fn offset(address: IpAddr, by: i32) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from(u32::from(address).wrapping_add_signed(by)).into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from(u128::from(address).wrapping_add_signed(i128::from(by))).into()
        }
    }
}

pub(super) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn integer(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// All digits of every group.
pub(super) fn exploded(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address.segments().map(|group| format!("{group:04x}")).join(":"),
    }
}

/// As Python's `repr()` of `bytes` writes them.
fn python(octets: &[u8]) -> String {
    let quote = if octets.contains(&b'\'') && !octets.contains(&b'"') { '"' } else { '\'' };
    let mut out = format!("b{quote}");
    for &octet in octets {
        match octet {
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\\' => out.push_str("\\\\"),
            _ if char::from(octet) == quote => out.extend(['\\', quote]),
            b' '..=b'~' => out.push(char::from(octet)),
            _ => out.push_str(&format!("\\x{octet:02x}")),
        }
    }
    out.push(quote);
    out
}

/// Neighbours are asked for unicast addresses.
fn has_solicited_node(address: &Ipv6Addr) -> bool {
    !address.is_multicast() && !address.is_unspecified() && !address.is_loopback()
}

pub(super) fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    const PREFIX: u128 = 0xff02_0000_0000_0000_0000_0001_ff00_0000;
    Ipv6Addr::from(PREFIX | (u128::from(address) & 0xff_ffff))
}
