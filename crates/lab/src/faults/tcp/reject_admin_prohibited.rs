//! A firewall answers for the port with ICMP administratively prohibited.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.reject-admin-prohibited",
    row: Some(30),
    title: "a firewall rejects the port: administratively prohibited",
    page: Page {
        what: "A firewall on the path rejects connections to the port and says that it is a \
            matter of policy.",
        wire: "The SYN is answered with ICMP 3/13 (ICMPv6 1/1) from the address of the \
            firewall. A TCP client over IPv4 takes this as a soft error and goes on \
            trying.",
        undo: "The filter is removed.",
    },
    params: &[ParamSpec { key: "port", kind: PORT, default: "443", help: "the TCP port" }],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpRejectedAdminProhibited],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = Rules::all().to_tcp_port(given.integer("port")?);
    Ok(vec![given.filter(rules, FilterVerdict::AdminProhibited)?])
}
