//! A name without addresses.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ZoneEdit};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.no-address",
    row: Some(51),
    title: "the name exists and has no address",
    page: Page {
        what: "The name has other records and no address: a domain that only gets mail, an \
            address that was deleted.",
        wire: "The resolver answers NOERROR without an answer, with the SOA record of the \
            zone.",
        undo: "The zone has the addresses again.",
    },
    params: &[ParamSpec {
        key: "name",
        kind: ParamKind::Name,
        default: "www.example.com",
        help: "the name",
    }],
    place: None,
    places: Places::NONE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsNameNoAddress],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    Ok(vec![Change::Zone(ZoneEdit::RemoveAddresses { name: given.known_name("name")?.to_owned() })])
}
