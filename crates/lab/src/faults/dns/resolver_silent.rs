//! A resolver that never answers.

use plumb_evidence::{FindingId, Outcome};
use plumb_wire::transport::port;

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.resolver-silent",
    row: Some(49),
    title: "the resolver never answers",
    page: Page {
        what: "The name server hangs, or a firewall keeps its port from everybody.",
        wire: "Questions over UDP and connections over TCP are met with silence.",
        undo: "The filter is removed.",
    },
    params: &[ParamSpec {
        key: "resolver",
        kind: ParamKind::Machine,
        default: "backbone",
        help: "the resolver that is cut off",
    }],
    place: Some("backbone"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsResolverSilent],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let to = Rules::all().to_hosts(&given.addresses_of("resolver")?);
    Ok(vec![
        given.filter(to.clone().to_udp_port(port::DNS), FilterVerdict::Drop)?,
        given.filter(to.to_tcp_port(port::DNS), FilterVerdict::Drop)?,
    ])
}
