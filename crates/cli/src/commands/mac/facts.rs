//! Everything that `plumb mac MAC` says of an address.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use plumb_wire::addr::embedded::identifier_text;
use plumb_wire::addr::mac::known::{self, Known};
use plumb_wire::addr::{Eui64, HardwareAddress, Mac, Slap};
use serde::Serialize;

use super::read::{Found, Within};
use super::vendors::{Bought, Lists, NO_LIST};

/// The data of a `mac` record.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    /// As it was written.
    pub text: String,
    pub address: String,
    /// 48 or 64.
    pub bits: u8,
    /// What it was taken out of; null if it was written itself.
    pub within: Option<Within>,
    pub multicast: bool,
    pub broadcast: bool,
    pub local: bool,
    /// The quadrant of a local address, IEEE 802c.
    pub slap: Option<Slap>,
    pub first_octet: String,
    pub known: Option<Known>,
    /// The 32 IPv4 groups whose frames go there.
    pub ipv4_groups: Option<Vec<Ipv4Addr>>,
    /// The IPv6 group of the link whose frames go there; those of the other
    /// scopes and flags end alike.
    pub ipv6_group: Option<Ipv6Addr>,
    pub vendor: Option<Vendor>,
    /// Why there is no vendor, or what is to be known of it.
    pub vendor_note: Option<String>,
    /// The files that were asked.
    pub vendor_lists: Vec<PathBuf>,
    pub notations: Notations,
    pub integer: u64,
    /// Of 64 bits; null for a group.
    pub eui64: Option<String>,
    /// The one of 48 bits that it was made of.
    pub eui48: Option<Mac>,
    /// With the U/L bit flipped.
    pub interface_identifier: Option<String>,
    pub link_local: Option<Ipv6Addr>,
}

/// Who bought the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Vendor {
    pub name: String,
    /// The digits, with colons.
    pub prefix: String,
    pub prefix_length: u8,
    pub list: PathBuf,
}

/// The same address as others write it.
#[derive(Debug, Serialize)]
pub(super) struct Notations {
    pub colons: String,
    /// IEEE, Windows.
    pub dashes: String,
    /// Cisco.
    pub dots: String,
    /// Groups of three digits.
    pub triples: String,
    /// PostgreSQL, HPE.
    pub halves: String,
    pub bare: String,
    /// BSD, macOS: without leading zeros.
    pub short: String,
    /// The bits of each octet the other way round, as Token Ring and FDDI
    /// write them.
    pub bit_reversed: String,
}

impl Facts {
    pub(super) fn of(text: &str, found: Found, lists: &Lists) -> Facts {
        let octets = found.address.octets();
        let first = octets[0];
        let (multicast, local) = (first & 1 != 0, first & 2 != 0);
        let broadcast = octets.iter().all(|octet| *octet == 0xff);
        let nobody = octets.iter().all(|octet| *octet == 0);
        let (mac, eui64) = match found.address {
            HardwareAddress::Eui48(mac) => (Some(mac), Eui64::from(mac)),
            HardwareAddress::Eui64(address) => (None, address),
        };
        let eui48 = if mac.is_none() { eui64.mac() } else { None };
        let of_interface = (!multicast && !nobody).then_some(eui64);
        let (vendor, vendor_note) = vendor(octets, lists);
        Facts {
            text: text.to_owned(),
            address: found.address.to_string(),
            bits: octets.len() as u8 * 8, // 6 or 8 octets
            within: found.within,
            multicast,
            broadcast,
            local,
            slap: Slap::of(first).filter(|_| !multicast),
            first_octet: format!("{first:08b}"),
            known: mac.and_then(known::of),
            ipv4_groups: mac.and_then(|mac| mac.ipv4_groups()).map(Vec::from),
            ipv6_group: mac.and_then(|mac| mac.ipv6_group_ending()).map(group_of_link),
            vendor,
            vendor_note,
            vendor_lists: lists.paths().to_vec(),
            notations: Notations::of(octets),
            integer: octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet)),
            eui64: of_interface.map(|address| address.to_string()),
            eui48,
            interface_identifier: of_interface
                .map(|address| identifier_text(address.interface_identifier())),
            link_local: of_interface.map(|address| address.link_local()),
        }
    }
}

/// The permanent group of the link with this ending.
fn group_of_link(ending: u32) -> Ipv6Addr {
    /// ff02::/16.
    const LINK: u128 = 0xff02 << 112;
    /// ff02::1:ff00:0/104, the solicited-node groups.
    const SOLICITED: u128 = LINK | 1 << 32;
    let groups = if ending >> 24 == 0xff { SOLICITED } else { LINK };
    Ipv6Addr::from_bits(groups | u128::from(ending))
}

impl Notations {
    fn of(octets: &[u8]) -> Notations {
        let bare: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let spelled = |separator: &str, spell: &dyn Fn(u8) -> String| {
            octets.iter().map(|octet| spell(*octet)).collect::<Vec<_>>().join(separator)
        };
        let groups = |length: usize, separator: &str| {
            let digits = bare.as_bytes().chunks(length);
            let groups: Vec<_> = digits.map(String::from_utf8_lossy).collect();
            groups.join(separator)
        };
        Notations {
            colons: spelled(":", &|octet| format!("{octet:02x}")),
            dashes: spelled("-", &|octet| format!("{octet:02X}")),
            dots: groups(4, "."),
            triples: groups(if octets.len() == 6 { 3 } else { 4 }, "."),
            halves: groups(octets.len(), ":"),
            short: spelled(":", &|octet| format!("{octet:x}")),
            bit_reversed: spelled(":", &|octet| format!("{:02x}", octet.reverse_bits())),
            bare,
        }
    }
}

/// Who bought an address, or why that cannot be said.
fn vendor(octets: &[u8], lists: &Lists) -> (Option<Vendor>, Option<String>) {
    let first = octets[0];
    let none = |why: &str| (None, Some(why.to_owned()));
    if octets.iter().all(|octet| *octet == 0xff) {
        return none("none: everyone's");
    }
    if octets.iter().all(|octet| *octet == 0) {
        return none("none: the address of nobody");
    }
    // A group belongs to whom the same address without the I/G bit does.
    let asked = [first & !1].iter().chain(&octets[1..6]).fold(0, |v, o| v << 8 | u64::from(*o));
    let local = first & 2 != 0;
    if lists.paths().is_empty() && !local {
        return none(NO_LIST);
    }
    let found = lists.find(asked);
    match found {
        None if first & 1 != 0 && local => none("none: a local group is nobody's"),
        None if local => none("none: a local address is made up, or random to hide the device"),
        Some(found) if local => none(&local_owner(&found)),
        None => none("not in the list"),
        Some(found) => {
            let note = if found.is_parted() {
                let more = "sold on in parts, of which the list has not this one";
                Some(more.to_owned())
            } else if first & 1 != 0 {
                Some("the owner of the group's block".to_owned())
            } else {
                None
            };
            (Some(Vendor::from(found)), note)
        }
    }
}

/// What a list says of a local address.
fn local_owner(found: &Bought) -> String {
    format!(
        "none, if it is random or made up as local ones are; {} has {}/{}",
        found.name, found.prefix, found.prefix_length
    )
}

impl From<Bought> for Vendor {
    fn from(bought: Bought) -> Vendor {
        let Bought { prefix, prefix_length, name, list } = bought;
        Vendor { name, prefix, prefix_length, list }
    }
}
