//! A server that reads and never answers.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.silent",
    row: Some(39),
    title: "the server takes the request and never answers",
    page: Page {
        what: "The server accepts the connection and the request, and then nothing: a \
            worker that hangs on a lock or a database.",
        wire: "Every byte of the request is acknowledged; not one byte comes back, and the \
            connection stays open.",
        undo: "The site answers as before.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpResponseSilent],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour { silent: true, ..SiteBehaviour::default() },
    }])
}
