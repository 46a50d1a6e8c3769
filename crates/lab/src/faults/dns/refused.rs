//! A resolver that is not for this client.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ResolverChange};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.refused",
    row: Some(53),
    title: "the resolver refuses to answer",
    page: Page {
        what: "The resolver answers only for its own network, and the client is not in it.",
        wire: "Every question is answered with REFUSED.",
        undo: "The resolver answers again.",
    },
    params: &[],
    place: Some("backbone"),
    places: Places::RESOLVER,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsResolverRefuses],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Resolver {
        machine: given.machine()?.to_owned(),
        behaviour: ResolverChange::Refuse,
    }])
}
