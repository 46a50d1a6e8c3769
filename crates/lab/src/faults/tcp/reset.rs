//! A firewall answers for the port with a reset.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.reset",
    row: Some(28),
    title: "a firewall resets connections to the port",
    page: Page {
        what: "A firewall on the path rejects connections to the port with a TCP reset in \
            the name of the host.",
        wire: "The SYN is answered with RST. It looks as if the host's port were closed, \
            and one vantage point cannot tell the two apart.",
        undo: "The filter is removed.",
    },
    params: &[ParamSpec { key: "port", kind: PORT, default: "443", help: "the TCP port" }],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpConnectRefused],
    inseparable: &[FindingId::TcpPortClosed, FindingId::TcpResetFirewall],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = Rules::all().to_tcp_port(given.integer("port")?);
    Ok(vec![given.filter(rules, FilterVerdict::TcpReset)?])
}
