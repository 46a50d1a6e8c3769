//! A firewall swallows connections to the port.

use plumb_evidence::{FindingId, Outcome};
use plumb_sys::nft::Rule;

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.syn-dropped",
    row: Some(32),
    title: "connections to the port are dropped in silence",
    page: Page {
        what: "A firewall on the path drops the first packet of every connection to the \
            port, and says nothing.",
        wire: "The SYN is sent again after 1, 3, 7 s and is never answered; other ports of \
            the host answer. From the client's side a SYN-ACK that is lost on the way \
            back, and a listener whose backlog is full, look the same.",
        undo: "The filter is removed.",
    },
    params: &[ParamSpec { key: "port", kind: PORT, default: "443", help: "the TCP port" }],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpPortSilent],
    inseparable: &[
        FindingId::TcpSynFiltered,
        FindingId::TcpSynAckFiltered,
        FindingId::TcpBacklogFull,
    ],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = Rules::all().to_tcp_port(given.integer("port")?).and(Rule::syn);
    Ok(vec![given.filter(rules, FilterVerdict::Drop)?])
}
