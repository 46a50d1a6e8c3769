//! A server that thinks for long.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.slow",
    row: Some(112),
    title: "the server is slow to answer",
    page: Page {
        what: "The application takes its time before the first byte: a slow query, a cold \
            cache.",
        wire: "The request is acknowledged at once, and the first byte of the response \
            comes after the delay.",
        undo: "The site answers at once.",
    },
    params: &[ParamSpec {
        key: "delay",
        kind: ParamKind::Duration { min_ms: 1, max_ms: 60_000 },
        default: "2500ms",
        help: "how late the first byte is",
    }],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Degraded,
    expect: &[FindingId::HttpResponseSlow],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour {
            delay: Some(given.duration("delay")?),
            ..SiteBehaviour::default()
        },
    }])
}
