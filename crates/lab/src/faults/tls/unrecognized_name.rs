//! A server that does not know the name.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.unrecognized-name",
    row: Some(95),
    title: "the server does not know the name that is asked for",
    page: Page {
        what: "The server has no site of this name: a wrong server, a missing virtual host.",
        wire: "The ClientHello is answered with the fatal alert unrecognized_name (112).",
        undo: "The server behaves again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsNameUnrecognized],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Alert(112),
    }])
}
