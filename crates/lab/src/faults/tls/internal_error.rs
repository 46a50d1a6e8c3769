//! A server that fails in the handshake.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.internal-error",
    row: Some(101),
    title: "the server fails in the handshake",
    page: Page {
        what: "The server cannot read its key, or has lost what it needs for TLS.",
        wire: "The ClientHello is answered with the fatal alert internal_error (80).",
        undo: "The server behaves again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsAlert],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Alert(80),
    }])
}
