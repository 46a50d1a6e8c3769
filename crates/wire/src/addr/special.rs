//! What IANA's registries say of an address: the special-purpose registries of both families
//! (RFC 6890, as changed by RFC 8190), and the blocks that other registries know.
//!
//! The tables are those of mid 2026. Of several rows around an address the most specific
//! one decides; [`Block::changes`] says what it changes.

mod block;
mod elsewhere;
mod flags;
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
pub use flags::GroupFlags;
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

/// Whether something holds of an address, as far as anybody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Says {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The registry says `N/A`: what is embedded decides.
    NotApplicable,
    /// No registry says anything.
    Nothing,
}

/// What may be done with an address, all rows considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// A datagram that passes two devices may come from it.
    pub source: Says,
    /// A datagram that passes two devices may go to it.
    pub destination: Says,
    /// Routers forward to it.
    pub forwardable: Says,
    /// From beyond an administrative domain too.
    pub globally_reachable: Says,
    /// Every implementation of IP treats it in a special way.
    pub reserved_by_protocol: Says,
    /// The row that decides; none for an ordinary unicast address of IPv4, which no row is about.
    pub decided_by: Option<Extent>,
}

/// What may be done with an address: what the most specific row in force says, or that it is an
/// ordinary unicast address. Of multicast, the scope decides. A row that was terminated decides
/// nothing: the one around it does, and where there is none nobody says anything.
pub fn verdict(address: IpAddr) -> Verdict {
    decide(&rows(address), address, address)
}

/// What may be done with the addresses of a network, but for those of the rows
/// [within](within()) it.
pub fn verdict_of(net: IpNet) -> Verdict {
    decide(&covering(net), net.network(), net.broadcast())
}

fn decide(rows: &[&'static Block], first: IpAddr, last: IpAddr) -> Verdict {
    if let Some((row, is)) = rows.iter().find_map(|row| Some((row, row.properties()?))) {
        let [source, destination, forwardable, globally_reachable, reserved_by_protocol] =
            is.columns().map(|(_, cell)| cell.map_or(Says::NotApplicable, Says::from));
        return Verdict {
            source,
            destination,
            forwardable,
            globally_reachable,
            reserved_by_protocol,
            decided_by: Some(row.extent),
        };
    }
    let decided_by = rows.first().map(|row| row.extent);
    let all = |says| Verdict {
        source: says,
        destination: says,
        forwardable: says,
        globally_reachable: says,
        reserved_by_protocol: if says == Says::Yes { Says::No } else { says },
        decided_by,
    };
    match rows.first().map(|row| (row.special(), row.registry())) {
        None if first.is_ipv4() => all(Says::Yes),
        // The broadest one that an ordinary address has.
        Some((None, Registry::Ipv6Space)) if is_global_unicast(first) => all(Says::Yes),
        Some((None, Registry::Ipv4Multicast | Registry::Ipv6Multicast)) => {
            of_multicast(first, last, decided_by)
        }
        _ if first.is_multicast() => of_multicast(first, last, decided_by),
        _ => all(Says::Nothing),
    }
}

fn is_global_unicast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.segments()[0] >> 13 == 1)
}

const UNSAID: (Says, Says) = (Says::Nothing, Says::Nothing);

/// Groups are destinations and never sources (RFC 1112 section 7.2, RFC 4291 section 2.7).
fn of_multicast(first: IpAddr, last: IpAddr, decided_by: Option<Extent>) -> Verdict {
    let is_one = match (first, last) {
        // No row ends between them.
        (IpAddr::V4(_), IpAddr::V4(_)) => rows(first) == rows(last),
        (IpAddr::V6(first), IpAddr::V6(last)) => first.segments()[0] == last.segments()[0],
        _ => false,
    };
    let (forwardable, globally_reachable) = if is_one { reach_of_group(first) } else { UNSAID };
    Verdict {
        source: Says::No,
        destination: Says::Yes,
        forwardable,
        globally_reachable,
        reserved_by_protocol: Says::Yes,
        decided_by,
    }
}

/// Whether routers forward to a group, and beyond an administrative domain.
fn reach_of_group(group: IpAddr) -> (Says, Says) {
    match group {
        IpAddr::V4(address) => match address.octets() {
            [224, 0, 0, _] => (Says::No, Says::No),
            [224, 1 | 5..=251, ..] | [225..=231 | 235..=238, ..] => UNSAID,
            [239, ..] => (Says::Yes, Says::No),
            _ => (Says::Yes, Says::Yes),
        },
        IpAddr::V6(address) => match Scope::of(address) {
            None | Some(Scope::Unassigned(_)) => UNSAID,
            Some(Scope::InterfaceLocal | Scope::LinkLocal) => (Says::No, Says::No),
            Some(Scope::Global) => (Says::Yes, Says::Yes),
            Some(_) => (Says::Yes, Says::No),
        },
    }
}

impl From<bool> for Says {
    fn from(says: bool) -> Says {
        if says { Says::Yes } else { Says::No }
    }
}

/// True, false, the text `N/A`, or null where nobody says anything.
impl Serialize for Says {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Says::Yes => serializer.serialize_bool(true),
            Says::No => serializer.serialize_bool(false),
            Says::NotApplicable => serializer.serialize_str("N/A"),
            Says::Nothing => serializer.serialize_none(),
        }
    }
}
