//! The resolver takes its time.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ResolverChange};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.slow-resolver",
    row: Some(58),
    title: "the resolver is slow",
    page: Page {
        what: "The resolver is overloaded or far away: every answer comes late.",
        wire: "Each question is answered, correctly, after the delay.",
        undo: "The resolver answers at once.",
    },
    params: &[ParamSpec {
        key: "delay",
        kind: ParamKind::Duration { min_ms: 1, max_ms: 60_000 },
        default: "1500ms",
        help: "how late each answer is",
    }],
    place: Some("backbone"),
    places: Places::RESOLVER,
    check: Check::WWW,
    outcome: Outcome::Degraded,
    expect: &[FindingId::DnsResolverSlow],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Resolver {
        machine: given.machine()?.to_owned(),
        behaviour: ResolverChange::Delay(given.duration("delay")?),
    }])
}
