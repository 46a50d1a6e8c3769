//! A server that wants to know the client.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.client-cert-required",
    row: Some(94),
    title: "the server demands a client certificate",
    page: Page {
        what: "The server takes only clients that show a certificate of its own authority \
            (mutual TLS).",
        wire: "The server sends a CertificateRequest. With TLS 1.3 the handshake seems to \
            succeed, and the alert certificate_required comes with the first read.",
        undo: "The server takes any client again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsClientCertRequired],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::RequireClientCertificate,
    }])
}
