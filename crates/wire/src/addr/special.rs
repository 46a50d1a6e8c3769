//! What IANA's registries say of an address: the special-purpose registries of both families
//! (RFC 6890, as changed by RFC 8190), and the blocks that other registries know.
//!
//! The tables are those of September 2026. Of several rows around an address the most specific
//! one decides; [`Block::changes`] says what it changes.

mod block;
mod elsewhere;
mod groups;
mod ipv4;
mod ipv6;
mod rows;

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

pub use block::{
    Block, Column, Destination, Entry, Extent, Footnote, Month, Properties, Reach, Reference,
    Registry, Special, Status,
};
pub use groups::Group;

use super::Scope;

/// Every row, the special-purpose registries first, each in the registry's order.
pub fn table() -> impl Iterator<Item = &'static Block> {
    [ipv4::ROWS, ipv6::ROWS, elsewhere::IPV4, elsewhere::IPV6].into_iter().flatten()
}

/// The rows around an address, the most specific first; of two of the same size that of a
/// special-purpose registry.
///
/// ```
/// use plumb_wire::addr::special;
/// let rows = special::rows([192, 0, 0, 9].into());
/// assert_eq!(rows[0].name, "Port Control Protocol Anycast");
/// assert_eq!(rows[1].extent.to_string(), "192.0.0.0/24");
/// ```
pub fn rows(address: IpAddr) -> Vec<&'static Block> {
    sorted(table().filter(|block| block.extent.contains(address)))
}

/// The rows around all of a network, the most specific first.
pub fn covering(net: IpNet) -> Vec<&'static Block> {
    let extent = Extent::from(net);
    sorted(table().filter(|block| block.extent.covers(&extent)))
}

/// The rows that begin or end within a network without being around it, by address, the larger
/// first. A network is smaller than, equal to, or larger than a row, except for those few rows
/// that are no prefix.
pub fn within(net: IpNet) -> Vec<&'static Block> {
    let extent = Extent::from(net);
    let inside = |block: &&Block| {
        let meets = block.extent.first() <= extent.last() && block.extent.last() >= extent.first();
        meets && !block.extent.covers(&extent)
    };
    let mut blocks: Vec<_> = table().filter(inside).collect();
    blocks.sort_by_key(|block| (block.extent.first(), std::cmp::Reverse(block.extent.span())));
    blocks
}

/// The well-known multicast group that an address is.
pub fn group(address: IpAddr) -> Option<&'static Group> {
    groups::of(address)
}

fn sorted(blocks: impl Iterator<Item = &'static Block>) -> Vec<&'static Block> {
    let mut blocks: Vec<_> = blocks.collect();
    // Stable: the table has the special-purpose registries first.
    blocks.sort_by_key(|block| block.extent.span());
    blocks
}

/// What may be done with an address, all rows considered. None: no registry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// A datagram that passes two devices may come from it.
    pub source: Option<bool>,
    /// A datagram that passes two devices may go to it.
    pub destination: Option<bool>,
    /// Routers forward to it.
    pub forwardable: Option<bool>,
    /// From beyond an administrative domain too.
    pub globally_reachable: Option<bool>,
    /// Every implementation of IP treats it in a special way.
    pub reserved_by_protocol: Option<bool>,
    /// The row that decides; none for an ordinary unicast address of IPv4, which no row is about.
    pub decided_by: Option<Extent>,
}

/// What may be done with an address: what the most specific row in force says, or that it is an
/// ordinary unicast address. Of multicast, the scope decides. A row that was terminated decides
/// nothing: the one around it does, and where there is none nobody says anything.
pub fn verdict(address: IpAddr) -> Verdict {
    let rows = rows(address);
    if let Some((row, is)) = rows.iter().find_map(|row| Some((row, row.properties()?))) {
        return Verdict {
            source: Some(is.source),
            destination: Some(is.is_destination()),
            forwardable: Some(is.is_forwardable()),
            globally_reachable: is.globally_reachable(),
            reserved_by_protocol: Some(is.reserved_by_protocol),
            decided_by: Some(row.extent),
        };
    }
    let decided_by = rows.first().map(|row| row.extent);
    let all = |says| Verdict {
        source: says,
        destination: says,
        forwardable: says,
        globally_reachable: says,
        reserved_by_protocol: says.map(|_| false),
        decided_by,
    };
    match rows.first().map(|row| (row.special(), row.registry())) {
        None => all(Some(true)),
        // The broadest one that an ordinary address has.
        Some((None, Registry::Ipv6Space)) if is_global_unicast(address) => all(Some(true)),
        Some((None, Registry::Ipv4Multicast | Registry::Ipv6Multicast)) => {
            of_multicast(address, decided_by)
        }
        Some(_) => all(None),
    }
}

fn is_global_unicast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.segments()[0] >> 13 == 1)
}

/// A group is a destination and never a source (RFC 1112 section 7.2, RFC 4291 section 2.7).
fn of_multicast(address: IpAddr, decided_by: Option<Extent>) -> Verdict {
    let (forwardable, globally_reachable) = match address {
        IpAddr::V4(address) => match address.octets() {
            [224, 0, 0, _] => (Some(false), Some(false)),
            [224, 1 | 5..=251, ..] | [225..=231 | 235..=238, ..] => (None, None),
            [239, ..] => (Some(true), Some(false)),
            _ => (Some(true), Some(true)),
        },
        IpAddr::V6(address) => match Scope::of(address) {
            None | Some(Scope::Unassigned(_)) => (None, None),
            Some(Scope::InterfaceLocal | Scope::LinkLocal) => (Some(false), Some(false)),
            Some(Scope::Global) => (Some(true), Some(true)),
            Some(_) => (Some(true), Some(false)),
        },
    };
    Verdict {
        source: Some(false),
        destination: Some(true),
        forwardable,
        globally_reachable,
        reserved_by_protocol: Some(true),
        decided_by,
    }
}
