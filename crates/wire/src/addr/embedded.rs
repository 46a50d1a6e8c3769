//! What an address has inside: an IPv4 address, a hardware address, a prefix.
//!
//! Only the bits are read. That an interface identifier looks like the one of a hardware address
//! does not prove that it was made of one (RFC 7136 section 2).

mod group;
mod identifier;
mod nat64;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::Serialize;

pub use identifier::ReservedIdentifier;
pub use nat64::{NAT64_LENGTHS, Nat64Error, Nat64Prefix};

use super::Mac;

/// Something that was found in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Embedded {
    /// `::ffff:a.b.c.d`: an IPv4 peer of an IPv6 socket.
    Ipv4Mapped {
        /// The peer.
        ipv4: Ipv4Addr,
    },
    /// `::a.b.c.d`, deprecated.
    Ipv4Compatible {
        /// The last 32 bits.
        ipv4: Ipv4Addr,
    },
    /// `::ffff:0:a.b.c.d` of the first stateless translator, obsolete.
    Ipv4Translated {
        /// The node that speaks IPv6.
        ipv4: Ipv4Addr,
    },
    /// `2002:aabb:ccdd::/48`.
    #[serde(rename = "6to4")]
    SixToFour {
        /// The site's gateway.
        ipv4: Ipv4Addr,
        /// The site's prefix.
        prefix: Ipv6Net,
        /// The site's subnet.
        subnet: u16,
    },
    /// `2001::/32`: a host behind a NAT.
    Teredo {
        /// Whom it asked for its address.
        server: Ipv4Addr,
        /// All 16 flags; 12 of them are random (RFC 5991).
        flags: u16,
        /// The flag C: the NAT is a cone. Always 0 since RFC 5991.
        cone: bool,
        /// The NAT's address; it stands inverted in the address.
        client: Ipv4Addr,
        /// The NAT's port; it stands inverted in the address.
        port: u16,
    },
    /// An IPv4 host beyond a translator.
    Nat64 {
        /// The translator's prefix.
        prefix: Ipv6Net,
        /// The host.
        ipv4: Ipv4Addr,
        /// How the prefix is known.
        known: KnownBy,
    },
    /// A node that reaches its neighbours through IPv4.
    Isatap {
        /// The node.
        ipv4: Ipv4Addr,
        /// The identifier claims that the IPv4 address is globally unique.
        unique: bool,
    },
    /// An interface identifier as it is made of a hardware address: with ff:fe in the middle and
    /// the bit U/L flipped.
    Eui64 {
        /// The hardware address.
        mac: Mac,
    },
    /// An interface identifier that no host may take.
    ReservedIdentifier {
        /// Whose it is.
        identifier: ReservedIdentifier,
    },
    /// The group of all whose address ends so.
    SolicitedNode {
        /// The last 24 bits.
        ending: Ending,
    },
    /// The group of all whose name has this hash.
    NodeInformation {
        /// 24 bits of the MD5 of the name.
        ending: Ending,
    },
    /// A group of a network's own.
    PrefixGroup {
        /// The network.
        prefix: Ipv6Net,
        /// The group in it.
        group: u32,
    },
    /// A channel that is joined together with its source.
    SourceSpecific {
        /// The group.
        group: u32,
    },
    /// A group of an interface's own, on its link.
    LinkScopedGroup {
        /// The interface.
        #[serde(serialize_with = "as_identifier")]
        identifier: u64,
        /// The group.
        group: u32,
    },
    /// A group whose rendezvous point stands in it.
    RendezvousPoint {
        /// The router at which sources and listeners meet.
        router: Ipv6Addr,
        /// Its network, whose group this is.
        prefix: Ipv6Net,
        /// The group in it.
        group: u32,
    },
    /// An IPv4 group that came with an AS number.
    Glop {
        /// Of 16 bits.
        as_number: u16,
    },
    /// An IPv4 group that came with a network.
    Ipv4PrefixGroup {
        /// The network.
        prefix: Ipv4Net,
    },
}

/// How one knows that a prefix is a translator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// It is the well-known one, RFC 6052 section 2.1.
    WellKnown,
    /// It is in 64:ff9b:1::/48, RFC 8215; its length is the network's own choice, and this one
    /// fits.
    LocalUse,
    /// Somebody said so.
    Given,
}

/// The last 24 bits of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending(pub [u8; 3]);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "{a:02x}:{b:02x}{c:02x}")
    }
}

impl Serialize for Ending {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Four groups of an interface identifier.
pub fn identifier_text(identifier: u64) -> String {
    let group = |shift: u32| (identifier >> shift) as u16;
    format!("{:x}:{:x}:{:x}:{:x}", group(48), group(32), group(16), group(0))
}

fn as_identifier<S: serde::Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&identifier_text(*id))
}

/// All that is found in an address.
///
/// ```
/// use plumb_wire::addr::embedded::{self, Embedded};
/// let address = "2002:c000:204:1::1".parse().unwrap();
/// let [Embedded::SixToFour { ipv4, subnet, .. }] = embedded::parts(address)[..] else { panic!() };
/// assert_eq!((ipv4.to_string().as_str(), subnet), ("192.0.2.4", 1));
/// ```
pub fn parts(address: IpAddr) -> Vec<Embedded> {
    parts_beyond(address, &[])
}

/// All that is found in an address, where these prefixes are of translators.
pub fn parts_beyond(address: IpAddr, translators: &[Nat64Prefix]) -> Vec<Embedded> {
    let address = match address {
        IpAddr::V4(address) => return group::of_ipv4(address).into_iter().collect(),
        IpAddr::V6(address) if address.is_multicast() => return group::of(address),
        IpAddr::V6(address) => address,
    };
    let mut parts = nat64::of(address, translators);
    parts.extend(of_transition(address));
    // There, the last 64 bits are no interface identifier.
    let is_taken =
        |part: &Embedded| matches!(part, Embedded::Teredo { .. } | Embedded::Nat64 { .. });
    if !parts.iter().any(is_taken) {
        parts.extend(identifier::of(address));
    }
    parts
}

/// Unicast addresses that do not begin with 000 have an interface identifier of 64 bits (RFC
/// 4291 section 2.5.1), but for those that are hashes from end to end.
fn has_identifier(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_hash = first == 0x2001 && matches!(second & 0xfff0, 0x10 | 0x20 | 0x30);
    first >> 13 != 0 && !is_hash && !address.is_multicast()
}

fn low(bits: u128) -> Ipv4Addr {
    Ipv4Addr::from_bits(bits as u32)
}

/// The mechanisms of transition that are told by the first bits.
fn of_transition(address: Ipv6Addr) -> Option<Embedded> {
    let bits = address.to_bits();
    Some(match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] => Embedded::Ipv4Mapped { ipv4: low(bits) },
        [0, 0, 0, 0, 0xffff, 0, ..] => Embedded::Ipv4Translated { ipv4: low(bits) },
        [0, 0, 0, 0, 0, 0, ..] if bits > 1 => Embedded::Ipv4Compatible { ipv4: low(bits) },
        [0x2002, _, _, subnet, ..] => {
            Embedded::SixToFour { ipv4: low(bits >> 80), prefix: nat64::net(address, 48), subnet }
        }
        [0x2001, 0, _, _, flags, port, ..] => Embedded::Teredo {
            server: low(bits >> 64),
            flags,
            cone: flags & 0x8000 != 0,
            client: low(!bits),
            port: !port,
        },
        _ => return None,
    })
}

impl Embedded {
    /// The notation's name.
    pub fn name(&self) -> &'static str {
        match self {
            Embedded::Ipv4Mapped { .. } => "IPv4-mapped",
            Embedded::Ipv4Compatible { .. } => "IPv4-compatible",
            Embedded::Ipv4Translated { .. } => "IPv4-translated",
            Embedded::SixToFour { .. } => "6to4",
            Embedded::Teredo { .. } => "Teredo",
            Embedded::Nat64 { .. } => "NAT64",
            Embedded::Isatap { .. } => "ISATAP",
            Embedded::Eui64 { .. } => "EUI-64",
            Embedded::ReservedIdentifier { .. } => "identifier",
            Embedded::SolicitedNode { .. } => "solicited",
            Embedded::NodeInformation { .. } => "node info",
            Embedded::PrefixGroup { .. } | Embedded::Ipv4PrefixGroup { .. } => "prefix group",
            Embedded::SourceSpecific { .. } => "SSM",
            Embedded::LinkScopedGroup { .. } => "link group",
            Embedded::RendezvousPoint { .. } => "embedded RP",
            Embedded::Glop { .. } => "GLOP",
        }
    }

    /// Where it is defined.
    pub fn reference(&self) -> &'static str {
        match self {
            Embedded::Ipv4Mapped { .. } => "RFC 4291 section 2.5.5.2",
            Embedded::Ipv4Compatible { .. } => "RFC 4291 section 2.5.5.1",
            Embedded::Ipv4Translated { .. } => "RFC 2765 section 2.1",
            Embedded::SixToFour { .. } => "RFC 3056 section 2",
            Embedded::Teredo { .. } => "RFC 4380 section 4",
            Embedded::Nat64 { known: KnownBy::LocalUse, .. } => "RFC 8215",
            Embedded::Nat64 { .. } => "RFC 6052 section 2.2",
            Embedded::Isatap { .. } => "RFC 5214 section 6.1",
            Embedded::Eui64 { .. } => "RFC 4291 appendix A",
            Embedded::ReservedIdentifier { identifier } => identifier.reference(),
            Embedded::SolicitedNode { .. } => "RFC 4291 section 2.7.1",
            Embedded::NodeInformation { .. } => "RFC 4620",
            Embedded::PrefixGroup { .. } => "RFC 3306 section 4",
            Embedded::SourceSpecific { .. } => "RFC 3306 section 6, RFC 4607",
            Embedded::LinkScopedGroup { .. } => "RFC 4489 section 3",
            Embedded::RendezvousPoint { .. } => "RFC 3956 section 3",
            Embedded::Glop { .. } => "RFC 3180 section 2",
            Embedded::Ipv4PrefixGroup { .. } => "RFC 6034 section 2",
        }
    }

    /// The IPv4 address of a host that it stands for or is reached through.
    pub fn ipv4(&self) -> Option<Ipv4Addr> {
        match *self {
            Embedded::Ipv4Mapped { ipv4 }
            | Embedded::Ipv4Compatible { ipv4 }
            | Embedded::Ipv4Translated { ipv4 }
            | Embedded::SixToFour { ipv4, .. }
            | Embedded::Nat64 { ipv4, .. }
            | Embedded::Isatap { ipv4, .. } => Some(ipv4),
            Embedded::Teredo { client, .. } => Some(client),
            _ => None,
        }
    }
}

/// What it holds, without its name and reference.
impl fmt::Display for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Embedded::Ipv4Mapped { ipv4 } => write!(f, "{ipv4}, an IPv4 peer of an IPv6 socket"),
            Embedded::Ipv4Compatible { ipv4 } => write!(f, "{ipv4}; deprecated"),
            Embedded::Ipv4Translated { ipv4 } => write!(f, "{ipv4}; obsolete"),
            Embedded::SixToFour { ipv4, prefix, subnet } => {
                write!(f, "the site {prefix} behind {ipv4}, subnet {subnet:#06x}")
            }
            Embedded::Teredo { server, flags, cone, client, port } => {
                let cone = if *cone { ", a cone NAT" } else { "" };
                write!(f, "client {client} port {port}, server {server}, flags {flags:#06x}{cone}")
            }
            Embedded::Nat64 { prefix, ipv4, .. } => {
                write!(f, "{ipv4} beyond the translator {prefix}")
            }
            Embedded::Isatap { ipv4, unique } => {
                let unique = if *unique { ", said to be globally unique" } else { "" };
                write!(f, "a neighbour through {ipv4}{unique}")
            }
            Embedded::Eui64 { mac } => {
                let whose = if mac.is_local() { "locally administered" } else { "bought" };
                write!(f, "the hardware address {mac}, {whose}")
            }
            Embedded::ReservedIdentifier { identifier } => write!(f, "{identifier}"),
            Embedded::SolicitedNode { ending } => {
                write!(f, "asks all whose address ends in {ending}")
            }
            Embedded::NodeInformation { ending } => {
                write!(f, "asks all whose name hashes to {ending}")
            }
            Embedded::PrefixGroup { prefix, group } => write!(f, "group {group:#x} of {prefix}"),
            Embedded::SourceSpecific { group } => {
                write!(f, "channel {group:#x}, joined together with its source")
            }
            Embedded::LinkScopedGroup { identifier, group } => {
                write!(f, "group {group:#x} of the interface {}", identifier_text(*identifier))
            }
            Embedded::RendezvousPoint { router, prefix, group } => {
                write!(f, "group {group:#x} of {prefix}, which meets at {router}")
            }
            Embedded::Glop { as_number } => write!(f, "a group of AS {as_number}"),
            Embedded::Ipv4PrefixGroup { prefix } => write!(f, "a group of {prefix}"),
        }
    }
}
