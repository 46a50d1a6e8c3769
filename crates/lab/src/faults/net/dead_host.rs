//! A host that is switched off.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.dead-host",
    row: Some(7),
    title: "the host is switched off",
    page: Page {
        what: "The host does not exist on its own network any more: it has no power, or its \
            cable is pulled. Every interface of the machine is down.",
        wire: "The last router asks for the host's hardware address, gets no answer, and \
            after some 3 s says ICMP 3/1 host unreachable (ICMPv6 1/3 address \
            unreachable).",
        undo: "Every interface comes up again, with the addresses and routes that it had.",
    },
    params: &[],
    place: Some("www"),
    places: Places::MACHINE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetHostUnreachable],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let machine = given.machine()?;
    Ok(given
        .interfaces_of(machine)?
        .into_iter()
        .map(|(machine, interface)| Change::interface_down(machine, interface))
        .collect())
}
