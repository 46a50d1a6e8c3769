//! A server that resets in place of an answer.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.reset",
    row: Some(116),
    title: "the server resets without an answer",
    page: Page {
        what: "The process that should answer is killed with the request, or a proxy gives \
            up.",
        wire: "The request is acknowledged, and RST follows without a byte of a response.",
        undo: "The site answers as before.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpResponseReset],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour { reset: true, ..SiteBehaviour::default() },
    }])
}
