//! A port where nothing listens.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.port-closed",
    row: Some(27),
    title: "nothing listens on the port",
    page: Page {
        what: "The host is up and the service is not: it crashed, was never started, or \
            listens on another port or address. Its socket is really closed, and \
            connections that were open are cut.",
        wire: "The host answers the SYN with RST. A firewall can send just that answer in \
            the host's name, so that one vantage point cannot tell the two apart.",
        undo: "The service listens again.",
    },
    params: &[ParamSpec { key: "port", kind: PORT, default: "443", help: "the TCP port" }],
    place: Some("www"),
    places: Places::MACHINE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpConnectRefused],
    inseparable: &[FindingId::TcpPortClosed, FindingId::TcpResetFirewall],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let machine = given.machine()?.to_owned();
    Ok(vec![Change::PortClosed { machine, port: given.integer("port")? }])
}
