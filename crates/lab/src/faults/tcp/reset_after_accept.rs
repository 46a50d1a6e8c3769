//! A server that accepts and resets.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.reset-after-accept",
    row: Some(37),
    title: "the server resets every connection at once",
    page: Page {
        what: "The server, or a load balancer with nothing behind it, accepts connections \
            and resets them.",
        wire: "TCP connects, and RST follows before a byte was exchanged.",
        undo: "The server behaves again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpResetAfterAccept],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::ResetAfterAccept,
    }])
}
