//! A server that takes the ClientHello and says nothing.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.handshake-silent",
    row: Some(99),
    title: "the server takes the ClientHello and never answers",
    page: Page {
        what: "The server's process hangs, or what should end TLS waits for something else.",
        wire: "Every byte of the ClientHello is acknowledged; not one byte comes back.",
        undo: "The server behaves again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsHandshakeSilent],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::SilentHandshake,
    }])
}
