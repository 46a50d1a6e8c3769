//! A certificate whose time is over.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::{ChainKind, TlsBehaviour};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.cert-expired",
    row: Some(77),
    title: "the certificate has expired",
    page: Page {
        what: "Nobody renewed the server's certificate.",
        wire: "The handshake is in order up to the Certificate message; its notAfter lies \
            in the past, and the client ends with the alert certificate_expired.",
        undo: "The server has its good certificate again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsCertExpired],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Chain(ChainKind::Expired),
    }])
}
