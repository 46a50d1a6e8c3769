//! A page that leads to itself.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::{RedirectFault, SiteBehaviour};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.redirect-loop",
    row: Some(108),
    title: "the page redirects to itself",
    page: Page {
        what: "Every request is redirected to where it came from: two rules that undo each \
            other, or a proxy that hides that the client already uses https.",
        wire: "302 with a Location that was visited before, again and again.",
        undo: "The site answers as before.",
    },
    params: &[],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpRedirectLoop],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour {
            redirect: Some(RedirectFault::LoopSelf),
            ..SiteBehaviour::default()
        },
    }])
}
