//! A chain with a hole.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::{ChainKind, TlsBehaviour};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.missing-intermediate",
    row: Some(84),
    title: "the server does not send the intermediate certificate",
    page: Page {
        what: "The server sends its own certificate only, and the one that links it to the \
            root is missing. Browsers often hide this, because they fetch or remember \
            it.",
        wire: "The chain has one certificate, whose issuer is not a trusted root; the \
            address of the issuer's certificate stands in it (Authority Information \
            Access). Only fetching it can tell this from an unknown root, and only --aia \
            does so.",
        undo: "The server sends the whole chain again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check { at: "h1", args: &["--aia", "https://www.example.com/"], env: &[] },
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsCertMissingIntermediate],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Chain(ChainKind::MissingIntermediate),
    }])
}
