//! Two aliases of each other.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ZoneEdit};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.cname-loop",
    row: Some(68),
    title: "the name is an alias of its own alias",
    page: Page {
        what: "Two names are aliases of each other.",
        wire: "The answer has CNAME records that lead in a circle, or is SERVFAIL.",
        undo: "The zone has the old records again.",
    },
    params: &[ParamSpec {
        key: "name",
        kind: ParamKind::Name,
        default: "www.example.com",
        help: "the name",
    }],
    place: None,
    places: Places::NONE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsCnameLoop],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let name = given.alias_name("name")?;
    let other = format!("loop-of-{name}");
    Ok(vec![
        Change::Zone(ZoneEdit::Alias { name: name.to_owned(), target: other.clone() }),
        Change::Zone(ZoneEdit::Alias { name: other, target: name.to_owned() }),
    ])
}
