//! One of a name's addresses is dead.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ZoneEdit};
use crate::faults::param::{HOST, ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tcp.address-dead",
    row: Some(45),
    title: "one address of the name is dead, another works",
    page: Page {
        what: "The name has several addresses and one of them, the first, belongs to \
            nobody: a host that was taken out of service and left in DNS. Clients that \
            try one address after the other lose seconds; others fail.",
        wire: "The SYN to the first address is never answered by the host (its router says \
            unreachable after some 3 s); the one to the next address is answered at \
            once.",
        undo: "The zone has the old addresses again.",
    },
    params: &[
        ParamSpec {
            key: "name",
            kind: ParamKind::Name,
            default: "www.example.com",
            help: "the name that gets the dead address, one per family",
        },
        HOST,
    ],
    place: None,
    places: Places::NONE,
    check: Check::WWW,
    outcome: Outcome::Degraded,
    expect: &[FindingId::TcpAddressDead],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let name = given.known_name("name")?;
    let dead = given.unused_beside(given.word("host")?)?;
    Ok(dead
        .into_iter()
        .map(|address| Change::Zone(ZoneEdit::AddAddressFirst { name: name.to_owned(), address }))
        .collect())
}
