//! A router that rejects a host's addresses with a route of the kind `unreachable`.

use plumb_evidence::{FindingId, Outcome};
use plumb_sys::netlink::RouteKind;

use crate::faults::change::{Change, RouteEdit};
use crate::faults::param::HOST;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.unreachable-route",
    row: Some(8),
    title: "a router says that there is no route to the host",
    page: Page {
        what: "A router on the path has an `unreachable` route for the host's addresses: a \
            withdrawn prefix, a summary route without the specific one.",
        wire: "The router answers every packet at once with ICMP 3/1 host unreachable \
            (ICMPv6 1/0 no route), also those whose time to live ends there: the route \
            is looked up first.",
        undo: "The route is removed.",
    },
    params: &[HOST],
    place: Some("example"),
    places: Places::MACHINE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetRouteUnreachable],
    inseparable: &[],
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
            edit: RouteEdit::Reject { destination: host.into(), kind: RouteKind::Unreachable },
        })
        .collect())
}
