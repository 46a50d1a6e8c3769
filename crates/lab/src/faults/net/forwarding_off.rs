//! A router that does not route.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.forwarding-off",
    row: Some(12),
    title: "the gateway does not forward",
    page: Page {
        what: "The machine is a router in everybody's routing table but its kernel does not \
            forward: `net.ipv4.ip_forward` and its IPv6 sister are 0, as after a reboot \
            without the sysctl file.",
        wire: "The gateway answers ARP and its own ports answer, but every packet for \
            somebody else is swallowed in silence: not even a time to live that ends \
            there is reported, and nothing beyond answers, the resolver included.",
        undo: "The settings are as they were.",
    },
    params: &[],
    place: Some("modemA"),
    places: Places::ROUTER,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::NetGatewayNotForwarding],
    inseparable: &[],
    loopback: false,
    changes,
};

/// The switches of both families, below /proc/sys.
const SWITCHES: [&str; 2] = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"];

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let machine = given.machine()?;
    Ok(SWITCHES
        .into_iter()
        .map(|path| Change::Setting {
            machine: machine.to_owned(),
            path: path.to_owned(),
            value: "0".to_owned(),
        })
        .collect())
}
