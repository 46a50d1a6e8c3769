//! The names of addresses in the reverse tree, and the zones of a prefix.

use std::net::IpAddr;

use ipnet::IpNet;
use plumb_wire::dns::Name;
use serde::Serialize;

/// Where an address is looked up backwards, and whose zone that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Reverse {
    /// Of the address.
    pub name: String,
    /// The zone of the prefix, where it falls on a boundary (octets, nibbles);
    /// null without a prefix.
    pub zone: Option<String>,
    /// Where it does not: the zones on the next boundary that make it up.
    pub zones: Option<Zones>,
    /// Where it is less than the smallest zone: of which it can be a part.
    pub within: Option<String>,
}

/// The zones that a prefix between two boundaries needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Zones {
    pub first: String,
    pub last: String,
    pub count: u8,
}

/// Of a network, or of the address alone.
pub(super) fn of(given: IpNet, alone: bool) -> Reverse {
    let name = text(given.addr());
    // Bits to a label, and labels in a full name.
    let (step, labels) = if given.addr().is_ipv4() { (8, 4) } else { (4, 32) };
    let length = given.prefix_len();
    let zone_at = |address: IpAddr, length: u8| {
        let name = text(address);
        let drop = labels - usize::from(length / step);
        name.splitn(drop + 1, '.').nth(drop).unwrap_or_default().to_owned()
    };
    let (mut zone, mut zones, mut within) = (None, None, None);
    if !alone && length.is_multiple_of(step) {
        zone = Some(zone_at(given.network(), length));
    } else if !alone && length > given.max_prefix_len() - step {
        within = Some(zone_at(given.network(), length - length % step));
    } else if !alone {
        let next = length.next_multiple_of(step);
        zones = Some(Zones {
            first: zone_at(given.network(), next),
            last: zone_at(given.broadcast(), next),
            count: 1 << (next - length),
        });
    }
    Reverse { name, zone, zones, within }
}

fn text(address: IpAddr) -> String {
    Name::reverse_of(address).to_string().trim_end_matches('.').to_owned()
}
