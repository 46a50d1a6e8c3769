//! A router that reports little.

use plumb_evidence::Outcome;
use plumb_sys::nft::LimitUnit;
use plumb_wire::net::{Icmp6Type, IcmpType};

use crate::faults::change::Change;
use crate::faults::filter::Rules;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.router-rate-limited",
    row: None,
    title: "a router reports at most one packet a second",
    page: Page {
        what: "Nothing is wrong: routers limit how many ICMP errors they send.",
        wire: "Of several probes whose time to live ends at the router only the first is \
            answered; what goes through it passes.",
        undo: "The filter is removed.",
    },
    params: &[],
    place: Some("isp"),
    places: Places::ROUTER,
    check: Check::WWW,
    outcome: Outcome::Ok,
    expect: &[],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = [
        Rules::all().and(|rule| {
            rule.icmp().icmp_type(IcmpType::TimeExceeded.number()).faster_than(
                1,
                LimitUnit::Second,
                1,
            )
        }),
        Rules::all().and(|rule| {
            rule.icmp6().icmp_type(Icmp6Type::TimeExceeded.number()).faster_than(
                1,
                LimitUnit::Second,
                1,
            )
        }),
    ];
    // Its own: they leave by the output hook, and what passes through does not.
    rules.into_iter().map(|rules| given.filter_own(rules)).collect()
}
