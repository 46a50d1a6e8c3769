//! The name is gone from its zone.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ZoneEdit};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.nxdomain",
    row: Some(50),
    title: "the name does not exist",
    page: Page {
        what: "The name is not in its zone: a typing error in the zone or in the URL, a \
            record that was deleted too early.",
        wire: "The resolver answers NXDOMAIN, with the SOA record of the zone that says so.",
        undo: "The zone has the name again, and resolvers forget the answer.",
    },
    params: &[ParamSpec {
        key: "name",
        kind: ParamKind::Name,
        default: "www.example.com",
        help: "the name that is removed",
    }],
    place: None,
    places: Places::NONE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsNameNonexistent],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Zone(ZoneEdit::Remove { name: given.known_name("name")?.to_owned() })])
}
