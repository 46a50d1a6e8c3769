//! A name whose IPv6 address leads nowhere.

use std::net::Ipv6Addr;

use plumb_evidence::{FindingId, Outcome};
use plumb_sys::netlink::RouteKind;

use crate::faults::change::{Change, RouteEdit, ZoneEdit};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.ipv6-broken",
    row: Some(25),
    title: "the IPv6 address of the name is dead, IPv4 works",
    page: Page {
        what: "The name's AAAA record points into a prefix that is not reachable, as after \
            a move, or in a network where IPv6 was half set up. Clients that try both \
            families at once lose a fraction of a second on every connection; others \
            fail.",
        wire: "The SYN to the IPv6 address is met with silence (or, with how=unreachable, \
            ICMPv6 1/0 no route from the router); the one to the IPv4 address is \
            answered.",
        undo: "The zone has the old address again and the router's route is removed.",
    },
    params: &[
        ParamSpec {
            key: "name",
            kind: ParamKind::Name,
            default: "www.example.com",
            help: "the name whose AAAA record is replaced",
        },
        ParamSpec {
            key: "how",
            kind: ParamKind::Choice(&["silent", "unreachable"]),
            default: "silent",
            help: "what the router at the place does with packets to the dead prefix",
        },
    ],
    place: Some("backbone"),
    places: Places::ROUTER,
    check: Check::WWW,
    outcome: Outcome::Degraded,
    expect: &[FindingId::NetIpv6Broken],
    inseparable: &[],
    loopback: false,
    changes,
};

/// The prefix that leads nowhere: a part of the documentation prefix that the
/// lab's plan leaves unused, and the host of the name in it.
const DEAD_PREFIX: &str = "2001:db8:dead::/48";
const DEAD_HOST: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xdead, 0, 0, 0, 0, 4);

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let kind = match given.word("how")? {
        "silent" => RouteKind::Blackhole,
        _ => RouteKind::Unreachable,
    };
    let destination =
        DEAD_PREFIX.parse().map_err(|_| given.refuse("the dead prefix cannot be read"))?;
    Ok(vec![
        Change::Routes {
            machine: given.machine()?.to_owned(),
            edit: RouteEdit::Reject { destination, kind },
        },
        Change::Zone(ZoneEdit::SetAddress {
            name: given.known_name("name")?.to_owned(),
            address: DEAD_HOST.into(),
        }),
    ])
}
