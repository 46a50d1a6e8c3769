//! A certificate whose time has not come.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::{ChainKind, TlsBehaviour};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.cert-not-yet-valid",
    row: Some(78),
    title: "the certificate is not valid yet",
    page: Page {
        what: "The certificate was installed too early, or somebody's clock is wrong.",
        wire: "The certificate's notBefore lies in the future; the client ends with the \
            alert bad_certificate.",
        undo: "The server behaves again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsCertNotYetValid],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Chain(ChainKind::NotYetValid),
    }])
}
