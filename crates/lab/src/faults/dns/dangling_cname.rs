//! An alias of a name that does not exist.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::{Change, ZoneEdit};
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "dns.dangling-cname",
    row: Some(67),
    title: "the name is an alias of a name that does not exist",
    page: Page {
        what: "The name is a CNAME, and the name that it stands for is gone: a cloud \
            service that was given up while DNS still points to it.",
        wire: "The answer has the CNAME record and the code NXDOMAIN.",
        undo: "The zone has the old records again, and resolvers forget the answer.",
    },
    params: &[
        ParamSpec {
            key: "name",
            kind: ParamKind::Name,
            default: "www.example.com",
            help: "the name that becomes an alias",
        },
        ParamSpec {
            key: "target",
            kind: ParamKind::Name,
            default: "gone.example.com",
            help: "the name that does not exist",
        },
    ],
    place: None,
    places: Places::NONE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::DnsCnameDangling],
    inseparable: &[],
    loopback: true,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let name = given.alias_name("name")?;
    Ok(vec![Change::Zone(ZoneEdit::Alias {
        name: name.to_owned(),
        target: given.word("target")?.to_owned(),
    })])
}
