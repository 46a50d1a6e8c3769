//! A server that answers every request with an error of its own.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.server-error",
    row: Some(106),
    title: "the server answers with an error",
    page: Page {
        what: "The application fails (500), or, with status=502, 503 or 504, the gateway in \
            front of it cannot reach it or will not.",
        wire: "The response is well formed and its status is 5xx.",
        undo: "The site answers as before.",
    },
    params: &[ParamSpec {
        key: "status",
        kind: ParamKind::Integer { min: 400, max: 599, unit: "HTTP status" },
        default: "500",
        help: "the status of every response",
    }],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpStatusServerError],
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
