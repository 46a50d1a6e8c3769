//! A firewall swallows DNS over UDP.

use plumb_evidence::{FindingId, Outcome};
use plumb_wire::transport::port;

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.udp-blocked",
    row: Some(48),
    title: "DNS over UDP is dropped, over TCP it works",
    page: Page {
        what: "A firewall in front of the resolver drops datagrams to port 53 and lets TCP \
            through.",
        wire: "Every question over UDP is met with silence; the same question over TCP is \
            answered at once.",
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
    expect: &[FindingId::DnsResolverUdpBlocked],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = Rules::all().to_udp_port(port::DNS).to_hosts(&given.addresses_of("resolver")?);
    Ok(vec![given.filter(rules, FilterVerdict::Drop)?])
}
