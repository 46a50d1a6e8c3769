//! The interface is switched off.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "link.interface-down",
    row: Some(1),
    title: "an interface is administratively down",
    page: Page {
        what: "Somebody, or a script, switched the interface off: `ip link set eth1 down`. \
            The kernel takes its routes away with it.",
        wire: "Nothing is sent. The interface's flags lack UP, the routes through it are \
            gone, and connect() fails at once with ENETUNREACH.",
        undo: "The interface comes up again, with the addresses and routes that it had.",
    },
    params: &[],
    place: Some("h1:eth1"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::LinkInterfaceDown],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let interfaces = given.interfaces()?;
    Ok(interfaces
        .into_iter()
        .map(|(machine, interface)| Change::interface_down(machine, interface))
        .collect())
}
