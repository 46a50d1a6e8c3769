//! A certificate with eight days left.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::{ChainKind, TlsBehaviour};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.cert-expires-soon",
    row: None,
    title: "the certificate expires in eight days",
    page: Page {
        what: "The certificate is good today, and it is time to renew it.",
        wire: "The handshake is in order; the certificate's notAfter lies eight days ahead.",
        undo: "The server has a fresh certificate again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Ok,
    expect: &[FindingId::TlsCertExpiresSoon],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Chain(ChainKind::ExpiresSoon),
    }])
}
