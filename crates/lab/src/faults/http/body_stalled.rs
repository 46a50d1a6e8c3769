//! A body that stops in the middle.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.body-stalled",
    row: Some(114),
    title: "the body stops in the middle",
    page: Page {
        what: "The server begins to answer and hangs.",
        wire: "A part of the body comes, and then nothing; the connection stays open. From the client's side a path that stops carrying the connection looks the same.",
        undo: "The site answers as before.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpBodyStalled],
    inseparable: &[FindingId::HttpBodyStalled, FindingId::TcpStalled],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour { stall_body: true, ..SiteBehaviour::default() },
    }])
}
