//! A firewall lets connections open and swallows what they carry.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.payload-dropped",
    row: Some(40),
    title: "what connections carry is dropped in silence",
    page: Page {
        what: "A firewall on the path lets the handshake of TCP through and drops every \
            segment with data.",
        wire: "TCP connects; whatever is sent is sent again and again and never \
            acknowledged.",
        undo: "The filter is removed.",
    },
    params: &[ParamSpec { key: "port", kind: PORT, default: "443", help: "the TCP port" }],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TcpPayloadDropped],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    /// RFC 9293 section 3.1: PSH stands in the last segment of what is sent.
    const PSH: u8 = 0x08;
    let port = given.integer("port")?;
    let rules = Rules::all().to_tcp_port(port).and(|rule| rule.tcp_flags(PSH, PSH));
    Ok(vec![given.filter(rules, FilterVerdict::Drop)?])
}
