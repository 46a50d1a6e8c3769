//! A body that ends too early.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.body-truncated",
    row: Some(115),
    title: "the body is shorter than announced",
    page: Page {
        what: "The server announces more bytes than it sends: a crash half-way, a wrong \
            length, a proxy that gave up.",
        wire: "Content-Length says more than what came when the connection (in HTTP/2, the \
            stream) ended.",
        undo: "The site answers as before.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpBodyTruncated],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour { truncate_body: true, ..SiteBehaviour::default() },
    }])
}
