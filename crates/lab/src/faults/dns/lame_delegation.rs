//! The delegated servers do not serve the zone.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.lame-delegation",
    row: Some(60),
    title: "the servers of the zone refuse to answer for it",
    page: Page {
        what: "The parent zone delegates to servers that do not know the zone: it was \
            moved, or never set up there.",
        wire: "A walk from the root is referred to the zone's servers, and each answers \
            REFUSED. The resolver can only say SERVFAIL.",
        undo: "The servers serve the zone again, and resolvers forget what they learnt.",
    },
    params: &[ParamSpec {
        key: "zone",
        kind: ParamKind::Name,
        default: "example.com",
        help: "the zone",
    }],
    place: None,
    places: Places::NONE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsDelegationLame],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let zone = given.word("zone")?;
    let servers = given.servers_of(zone)?;
    Ok(servers
        .into_iter()
        .map(|machine| Change::RefuseZone { machine: machine.to_owned(), zone: zone.to_owned() })
        .collect())
}
