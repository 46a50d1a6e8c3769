//! A firewall answers for the port with ICMP port unreachable.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.reject-port-unreachable",
    row: Some(29),
    title: "a firewall rejects the port: port unreachable",
    page: Page {
        what: "A firewall on the path rejects connections to the port with ICMP port \
            unreachable, the default of `nft reject`.",
        wire: "The SYN is answered with ICMP 3/3 (ICMPv6 1/4), which a host itself never \
            says for TCP, and from the address of the firewall.",
        undo: "The filter is removed.",
    },
    params: &[ParamSpec { key: "port", kind: PORT, default: "443", help: "the TCP port" }],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpRejectedPortUnreachable],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = Rules::all().to_tcp_port(given.integer("port")?);
    Ok(vec![given.filter(rules, FilterVerdict::PortUnreachable)?])
}
