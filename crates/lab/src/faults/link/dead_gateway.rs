//! The default gateway is an address where nobody is.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, RouteEdit};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "link.dead-gateway",
    row: Some(5),
    title: "the default gateway does not exist",
    page: Page {
        what: "The default route leads to an address on the own segment where no machine \
            is: a typing error, an old lease, a router without power.",
        wire: "The host asks for the gateway's hardware address (ARP, neighbour \
            solicitation) and nobody answers: the neighbour entry goes to FAILED, and \
            after some 3 s the host's own kernel answers with EHOSTUNREACH.",
        undo: "The default routes are as they were.",
    },
    params: &[],
    place: Some("h1"),
    places: Places::MACHINE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::LinkGatewaySilent],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let machine = given.machine()?.to_owned();
    Ok(vec![Change::Routes { machine, edit: RouteEdit::DefaultToNobody }])
}
