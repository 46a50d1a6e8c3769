//! A resolver whose answers cannot be read.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ResolverChange};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.malformed",
    row: Some(57),
    title: "the resolver answers with garbage",
    page: Page {
        what: "A broken box answers in the resolver's name.",
        wire: "The answer is no DNS message.",
        undo: "The resolver answers again.",
    },
    params: &[],
    place: Some("backbone"),
    places: Places::RESOLVER,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsResolverMalformed],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Resolver {
        machine: given.machine()?.to_owned(),
        behaviour: ResolverChange::Malformed,
    }])
}
