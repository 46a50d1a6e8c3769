//! A firewall swallows the answers to connections.

use plumb_evidence::{FindingId, Outcome};
use plumb_sys::nft::Rule;

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.syn-ack-dropped",
    row: Some(33),
    title: "the answers to connections are dropped in silence",
    page: Page {
        what: "A firewall on the path lets the first packet of a connection through and \
            drops the answer: a rule that was meant for the other direction, or a path \
            that is not the same both ways.",
        wire: "The SYN is sent again and again and is never answered; other ports of the \
            host answer. From the client's side a SYN that is lost on the way there \
            looks the same.",
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
    let port = given.integer("port")?;
    let rules = Rules::all().and(|rule| rule.tcp_source_port(port)).and(Rule::syn_ack);
    Ok(vec![given.filter(rules, FilterVerdict::Drop)?])
}
