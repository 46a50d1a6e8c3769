//! A router that rejects a host's addresses with a route of the kind `prohibit`.

use plumb_evidence::{FindingId, Outcome};
use plumb_sys::netlink::RouteKind;

use crate::faults::change::{Change, RouteEdit};
use crate::faults::param::HOST;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.prohibit-route",
    row: Some(9),
    title: "a router prohibits the way to the host",
    page: Page {
        what: "A router on the path has a `prohibit` route for the host's addresses: a \
            policy, made with the routing table.",
        wire: "The router answers every packet at once with ICMP 3/13 administratively \
            prohibited (ICMPv6 1/1), also those whose time to live ends there. A TCP \
            client over IPv4 takes this as a soft error and goes on trying.",
        undo: "The route is removed.",
    },
    params: &[HOST],
    place: Some("example"),
    places: Places::MACHINE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetRouteProhibited],
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
            edit: RouteEdit::Reject { destination: host.into(), kind: RouteKind::Prohibit },
        })
        .collect())
}
