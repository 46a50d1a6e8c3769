//! IANA IPv4 Special-Purpose Address Registry, in its order.

use super::block::{Block, Column, Extent, Footnote};
use super::rows::{
    EVERYWHERE, IN_DOMAIN, NOWHERE, ON_LINK, SOURCE_ONLY, TO_LINK_ONLY, rfc, section, special,
    terminated,
};

const fn net(octets: [u8; 4], length: u8) -> Extent {
    Extent::v4(octets, length)
}

const EXCEPTIONS: &[Footnote] = &[Footnote {
    number: 1,
    on: &[Column::Source, Column::Destination, Column::Forwardable, Column::GloballyReachable],
    text: "some protocols are allowed to, for instance the pings of MPLS (RFC 8029, RFC 5884)",
}];

const MORE_SPECIFIC: &[Footnote] = &[Footnote {
    number: 2,
    on: &[Column::Block],
    text: "of use only where a more specific row says so",
}];

/// Every row. The registry joins the two addresses of RFC 8880 in one row.
pub(super) const ROWS: &[Block] = &[
    special(
        net([0, 0, 0, 0], 8),
        "\"This network\"",
        &[section(791, "3.2")],
        (1981, 9),
        SOURCE_ONLY,
    )
    .by_protocol(),
    special(
        net([0, 0, 0, 0], 32),
        "\"This host on this network\"",
        &[section(1122, "3.2.1.3")],
        (1981, 9),
        SOURCE_ONLY,
    )
    .by_protocol(),
    special(net([10, 0, 0, 0], 8), "Private-Use", &[rfc(1918)], (1996, 2), IN_DOMAIN),
    special(net([100, 64, 0, 0], 10), "Shared Address Space", &[rfc(6598)], (2012, 4), IN_DOMAIN),
    special(net([127, 0, 0, 0], 8), "Loopback", &[section(1122, "3.2.1.3")], (1981, 9), NOWHERE)
        .by_protocol()
        .noted(EXCEPTIONS),
    special(net([169, 254, 0, 0], 16), "Link Local", &[rfc(3927)], (2005, 5), ON_LINK)
        .by_protocol(),
    special(net([172, 16, 0, 0], 12), "Private-Use", &[rfc(1918)], (1996, 2), IN_DOMAIN),
    special(
        net([192, 0, 0, 0], 24),
        "IETF Protocol Assignments",
        &[section(6890, "2.1")],
        (2010, 1),
        NOWHERE,
    )
    .noted(MORE_SPECIFIC),
    special(
        net([192, 0, 0, 0], 29),
        "IPv4 Service Continuity Prefix",
        &[rfc(7335)],
        (2011, 6),
        IN_DOMAIN,
    ),
    special(net([192, 0, 0, 8], 32), "IPv4 dummy address", &[rfc(7600)], (2015, 3), SOURCE_ONLY),
    special(
        net([192, 0, 0, 9], 32),
        "Port Control Protocol Anycast",
        &[rfc(7723)],
        (2015, 10),
        EVERYWHERE,
    ),
    special(
        net([192, 0, 0, 10], 32),
        "Traversal Using Relays around NAT Anycast",
        &[rfc(8155)],
        (2017, 2),
        EVERYWHERE,
    ),
    special(
        net([192, 0, 0, 170], 32),
        "NAT64/DNS64 Discovery",
        &[rfc(8880), section(7050, "2.2")],
        (2013, 2),
        NOWHERE,
    )
    .by_protocol(),
    special(
        net([192, 0, 0, 171], 32),
        "NAT64/DNS64 Discovery",
        &[rfc(8880), section(7050, "2.2")],
        (2013, 2),
        NOWHERE,
    )
    .by_protocol(),
    special(
        net([192, 0, 2, 0], 24),
        "Documentation (TEST-NET-1)",
        &[rfc(5737)],
        (2010, 1),
        NOWHERE,
    ),
    special(net([192, 31, 196, 0], 24), "AS112-v4", &[rfc(7535)], (2014, 12), EVERYWHERE),
    special(net([192, 52, 193, 0], 24), "AMT", &[rfc(7450)], (2014, 12), EVERYWHERE),
    special(
        net([192, 88, 99, 0], 24),
        "Deprecated (6to4 Relay Anycast)",
        &[rfc(7526)],
        (2001, 6),
        terminated(2015, 3),
    ),
    special(
        net([192, 88, 99, 2], 32),
        "6a44-relay anycast address",
        &[rfc(6751)],
        (2012, 10),
        IN_DOMAIN,
    ),
    special(net([192, 168, 0, 0], 16), "Private-Use", &[rfc(1918)], (1996, 2), IN_DOMAIN),
    special(
        net([192, 175, 48, 0], 24),
        "Direct Delegation AS112 Service",
        &[rfc(7534)],
        (1996, 1),
        EVERYWHERE,
    ),
    special(net([198, 18, 0, 0], 15), "Benchmarking", &[rfc(2544)], (1999, 3), IN_DOMAIN),
    special(
        net([198, 51, 100, 0], 24),
        "Documentation (TEST-NET-2)",
        &[rfc(5737)],
        (2010, 1),
        NOWHERE,
    ),
    special(
        net([203, 0, 113, 0], 24),
        "Documentation (TEST-NET-3)",
        &[rfc(5737)],
        (2010, 1),
        NOWHERE,
    ),
    special(net([240, 0, 0, 0], 4), "Reserved", &[section(1112, "4")], (1989, 8), NOWHERE)
        .by_protocol(),
    special(
        net([255, 255, 255, 255], 32),
        "Limited Broadcast",
        &[rfc(8190), section(919, "7")],
        (1984, 10),
        TO_LINK_ONLY,
    )
    .by_protocol(),
];
