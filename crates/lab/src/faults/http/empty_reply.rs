//! A server that closes in place of an answer.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.empty-reply",
    row: Some(119),
    title: "the server closes without an answer",
    page: Page {
        what: "The process that should answer dies with the request.",
        wire: "The request is acknowledged, and FIN follows without a byte of a response.",
        undo: "The site answers as before.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpResponseEmpty],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour { close: true, ..SiteBehaviour::default() },
    }])
}
