//! A body that is not what its encoding says.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::SiteBehaviour;

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.encoding-corrupt",
    row: Some(118),
    title: "the body is not the gzip that it claims to be",
    page: Page {
        what: "The response says Content-Encoding: gzip, and the body is something else: \
            compressed twice, or not at all.",
        wire: "The response is complete; its body does not decode.",
        undo: "The site answers as before.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpEncodingCorrupt],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour { corrupt_gzip: true, ..SiteBehaviour::default() },
    }])
}
