//! Whether two hosts find each other on their own link, and what they then do.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use plumb_wire::addr::{Mac, Scope};
use serde::Serialize;

use super::facts::solicited_node;

/// The data of a `link` record.
#[derive(Debug, Serialize)]
pub(super) struct Link {
    /// Both hosts find each other on their link.
    pub same_link: bool,
    pub from: Side,
    pub to: Side,
    /// The longest prefix that holds both.
    pub common_network: IpNet,
    /// The bits of the network, from 1, in which they differ by the mask of
    /// `from`.
    pub differing_bits: Vec<u8>,
    /// What is unusual about the addresses.
    pub notes: Vec<String>,
}

/// One host, and what it makes of the other.
#[derive(Debug, Serialize)]
pub(super) struct Side {
    pub address: IpAddr,
    pub prefix_length: u8,
    pub netmask: IpAddr,
    pub network: IpNet,
    /// The other's address AND the mask of this one.
    pub sees_other_in: IpNet,
    /// It takes the other for a neighbour.
    pub sends_directly: bool,
    /// The group that it asks for the other's hardware address; null where it
    /// does not ask (IPv6 only: ARP asks everyone).
    pub asks_group: Option<IpAddr>,
}

impl Side {
    fn of(host: IpNet, other: IpAddr) -> Side {
        let seen = IpNet::new(other, host.prefix_len()).unwrap_or(other.into()).trunc();
        let sends_directly = host.contains(&other);
        Side {
            address: host.addr(),
            prefix_length: host.prefix_len(),
            netmask: host.netmask(),
            network: host.trunc(),
            sees_other_in: seen,
            sends_directly,
            asks_group: match other {
                IpAddr::V6(other) if sends_directly => Some(solicited_node(other).into()),
                _ => None,
            },
        }
    }
}

impl Link {
    pub(super) fn between(from: IpNet, to: IpNet) -> Link {
        let (one, other) = (Side::of(from, to.addr()), Side::of(to, from.addr()));
        Link {
            same_link: one.sends_directly && other.sends_directly,
            common_network: common(from.addr(), to.addr()),
            differing_bits: differing(one.network.network(), one.sees_other_in.network()),
            notes: notes(&from, &to),
            from: one,
            to: other,
        }
    }

    /// In one line.
    pub(super) fn answer(&self) -> String {
        let (a, b) = (self.from.address, self.to.address);
        let (own, others) = (self.from.prefix_length, self.to.prefix_length);
        let by = if own == others { format!("/{own}") } else { format!("/{own} and /{others}") };
        match (a == b, self.same_link, self.from.sends_directly, self.to.sends_directly) {
            (true, ..) => format!("{a} and {b} are one and the same host"),
            (_, true, ..) => format!("{a} and {b} are on one link ({by})"),
            (_, _, true, false) => format!("{a} takes {b} for a neighbour, not the reverse ({by})"),
            (_, _, false, true) => format!("{b} takes {a} for a neighbour, not the reverse ({by})"),
            _ => format!("{a} and {b} are not on one link ({by})"),
        }
    }

    /// Why, what happens next, and what would change it.
    pub(super) fn words(&self) -> Vec<(&'static str, String)> {
        let mut words = vec![("why", self.why())];
        if self.from.address == self.to.address {
            words.push(("next", "the packet never leaves the host: it goes over lo".to_owned()));
            return words;
        }
        words.push(("next", next(&self.from, self.to.address)));
        let is_global = |address: IpAddr| match address {
            IpAddr::V4(_) => false,
            IpAddr::V6(address) => Scope::of(address) == Some(Scope::Global),
        };
        if self.same_link && is_global(self.from.address) && is_global(self.to.address) {
            let text = "of IPv6 a router says which prefix is on the link (RFC 5942); the prefix \
                        of an address alone does not prove it";
            words.push(("note", text.to_owned()));
        }
        if self.from.sends_directly != self.to.sends_directly {
            words.push(("back", next(&self.to, self.from.address)));
            let text = "the masks disagree, so one of them is wrong: packets of the two \
                        directions take different ways, and where the hosts do not share a wire, \
                        the one that asks directly gets no answer";
            words.push(("careful", text.to_owned()));
        }
        if !self.same_link {
            let (common, length) = (self.common_network, self.common_network.prefix_len());
            let text = match length {
                0 => "no prefix but /0 holds both".to_owned(),
                _ => format!("{common} is the smallest network that holds both"),
            };
            words.push(("together", text));
        }
        words.extend(self.notes.iter().map(|note| ("careful", note.clone())));
        words
    }

    fn why(&self) -> String {
        let side = &self.from;
        let (own, other) = (side.network.network(), side.sees_other_in.network());
        if side.sends_directly {
            return format!("by the mask of A both are in {}", side.network);
        }
        let bits: Vec<String> = self.differing_bits.iter().map(u8::to_string).collect();
        let many = bits.len();
        let shown = match many {
            0..=6 => bits.join(", "),
            _ => format!("{}, ... ({many} bits)", bits[..4].join(", ")),
        };
        let (bit, differs) = if many == 1 { ("bit", "differs") } else { ("bits", "differ") };
        format!("by the mask of A they are in {own} and {other}: {bit} {shown} {differs}")
    }
}

/// What a host does with a packet for the other.
fn next(side: &Side, other: IpAddr) -> String {
    let own = side.address;
    if let Some(text) = unasked(side, other) {
        return text;
    }
    match (side.sends_directly, side.asks_group, other) {
        (true, Some(group), _) => {
            let mac = match group {
                IpAddr::V6(group) => Mac::of_ipv6_multicast(group),
                IpAddr::V4(group) => Mac::of_ipv4_multicast(group),
            };
            format!(
                "{own} asks by neighbour discovery who has {other} (to {group}, {mac}), and sends \
                 the frame to the hardware address in the answer; no gateway is needed"
            )
        }
        (true, None, _) => format!(
            "{own} asks by ARP who has {other} (to {}), and sends the frame to the hardware \
             address in the answer; no gateway is needed",
            Mac::BROADCAST
        ),
        (false, _, IpAddr::V4(_)) => format!(
            "{own} asks by ARP for its gateway, never for {other}, and sends the frame there; the \
             packet in it still says {other}. Without a route it fails: Network is unreachable \
             (ENETUNREACH)"
        ),
        (false, _, IpAddr::V6(_)) => format!(
            "{own} asks by neighbour discovery for its router, never for {other}, and sends the \
             frame there; the packet in it still says {other}. Without a route it fails: Network \
             is unreachable (ENETUNREACH)"
        ),
    }
}

/// What happens to a packet for an address that nobody asks for.
fn unasked(side: &Side, other: IpAddr) -> Option<String> {
    let own = side.address;
    let broadcast = side.prefix_length < 31 && other == side.network.broadcast();
    let group = match other {
        _ if other.is_loopback() || own.is_loopback() => {
            return Some("the packet does not leave the host: loopback is each host's own".into());
        }
        IpAddr::V4(address) if address.is_broadcast() || broadcast => {
            return Some(format!(
                "{own} asks nobody: the frame goes to {}, to every host of the link. The socket \
                 needs SO_BROADCAST, else it fails: Permission denied (EACCES)",
                Mac::BROADCAST
            ));
        }
        IpAddr::V4(address) if address.is_multicast() => Mac::of_ipv4_multicast(address),
        IpAddr::V6(address) if address.is_multicast() => Mac::of_ipv6_multicast(address),
        _ => return None,
    };
    Some(format!("{own} asks nobody: the frame goes to the group's own address, {group}"))
}

/// The longest prefix that two addresses of one family share.
fn common(one: IpAddr, other: IpAddr) -> IpNet {
    let length = match (one, other) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u32::from(a) ^ u32::from(b)).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a) ^ u128::from(b)).leading_zeros(),
        _ => 0,
    };
    let length = u8::try_from(length).unwrap_or(0);
    IpNet::new(one, length).unwrap_or(one.into()).trunc()
}

/// The bits, from 1, in which two addresses differ.
fn differing(one: IpAddr, other: IpAddr) -> Vec<u8> {
    let (one, other) = (super::facts::octets(one), super::facts::octets(other));
    let differs = |bit: &u8| {
        let (octet, mask) = (usize::from(bit / 8), 0x80u8 >> (bit % 8));
        one.get(octet).zip(other.get(octet)).is_some_and(|(a, b)| (a ^ b) & mask != 0)
    };
    (0..128).filter(differs).map(|bit| bit + 1).collect()
}

/// What is unusual about either address, so that the AND does not say all.
fn notes(from: &IpNet, to: &IpNet) -> Vec<String> {
    let mut notes = Vec::new();
    for (host, peer) in [(from, to), (to, from)] {
        let address = host.addr();
        notes.extend(match address {
            IpAddr::V4(Ipv4Addr::BROADCAST) => {
                Some(format!("{address} is everyone on the own link, not one host"))
            }
            address if address.is_multicast() => {
                Some(format!("{address} is a group, not a host: it is sent to its own frames"))
            }
            address if address.is_loopback() && from.addr() != to.addr() => {
                Some(format!("{address} is loopback: each host is alone with its own"))
            }
            address if address.is_unspecified() => Some(format!("{address} is no host's address")),
            IpAddr::V4(_) if host.prefix_len() < 31 && address == host.broadcast() => {
                Some(format!("{address} is the broadcast address of {}, no host's", host.trunc()))
            }
            IpAddr::V4(_) if host.prefix_len() < 31 && address == host.network() => {
                Some(format!("{address} is the name of {} itself, no host's", host.trunc()))
            }
            IpAddr::V6(v6) if v6.is_unicast_link_local() && peer.contains(&address) => {
                let text = "every link has fe80::/10: the two are neighbours only if they are on \
                            the same one, which %interface says";
                Some(text.to_owned()).filter(|text| !notes.contains(text))
            }
            _ => None,
        });
    }
    notes
}
