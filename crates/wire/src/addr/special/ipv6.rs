//! IANA IPv6 Special-Purpose Address Registry, in its order.

use super::block::{Block, Column, Extent, Footnote, Reference};
use super::rows::{
    DEPENDS, EVERYWHERE, IN_DOMAIN, NOWHERE, ON_LINK, SOURCE_ONLY, rfc, special, terminated,
};

const fn net(groups: &[u16], length: u8) -> Extent {
    Extent::v6(groups, length)
}

const MORE_SPECIFIC: &[Footnote] = &[Footnote {
    number: 1,
    on: &[Column::Source, Column::Destination, Column::Forwardable, Column::GloballyReachable],
    text: "except where a more specific row allows it",
}];

const TEREDO: &[Footnote] = &[Footnote {
    number: 2,
    on: &[Column::GloballyReachable],
    text: "RFC 4380 section 5 says how far",
}];

const SIX_TO_FOUR: &[Footnote] = &[Footnote {
    number: 3,
    on: &[Column::Block, Column::GloballyReachable],
    text: "RFC 3056 says how far: as far as the IPv4 address in it",
}];

const UNIQUE_LOCAL: &[Footnote] = &[Footnote {
    number: 4,
    on: &[Column::GloballyReachable],
    text: "taken from global unicast space, but by RFC 4193 not routed globally",
}];

/// Every row.
pub(super) const ROWS: &[Block] = &[
    special(
        net(&[0, 0, 0, 0, 0, 0, 0, 1], 128),
        "Loopback Address",
        &[rfc(4291)],
        (2006, 2),
        NOWHERE,
    )
    .by_protocol(),
    special(net(&[], 128), "Unspecified Address", &[rfc(4291)], (2006, 2), SOURCE_ONLY)
        .by_protocol(),
    special(
        net(&[0, 0, 0, 0, 0, 0xffff], 96),
        "IPv4-mapped Address",
        &[rfc(4291)],
        (2006, 2),
        NOWHERE,
    )
    .by_protocol(),
    special(net(&[0x64, 0xff9b], 96), "IPv4-IPv6 Translat.", &[rfc(6052)], (2010, 10), EVERYWHERE),
    special(net(&[0x64, 0xff9b, 1], 48), "IPv4-IPv6 Translat.", &[rfc(8215)], (2017, 6), IN_DOMAIN),
    special(net(&[0x100], 64), "Discard-Only Address Block", &[rfc(6666)], (2012, 6), IN_DOMAIN),
    special(net(&[0x100, 0, 0, 1], 64), "Dummy IPv6 Prefix", &[rfc(9780)], (2025, 4), SOURCE_ONLY),
    special(net(&[0x2001], 23), "IETF Protocol Assignments", &[rfc(2928)], (2000, 9), NOWHERE)
        .noted(MORE_SPECIFIC),
    special(net(&[0x2001], 32), "TEREDO", &[rfc(4380), rfc(8190)], (2006, 1), DEPENDS)
        .noted(TEREDO),
    special(
        net(&[0x2001, 1, 0, 0, 0, 0, 0, 1], 128),
        "Port Control Protocol Anycast",
        &[rfc(7723)],
        (2015, 10),
        EVERYWHERE,
    ),
    special(
        net(&[0x2001, 1, 0, 0, 0, 0, 0, 2], 128),
        "Traversal Using Relays around NAT Anycast",
        &[rfc(8155)],
        (2017, 2),
        EVERYWHERE,
    ),
    special(
        net(&[0x2001, 1, 0, 0, 0, 0, 0, 3], 128),
        "DNS-SD Service Registration Protocol Anycast",
        &[rfc(9665)],
        (2024, 4),
        EVERYWHERE,
    ),
    special(
        net(&[0x2001, 2], 48),
        "Benchmarking",
        &[rfc(5180), Reference::Erratum(1752)],
        (2008, 4),
        IN_DOMAIN,
    ),
    special(net(&[0x2001, 3], 32), "AMT", &[rfc(7450)], (2014, 12), EVERYWHERE),
    special(net(&[0x2001, 4, 0x112], 48), "AS112-v6", &[rfc(7535)], (2014, 12), EVERYWHERE),
    special(
        net(&[0x2001, 0x10], 28),
        "Deprecated (previously ORCHID)",
        &[rfc(4843)],
        (2007, 3),
        terminated(2014, 3),
    ),
    special(net(&[0x2001, 0x20], 28), "ORCHIDv2", &[rfc(7343)], (2014, 7), EVERYWHERE),
    special(
        net(&[0x2001, 0x30], 28),
        "Drone Remote ID Protocol Entity Tags (DETs) Prefix",
        &[rfc(9374)],
        (2022, 12),
        EVERYWHERE,
    ),
    special(net(&[0x2001, 0xdb8], 32), "Documentation", &[rfc(3849)], (2004, 7), NOWHERE),
    special(net(&[0x2002], 16), "6to4", &[rfc(3056)], (2001, 2), DEPENDS).noted(SIX_TO_FOUR),
    special(
        net(&[0x2620, 0x4f, 0x8000], 48),
        "Direct Delegation AS112 Service",
        &[rfc(7534)],
        (2011, 5),
        EVERYWHERE,
    ),
    special(net(&[0x3fff], 20), "Documentation", &[rfc(9637)], (2024, 7), NOWHERE),
    special(net(&[0x5f00], 16), "Segment Routing (SRv6) SIDs", &[rfc(9602)], (2024, 4), IN_DOMAIN),
    special(net(&[0xfc00], 7), "Unique-Local", &[rfc(4193), rfc(8190)], (2005, 10), IN_DOMAIN)
        .noted(UNIQUE_LOCAL),
    special(net(&[0xfe80], 10), "Link-Local Unicast", &[rfc(4291)], (2006, 2), ON_LINK)
        .by_protocol(),
];
