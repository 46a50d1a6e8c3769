//! Name servers of a zone that never answer.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.authority-silent",
    row: Some(61),
    title: "the servers of the zone never answer",
    page: Page {
        what: "All name servers of the zone are down or out of reach, as in a network \
            without a second one elsewhere.",
        wire: "A walk from the root is referred to the zone's servers, and none answers. \
            The resolver can only say SERVFAIL, after a while.",
        undo: "The servers answer again.",
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
    expect: &[FindingId::DnsAuthoritySilent],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let servers = given.servers_of(given.word("zone")?)?;
    Ok(servers
        .into_iter()
        .map(|machine| Change::SilentAuthority { machine: machine.to_owned() })
        .collect())
}
