//! A server that knows only TLS 1.0.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.old-version",
    row: Some(92),
    title: "the server speaks nothing newer than TLS 1.0",
    page: Page {
        what: "An old server, or an old appliance in front of it, that never learnt TLS \
            1.2.",
        wire: "The ServerHello chooses version 3.1, which today's clients refuse with the \
            alert protocol_version; a hello that offers nothing newer is answered in \
            full.",
        undo: "The server speaks TLS 1.2 and 1.3 again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsVersionTooOld],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::MaxTls10,
    }])
}
