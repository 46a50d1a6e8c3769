//! The cable is pulled at its far end.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given, Place};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "link.no-carrier",
    row: Some(2),
    title: "an interface has no carrier",
    page: Page {
        what: "The interface is up but nothing is at the other end of its cable: a pulled \
            plug, a switch without power. On a LAN the switch's port goes down, on a \
            cable the neighbour's interface.",
        wire: "The interface is UP but not RUNNING (NO-CARRIER). Its routes stay, so \
            connect() tries; neighbour resolution fails, and after some 3 s the kernel \
            itself answers with EHOSTUNREACH.",
        undo: "The port, or the neighbour's interface, comes up again, with the addresses \
            and routes that it had.",
    },
    params: &[],
    place: Some("h1:eth1"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::LinkCarrierLost],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    match given.place()? {
        // One end is enough: both would make the machines' own interfaces down.
        Place::Cable(_) => {
            let (machine, interface) = given.at_one_end()?;
            let interface = interface.ok_or_else(|| given.refuse("the cable has no end"))?;
            Ok(vec![given.unplug(machine, interface)?])
        }
        _ => {
            let interfaces = given.interfaces()?;
            interfaces
                .into_iter()
                .map(|(machine, interface)| given.unplug(machine, interface))
                .collect()
        }
    }
}
