//! Answers are cut over UDP, and TCP is closed.

use plumb_evidence::{FindingId, Outcome};
use plumb_wire::transport::port;

use crate::faults::change::{Change, ResolverChange};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.truncated",
    row: Some(55),
    title: "answers are truncated and TCP port 53 is closed",
    page: Page {
        what: "Every answer of the resolver is too long for UDP, so that the client must \
            ask again over TCP; and there nobody listens.",
        wire: "The answer over UDP is empty with the TC flag; the SYN to TCP port 53 is \
            answered with RST.",
        undo: "The resolver answers in full and listens on TCP again.",
    },
    params: &[],
    place: Some("backbone"),
    places: Places::RESOLVER,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsTcpBlocked],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let machine = given.machine()?;
    Ok(vec![
        Change::Resolver { machine: machine.to_owned(), behaviour: ResolverChange::TruncateUdp },
        Change::PortClosed { machine: machine.to_owned(), port: port::DNS },
    ])
}
