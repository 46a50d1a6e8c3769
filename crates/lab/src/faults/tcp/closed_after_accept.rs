//! A server that accepts and closes.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.closed-after-accept",
    row: Some(38),
    title: "the server closes every connection at once",
    page: Page {
        what: "The server, or an access list in front of it, accepts connections and closes \
            them.",
        wire: "TCP connects, and FIN follows before a byte was exchanged.",
        undo: "The server behaves again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpClosedAfterAccept],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::CloseAfterAccept,
    }])
}
