//! A server that knows no TLS 1.3.

use plumb_evidence::Outcome;
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.only-1.2",
    row: None,
    title: "the server speaks nothing newer than TLS 1.2",
    page: Page {
        what: "Nothing is wrong: TLS 1.2 is old, and sound.",
        wire: "The ServerHello chooses version 3.3 without the extension \
            supported_versions.",
        undo: "The server speaks TLS 1.3 again.",
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
        behaviour: TlsBehaviour::MaxTls12,
    }])
}
