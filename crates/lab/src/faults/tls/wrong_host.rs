//! A certificate of another host.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::{ChainKind, TlsBehaviour};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.wrong-host",
    row: Some(80),
    title: "the certificate is for another name",
    page: Page {
        what: "The server shows a certificate that is valid, and not for this name: a \
            default virtual host, a name that was forgotten when it was ordered.",
        wire: "The subject alternative names of the certificate do not contain the name; \
            the client ends with the alert bad_certificate.",
        undo: "The server has its good certificate again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsCertWrongName],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Chain(ChainKind::WrongName),
    }])
}
