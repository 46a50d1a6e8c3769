//! A link with a smaller MTU, and with ICMP that says so.

use plumb_evidence::Outcome;

use crate::faults::change::Change;
use crate::faults::param::{ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.mtu-reduced",
    row: None,
    title: "the path has a smaller MTU",
    page: Page {
        what: "Nothing is wrong: a tunnel or a DSL line carries smaller packets, and the \
            router in front of it says so.",
        wire: "A packet that is too long is answered with ICMP 3/4 (ICMPv6 2/0) and sent \
            again in smaller pieces.",
        undo: "Both ends of the link have the MTU that they had.",
    },
    params: &[ParamSpec {
        key: "mtu",
        kind: ParamKind::Integer { min: 1_280, max: 1_500, unit: "bytes" },
        default: "1280",
        help: "the longest IP packet that the link carries",
    }],
    place: Some("isp-modemA"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Ok,
    expect: &[],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let mtu_bytes = given.integer("mtu")?.into();
    Ok(given
        .interfaces()?
        .into_iter()
        .map(|(machine, interface)| Change::Mtu {
            machine: machine.to_owned(),
            interface: interface.to_owned(),
            mtu_bytes,
        })
        .collect())
}
