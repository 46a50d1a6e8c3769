//! A chain that ends in a root nobody here trusts.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::tls::{ChainKind, TlsBehaviour};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.unknown-root",
    row: Some(83),
    title: "the chain ends in a root that is not trusted",
    page: Page {
        what: "The server's chain is complete, but its root is not in the client's trust \
            store: a company's own CA, or a proxy that opens TLS.",
        wire: "Leaf, intermediate and a self-signed root are sent; the root is not trusted \
            here. The client ends with the alert unknown_ca.",
        undo: "The server has its good certificate again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsCertUnknownRoot],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls {
        machine: given.machine()?.to_owned(),
        behaviour: TlsBehaviour::Chain(ChainKind::UnknownRoot),
    }])
}
