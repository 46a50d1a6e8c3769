//! A router that swallows a host's packets with a route of the kind `blackhole`.

use plumb_evidence::{FindingId, Outcome};
use plumb_sys::netlink::RouteKind;

use crate::faults::change::{Change, RouteEdit};
use crate::faults::param::HOST;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.blackhole-route",
    row: Some(10),
    title: "a router swallows packets to the host",
    page: Page {
        what: "A router on the path has a `blackhole` route for the host's addresses: a \
            defence against a flood, or a summary route that was left over.",
        wire: "Silence: neither the host nor the router with the route answers, also where \
            the time to live ends there. From the client's side a missing way back, or a \
            host that drops, looks the same.",
        undo: "The route is removed.",
    },
    params: &[HOST],
    place: Some("example"),
    places: Places::MACHINE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetPathSilent],
    inseparable: &[
        FindingId::NetReturnRouteMissing,
        FindingId::NetRouteBlackhole,
        FindingId::NetReturnPathAsymmetric,
        FindingId::NetHostFiltered,
    ],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let machine = given.machine()?;
    let hosts = given.addresses_of("host")?;
    Ok(hosts
        .into_iter()
        .map(|host| Change::Routes {
            machine: machine.to_owned(),
            edit: RouteEdit::Reject { destination: host.into(), kind: RouteKind::Blackhole },
        })
        .collect())
}
