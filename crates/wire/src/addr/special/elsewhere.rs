//! Blocks that other registries know: multicast, and the coarse division of IPv6.

use super::block::{Block, Extent, Reference, Registry};
use super::rows::{other, rfc, section};

const fn v4(extent: Extent, name: &'static str, references: &'static [Reference]) -> Block {
    other(Registry::Ipv4Multicast, extent, name, references)
}

const fn space(groups: &[u16], length: u8, name: &'static str) -> Block {
    other(Registry::Ipv6Space, Extent::v6(groups, length), name, ARCHITECTURE)
}

const fn multicast(
    groups: &[u16],
    length: u8,
    name: &'static str,
    rfcs: &'static [Reference],
) -> Block {
    other(Registry::Ipv6Multicast, Extent::v6(groups, length), name, rfcs)
}

const ARCHITECTURE: &[Reference] = &[rfc(4291)];

const RESERVED: &str = "Reserved by IETF";

/// IPv4 multicast, RFC 5771.
pub(super) const IPV4: &[Block] = &[
    v4(Extent::v4([224, 0, 0, 0], 4), "Multicast", &[section(1112, "4"), rfc(5771)]),
    v4(Extent::v4([224, 0, 0, 0], 24), "Local Network Control Block", &[section(5771, "4")]),
    v4(Extent::v4([224, 0, 1, 0], 24), "Internetwork Control Block", &[section(5771, "5")]),
    v4(
        Extent::v4_range([224, 0, 2, 0], [224, 0, 255, 255]),
        "AD-HOC Block I",
        &[section(5771, "6")],
    ),
    v4(Extent::v4([224, 1, 0, 0], 16), "Reserved", &[rfc(5771)]),
    v4(Extent::v4([224, 2, 0, 0], 16), "SDP/SAP Block", &[section(5771, "7")]),
    v4(
        Extent::v4_range([224, 3, 0, 0], [224, 4, 255, 255]),
        "AD-HOC Block II",
        &[section(5771, "6")],
    ),
    v4(Extent::v4_range([224, 5, 0, 0], [224, 251, 255, 255]), "Reserved", &[rfc(5771)]),
    v4(Extent::v4([224, 252, 0, 0], 14), "DIS Transient Groups", &[rfc(2365)]),
    v4(Extent::v4_range([225, 0, 0, 0], [231, 255, 255, 255]), "Reserved", &[rfc(5771)]),
    v4(
        Extent::v4([232, 0, 0, 0], 8),
        "Source-Specific Multicast Block",
        &[section(5771, "8"), rfc(4607)],
    ),
    v4(Extent::v4_range([233, 0, 0, 0], [233, 251, 255, 255]), "GLOP Block", &[rfc(3180)]),
    v4(Extent::v4([233, 252, 0, 0], 14), "AD-HOC Block III", &[section(5771, "9.2")]),
    v4(
        Extent::v4([233, 252, 0, 0], 24),
        "MCAST-TEST-NET (documentation)",
        &[section(5771, "9.2"), rfc(6676)],
    ),
    v4(
        Extent::v4([234, 0, 0, 0], 8),
        "Unicast-Prefix-based IPv4 Multicast Addresses",
        &[rfc(6034)],
    ),
    v4(Extent::v4_range([235, 0, 0, 0], [238, 255, 255, 255]), "Reserved", &[rfc(5771)]),
    v4(
        Extent::v4([239, 0, 0, 0], 8),
        "Administratively Scoped Block",
        &[section(5771, "10"), rfc(2365)],
    ),
    v4(Extent::v4([239, 192, 0, 0], 14), "IPv4 Organization Local Scope", &[section(2365, "6.2")]),
    v4(Extent::v4([239, 255, 0, 0], 16), "IPv4 Local Scope", &[section(2365, "6.1")]),
];

/// IPv6: the division of all its space, what is left of older plans, and multicast.
pub(super) const IPV6: &[Block] = &[
    space(&[], 8, RESERVED),
    other(
        Registry::Ipv6Space,
        Extent::v6(&[], 96),
        "IPv4-compatible IPv6 Address (deprecated)",
        &[section(4291, "2.5.5.1")],
    ),
    space(&[0x100], 8, RESERVED),
    other(
        Registry::Ipv6Space,
        Extent::v6(&[0x200], 7),
        "Reserved by IETF (OSI NSAP-mapped, deprecated)",
        &[rfc(4048)],
    ),
    space(&[0x400], 6, RESERVED),
    space(&[0x800], 5, RESERVED),
    space(&[0x1000], 4, RESERVED),
    space(&[0x2000], 3, "Global Unicast"),
    other(
        Registry::Ipv6Unicast,
        Extent::v6(&[0x3ffe], 16),
        "Reserved (6bone, returned)",
        &[rfc(3701)],
    ),
    space(&[0x4000], 3, RESERVED),
    space(&[0x6000], 3, RESERVED),
    space(&[0x8000], 3, RESERVED),
    space(&[0xa000], 3, RESERVED),
    space(&[0xc000], 3, RESERVED),
    space(&[0xe000], 4, RESERVED),
    space(&[0xf000], 5, RESERVED),
    space(&[0xf800], 6, RESERVED),
    space(&[0xfe00], 9, RESERVED),
    other(
        Registry::Ipv6Space,
        Extent::v6(&[0xfec0], 10),
        "Reserved by IETF (site-local, deprecated)",
        &[rfc(3879)],
    ),
    space(&[0xff00], 8, "Multicast"),
    multicast(&[0xff00], 12, "Permanently assigned groups", &[section(4291, "2.7")]),
    multicast(&[0xff10], 12, "Transient groups", &[section(4291, "2.7")]),
    multicast(&[0xff30], 12, "Unicast-prefix-based groups", &[section(3306, "4")]),
    multicast(&[0xff70], 12, "Groups with an embedded rendezvous point", &[section(3956, "3")]),
    multicast(
        &[0xff02, 0, 0, 0, 0, 1, 0xff00],
        104,
        "Solicited-Node Address",
        &[section(4291, "2.7.1")],
    ),
    multicast(&[0xff02, 0, 0, 0, 0, 2, 0xff00], 104, "Node Information Queries", &[rfc(4620)]),
];
