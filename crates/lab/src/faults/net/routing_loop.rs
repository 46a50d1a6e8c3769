//! A router that sends packets back where they came from.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, RouteEdit};
use crate::faults::param::HOST;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.routing-loop",
    row: Some(13),
    title: "two routers send packets to each other",
    page: Page {
        what: "A router on the path sends packets for the host along its default route, to \
            the router that they came from: a customer's prefix without a route behind \
            it.",
        wire: "The packet goes to and fro until its time to live ends: probes with rising \
            time to live are answered by the same two routers in turn.",
        undo: "The route is removed.",
    },
    params: &[HOST],
    place: Some("example"),
    places: Places::ROUTER,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetRouteLoop],
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
            edit: RouteEdit::LikeDefault { destination: host.into() },
        })
        .collect())
}
