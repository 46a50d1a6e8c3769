//! A server without HTTP/2.

use plumb_evidence::Outcome;
use plumb_serve::tls::TlsBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.no-http2",
    row: None,
    title: "the server speaks HTTP/1.1 only",
    page: Page {
        what: "Nothing is wrong: many servers speak no HTTP/2.",
        wire: "The server agrees on http/1.1 (ALPN).",
        undo: "The server speaks HTTP/2 again.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Ok,
    expect: &[],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Tls { machine: given.machine()?.to_owned(), behaviour: TlsBehaviour::NoHttp2 }])
}
