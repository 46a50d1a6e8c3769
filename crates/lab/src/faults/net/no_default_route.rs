//! A machine without default routes.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, RouteEdit};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.no-default-route",
    row: Some(4),
    title: "there is no default route",
    page: Page {
        what: "The machine knows its own network and no way out of it: DHCP gave no router, \
            or a VPN took the route with it when it went.",
        wire: "Nothing is sent. The kernel has no route and connect() fails at once with \
            ENETUNREACH; the resolver beyond the gateway is out of reach for the same \
            reason, so that names fail too.",
        undo: "The default routes are as they were.",
    },
    params: &[],
    place: Some("h1"),
    places: Places::MACHINE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetRouteMissing],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let machine = given.machine()?.to_owned();
    Ok(vec![Change::Routes { machine, edit: RouteEdit::RemoveDefault }])
}
