//! No name server at the resolver's address.

use plumb_evidence::{FindingId, Outcome};
use plumb_wire::transport::port;

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.resolver-port-closed",
    row: Some(47),
    title: "nothing listens on port 53 of the resolver",
    page: Page {
        what: "The resolver's host is up, and its name server is not.",
        wire: "The question is answered with ICMP 3/3 (ICMPv6 1/4), over TCP with RST.",
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
    expect: &[FindingId::DnsResolverPortClosed],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let to = Rules::all().to_hosts(&given.addresses_of("resolver")?);
    Ok(vec![
        given.filter(to.clone().to_udp_port(port::DNS), FilterVerdict::PortUnreachable)?,
        given.filter(to.to_tcp_port(port::DNS), FilterVerdict::TcpReset)?,
    ])
}
