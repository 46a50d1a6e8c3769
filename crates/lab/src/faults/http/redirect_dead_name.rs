//! A page that leads to a name that does not exist.

use plumb_evidence::{FindingId, Outcome};
use plumb_serve::http::{RedirectFault, SiteBehaviour};

use crate::faults::change::Change;
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "http.redirect-dead-name",
    row: Some(109),
    title: "the page redirects to a name that does not exist",
    page: Page {
        what: "The site sends its visitors to a host that is not in DNS.",
        wire: "302 with a Location whose host does not resolve: NXDOMAIN.",
        undo: "The site answers as before.",
    },
    params: &[ParamSpec {
        key: "name",
        kind: ParamKind::Name,
        default: "gone.example.com",
        help: "the host in the Location; it should not exist",
    }],
    place: Some("www"),
    places: Places::WEB,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::HttpRedirectDeadName],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Site {
        machine: given.machine()?.to_owned(),
        behaviour: SiteBehaviour {
            redirect: Some(RedirectFault::To(format!("https://{}/", given.word("name")?))),
            ..SiteBehaviour::default()
        },
    }])
}
