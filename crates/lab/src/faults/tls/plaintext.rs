//! A server that speaks plain HTTP on the TLS port.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.plaintext",
    row: Some(90),
    title: "the server speaks plain HTTP where TLS belongs",
    page: Page {
        what: "TLS was never switched on for this port, or a load balancer ends it \
            elsewhere.",
        wire: "The ClientHello is answered with an HTTP error in plain text; a plain GET on \
            the same port is answered.",
        undo: "The server speaks TLS again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsServerPlaintext],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Plaintext,
    }])
}
