//! The resolver fails for a domain.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ResolverChange};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.servfail",
    row: Some(52),
    title: "the resolver answers SERVFAIL",
    page: Page {
        what: "The resolver cannot, or will not, resolve anything in the domain, though the \
            domain's own servers are well.",
        wire: "The resolver answers SERVFAIL at once for every name in the domain; other \
            names resolve, and a walk from the root finds the answer.",
        undo: "The resolver answers again.",
    },
    params: &[ParamSpec {
        key: "zone",
        kind: ParamKind::Name,
        default: "example.com",
        help: "the domain for which the resolver fails",
    }],
    place: Some("backbone"),
    places: Places::RESOLVER,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsResolverServfail],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Resolver {
        machine: given.machine()?.to_owned(),
        behaviour: ResolverChange::Servfail { below: given.word("zone")?.to_owned() },
    }])
}
