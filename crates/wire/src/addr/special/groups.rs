//! Multicast groups that a registry gave to somebody for good, the ones that one meets.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::block::Reference;
use super::rows::rfc;

/// A well-known multicast group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its address; one of any scope has the scope 0 here.
    pub address: IpAddr,
    /// The group is the same in every scope (`ff0X::` in the registry).
    pub any_scope: bool,
    /// Who listens there.
    pub name: &'static str,
    /// What asked for it.
    pub references: &'static [Reference],
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for (i, reference) in self.references.iter().enumerate() {
            let before = if i == 0 { " (" } else { ", " };
            write!(f, "{before}{reference}")?;
        }
        if self.references.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

/// Of an address.
pub(super) fn of(address: IpAddr) -> Option<&'static Group> {
    let exact = |group: &&Group| !group.any_scope && group.address == address;
    if let Some(group) = GROUPS.iter().find(exact) {
        return Some(group);
    }
    let IpAddr::V6(address) = address else { return None };
    // Any scope; the flags must say that it is permanent.
    const SCOPE: u128 = 0x000f << 112;
    let without = IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !SCOPE));
    GROUPS.iter().find(|group| group.any_scope && group.address == without)
}

const fn v4(address: [u8; 4], name: &'static str, references: &'static [Reference]) -> Group {
    let [a, b, c, d] = address;
    let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    Group { address, any_scope: false, name, references }
}

const fn v6(head: u16, id: u32, name: &'static str, references: &'static [Reference]) -> Group {
    let address = IpAddr::V6(Ipv6Addr::from_bits((head as u128) << 112 | id as u128));
    Group { address, any_scope: head == ANY, name, references }
}

const NODE: u16 = 0xff01;
const LINK: u16 = 0xff02;
const SITE: u16 = 0xff05;
const ANY: u16 = 0xff00;

const UPNP: &[Reference] = &[Reference::Of("UPnP Forum")];
const CISCO: &[Reference] = &[Reference::Of("Cisco")];
const PTP: &[Reference] = &[Reference::Of("IEEE 1588")];
const ISO: &[Reference] = &[Reference::Of("IS-IS")];

/// Sorted by address within a scope.
pub(super) const GROUPS: &[Group] = &[
    v4([224, 0, 0, 0], "Base Address (reserved)", &[rfc(1112)]),
    v4([224, 0, 0, 1], "All Systems on this Subnet", &[rfc(1112)]),
    v4([224, 0, 0, 2], "All Routers on this Subnet", &[rfc(1112)]),
    v4([224, 0, 0, 4], "DVMRP Routers", &[rfc(1075)]),
    v4([224, 0, 0, 5], "OSPF All Routers", &[rfc(2328)]),
    v4([224, 0, 0, 6], "OSPF Designated Routers", &[rfc(2328)]),
    v4([224, 0, 0, 9], "RIP2 Routers", &[rfc(1723)]),
    v4([224, 0, 0, 10], "EIGRP Routers", &[rfc(7868)]),
    v4([224, 0, 0, 11], "Mobile-Agents", &[]),
    v4([224, 0, 0, 12], "DHCP Server / Relay Agent", &[]),
    v4([224, 0, 0, 13], "All PIM Routers", &[]),
    v4([224, 0, 0, 14], "RSVP-ENCAPSULATION", &[]),
    v4([224, 0, 0, 15], "All CBT Routers", &[rfc(2189)]),
    v4([224, 0, 0, 18], "VRRP", &[rfc(3768), rfc(9568)]),
    v4([224, 0, 0, 19], "IS-IS All L1 Intermediate Systems", ISO),
    v4([224, 0, 0, 20], "IS-IS All L2 Intermediate Systems", ISO),
    v4([224, 0, 0, 21], "IS-IS All Intermediate Systems", ISO),
    v4([224, 0, 0, 22], "IGMP", &[]),
    v4([224, 0, 0, 69], "All AODV-RPL Nodes", &[rfc(9854)]),
    v4([224, 0, 0, 102], "HSRP", &[]),
    v4([224, 0, 0, 106], "All-Snoopers", &[rfc(4286)]),
    v4([224, 0, 0, 107], "PTP-pdelay", PTP),
    v4([224, 0, 0, 109], "LL-MANET-Routers", &[rfc(5498)]),
    v4([224, 0, 0, 111], "Babel", &[rfc(8966)]),
    v4([224, 0, 0, 113], "AllJoyn", &[]),
    v4([224, 0, 0, 117], "DLEP Discovery", &[rfc(8175)]),
    v4([224, 0, 0, 119], "ALL_GRASP_NEIGHBORS", &[rfc(8990)]),
    v4([224, 0, 0, 121], "ALL_V4_RIFT_ROUTERS", &[rfc(9692)]),
    v4([224, 0, 0, 122], "Network Virtualization Overlay BUM Traffic", &[rfc(9624)]),
    v4([224, 0, 0, 251], "mDNS", &[rfc(6762)]),
    v4([224, 0, 0, 252], "Link-local Multicast Name Resolution", &[rfc(4795)]),
    v4([224, 0, 0, 253], "Teredo", &[rfc(4380)]),
    v4([224, 0, 0, 254], "RFC3692-style Experiment", &[rfc(4727)]),
    v4([224, 0, 1, 1], "NTP", &[rfc(5905)]),
    v4([224, 0, 1, 3], "Rwhod", &[]),
    v4([224, 0, 1, 22], "SVRLOC", &[]),
    v4([224, 0, 1, 24], "microsoft-ds", &[]),
    v4([224, 0, 1, 32], "mtrace", &[]),
    v4([224, 0, 1, 35], "SVRLOC-DA", &[]),
    v4([224, 0, 1, 39], "cisco-rp-announce", CISCO),
    v4([224, 0, 1, 40], "cisco-rp-discovery", CISCO),
    v4([224, 0, 1, 60], "hp-device-disc", &[]),
    v4([224, 0, 1, 68], "MADCAP discovery", &[rfc(2730)]),
    v4([224, 0, 1, 75], "SIP", &[]),
    v4([224, 0, 1, 84], "jini-announcement", &[]),
    v4([224, 0, 1, 85], "jini-request", &[]),
    v4([224, 0, 1, 129], "PTP-primary", PTP),
    v4([224, 0, 1, 130], "PTP-alternate1", PTP),
    v4([224, 0, 1, 131], "PTP-alternate2", PTP),
    v4([224, 0, 1, 132], "PTP-alternate3", PTP),
    v4([224, 0, 1, 187], "All CoAP Nodes", &[rfc(7252)]),
    v4([224, 2, 127, 254], "SAPv1 Announcements", &[rfc(2974)]),
    v4([239, 255, 255, 250], "SSDP (relative 5 of the scope)", UPNP),
    v4([239, 255, 255, 253], "SLPv2 Discovery (relative 2 of the scope)", &[rfc(2608)]),
    v6(NODE, 1, "All Nodes Address", &[rfc(4291)]),
    v6(NODE, 2, "All Routers Address", &[rfc(4291)]),
    v6(LINK, 1, "All Nodes Address", &[rfc(4291)]),
    v6(LINK, 2, "All Routers Address", &[rfc(4291)]),
    v6(LINK, 4, "DVMRP Routers", &[rfc(1075)]),
    v6(LINK, 5, "OSPF All Routers", &[rfc(2328)]),
    v6(LINK, 6, "OSPF Designated Routers", &[rfc(2328)]),
    v6(LINK, 9, "RIP Routers", &[rfc(2080)]),
    v6(LINK, 0xa, "EIGRP Routers", &[rfc(7868)]),
    v6(LINK, 0xb, "Mobile-Agents", &[]),
    v6(LINK, 0xd, "All PIM Routers", &[]),
    v6(LINK, 0xe, "RSVP-ENCAPSULATION", &[]),
    v6(LINK, 0xf, "UPnP", UPNP),
    v6(LINK, 0x10, "All-BBF-Access-Nodes", &[rfc(6788)]),
    v6(LINK, 0x11, "All-Homenet-Nodes", &[rfc(7788)]),
    v6(LINK, 0x12, "VRRP", &[rfc(9568)]),
    v6(LINK, 0x13, "ALL_GRASP_NEIGHBORS", &[rfc(8990)]),
    v6(LINK, 0x14, "Network Virtualization Overlay BUM Traffic", &[rfc(9624)]),
    v6(LINK, 0x16, "All MLDv2-capable routers", &[rfc(9777)]),
    v6(LINK, 0x1a, "all-RPL-nodes", &[rfc(6550)]),
    v6(LINK, 0x6a, "All-Snoopers", &[rfc(4286)]),
    v6(LINK, 0x6b, "PTP-pdelay", PTP),
    v6(LINK, 0x6d, "LL-MANET-Routers", &[rfc(5498)]),
    v6(LINK, 0xa1f7, "ALL_V6_RIFT_ROUTERS", &[rfc(9692)]),
    v6(LINK, 0x1_0001, "Link Name", &[]),
    v6(LINK, 0x1_0002, "All_DHCP_Relay_Agents_and_Servers", &[rfc(9915)]),
    v6(LINK, 0x1_0003, "Link-local Multicast Name Resolution", &[rfc(4795)]),
    v6(LINK, 0x1_0006, "Babel", &[rfc(8966)]),
    v6(LINK, 0x1_0007, "DLEP Discovery", &[rfc(8175)]),
    v6(SITE, 2, "All Routers Address", &[rfc(4291)]),
    v6(SITE, 0x1_0003, "All_DHCP_Servers", &[rfc(9915)]),
    v6(SITE, 0x1_0005, "SL-MANET-ROUTERS", &[rfc(6621)]),
    v6(ANY, 0, "Reserved Multicast Address", &[rfc(4291)]),
    v6(ANY, 0xc, "SSDP", UPNP),
    v6(ANY, 0xfa, "Matter", &[Reference::Of("Connectivity Standards Alliance")]),
    v6(ANY, 0xfb, "mDNSv6", &[rfc(6762)]),
    v6(ANY, 0xfc, "ALL_MPL_FORWARDERS", &[rfc(7731)]),
    v6(ANY, 0xfd, "All CoAP Nodes", &[rfc(7252)]),
    v6(ANY, 0xfe, "All CoRE Resource Directories", &[rfc(9176)]),
    v6(ANY, 0x101, "Network Time Protocol", &[rfc(5905)]),
    v6(ANY, 0x103, "Rwhod", &[]),
    v6(ANY, 0x116, "SVRLOC", &[]),
    v6(ANY, 0x118, "microsoft-ds", &[]),
    v6(ANY, 0x123, "SVRLOC-DA", &[]),
    v6(ANY, 0x127, "cisco-rp-announce", CISCO),
    v6(ANY, 0x128, "cisco-rp-discovery", CISCO),
    v6(ANY, 0x130, "UPnP", UPNP),
    v6(ANY, 0x175, "all SIP servers", &[]),
    v6(ANY, 0x181, "PTP-primary", PTP),
    v6(ANY, 0x182, "PTP-alternate1", PTP),
    v6(ANY, 0x183, "PTP-alternate2", PTP),
    v6(ANY, 0x184, "PTP-alternate3", PTP),
    v6(ANY, 0x18c, "All ACs multicast address", &[rfc(5415)]),
];
