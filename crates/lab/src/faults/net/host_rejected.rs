//! A firewall that rejects everything to a host.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::HOST;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.host-rejected",
    row: Some(30),
    title: "a firewall rejects every packet to the host",
    page: Page {
        what: "A firewall on the path turns away every packet to the host, whatever the \
            port.",
        wire: "Every probe, on any port, is answered with ICMP 3/13 (ICMPv6 1/1) from the \
            address of the firewall.",
        undo: "The filter is removed.",
    },
    params: &[HOST],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetHostRejected],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = Rules::all().to_hosts(&given.addresses_of("host")?);
    Ok(vec![given.filter(rules, FilterVerdict::AdminProhibited)?])
}
