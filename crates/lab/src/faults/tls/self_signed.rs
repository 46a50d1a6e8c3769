//! A certificate that vouches for itself.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::{ChainKind, TlsBehaviour};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.self-signed",
    row: Some(82),
    title: "the certificate is self-signed",
    page: Page {
        what: "The server shows a certificate that nobody but itself has signed: a test \
            set-up that went into production.",
        wire: "The chain has one certificate; issuer and subject are the same and the \
            signature is by its own key.",
        undo: "The server has its good certificate again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsCertSelfSigned],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Chain(ChainKind::SelfSigned),
    }])
}
