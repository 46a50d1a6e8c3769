//! Packets above a size vanish without a word.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{HOST, ParamKind, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.mtu-blackhole",
    row: Some(18),
    title: "large packets vanish and no ICMP says so",
    page: Page {
        what: "A link on the path carries only packets up to a size, and what is larger is \
            dropped without the ICMP message (3/4 fragmentation needed, ICMPv6 2/0 \
            packet too big) that would tell the sender: a tunnel behind a firewall that \
            drops all ICMP.",
        wire: "TCP connects, small packets pass, and the first full-sized segment of the \
            host never arrives however often it is sent again: the TLS handshake or the \
            page stalls. With a smaller maximum segment size all is well.",
        undo: "The filter is removed.",
    },
    params: &[
        ParamSpec {
            key: "mtu",
            kind: ParamKind::Integer { min: 68, max: 65_535, unit: "bytes" },
            default: "700",
            help: "the longest IP packet that passes",
        },
        ParamSpec {
            key: "direction",
            kind: ParamKind::Choice(&["from", "to", "both"]),
            default: "from",
            help: "which packets of the host vanish: those from it, to it, or both",
        },
        HOST,
    ],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetMtuBlackhole],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let hosts = given.addresses_of("host")?;
    let long = Rules::all().longer_than(given.integer("mtu")?);
    let (from, to) = (long.clone().from_hosts(&hosts), long.to_hosts(&hosts));
    let rules = match given.word("direction")? {
        "from" => vec![from],
        "to" => vec![to],
        _ => vec![from, to],
    };
    rules.into_iter().map(|rules| given.filter(rules, FilterVerdict::Drop)).collect()
}
