//! A firewall that swallows everything to a host.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::HOST;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.host-filtered",
    row: Some(32),
    title: "a firewall swallows every packet to the host",
    page: Page {
        what: "A firewall on the path, or on the host, drops every packet to the host, \
            whatever the port, and says nothing.",
        wire: "Silence on every port, though all routers up to the firewall answer probes \
            whose time to live ends there. From the client's side a missing way back, or \
            a black hole, looks the same.",
        undo: "The filter is removed.",
    },
    params: &[HOST],
    place: Some("www"),
    places: Places::ANYWHERE,
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
    let rules = Rules::all().to_hosts(&given.addresses_of("host")?);
    Ok(vec![given.filter(rules, FilterVerdict::Drop)?])
}
