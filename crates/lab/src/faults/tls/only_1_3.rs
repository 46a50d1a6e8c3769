//! A server that knows only TLS 1.3.

use plumb_evidence::Outcome;
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.only-1.3",
    row: None,
    title: "the server speaks TLS 1.3 only",
    page: Page {
        what: "Nothing is wrong: every client of today speaks TLS 1.3.",
        wire: "The extension supported_versions of the ServerHello says 3.4.",
        undo: "The server speaks TLS 1.2 again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Ok,
    expect: &[],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::MinTls13,
    }])
}
