//! A machine that knows no way back.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, RouteEdit};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.no-return-route",
    row: Some(14),
    title: "there is no route back",
    page: Page {
        what: "Packets arrive, and the answers have nowhere to go: the machine has no route \
            that leads back to the client.",
        wire: "Every packet to the host is met with silence, though all routers before it \
            answer probes whose time to live ends there. From the client's side this \
            looks like a host that drops, a black hole, or an asymmetric path: only a \
            second vantage point can tell.",
        undo: "The routes are as they were.",
    },
    params: &[ParamSpec {
        key: "client",
        kind: ParamKind::Machine,
        default: "h1",
        help: "the machine to which no way leads back",
    }],
    place: Some("www"),
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
    let machine = given.machine()?.to_owned();
    let mut towards = given.addresses_of("client")?;
    // Beyond a NAT the client is known by its gateway's addresses.
    towards.extend(given.routers_beside(given.word("client")?)?);
    Ok(vec![Change::Routes { machine, edit: RouteEdit::RemoveTowards(towards) }])
}
