//! A firewall answers for the port with ICMP host unreachable.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.reject-host-unreachable",
    row: Some(31),
    title: "a firewall rejects the port: host unreachable",
    page: Page {
        what: "A firewall on the path rejects connections to the port and says that there \
            is no such host.",
        wire: "The SYN is answered with ICMP 3/1 (ICMPv6 1/3) at once and from the address \
            of the firewall; other ports of the host answer.",
        undo: "The filter is removed.",
    },
    params: &[ParamSpec { key: "port", kind: PORT, default: "443", help: "the TCP port" }],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpRejectedHostUnreachable],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = Rules::all().to_tcp_port(given.integer("port")?);
    Ok(vec![given.filter(rules, FilterVerdict::HostUnreachable)?])
}
