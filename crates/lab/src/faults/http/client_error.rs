//! A server that blames the client.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.client-error",
    row: Some(107),
    title: "the server refuses the request",
    page: Page {
        what: "The page is not there, or not for everybody.",
        wire: "The response is well formed and its status is 4xx.",
        undo: "The site answers as before.",
    },
    params: &[ParamSpec {
        key: "status",
        kind: ParamKind::Integer { min: 400, max: 499, unit: "HTTP status" },
        default: "404",
        help: "the status of every response",
    }],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpStatusClientError],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour {
            status: Some(given.integer("status")?),
            ..SiteBehaviour::default()
        },
    }])
}
