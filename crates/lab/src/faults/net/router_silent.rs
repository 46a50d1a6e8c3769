//! A router that reports nothing.

use plumb_evidence::Outcome;
use plumb_wire::net::{Icmp6Type, IcmpType};

use crate::faults::change::Change;
use crate::faults::filter::Rules;
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "net.router-silent",
    row: None,
    title: "a router does not report where packets end",
    page: Page {
        what: "Nothing is wrong: many routers forward and send no ICMP errors of their own.",
        wire: "Probes whose time to live ends at the router are not answered; what goes \
            through it passes.",
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
        Rules::all().and(|rule| rule.icmp().icmp_type(IcmpType::TimeExceeded.number())),
        Rules::all().and(|rule| rule.icmp6().icmp_type(Icmp6Type::TimeExceeded.number())),
    ];
    // Its own: they leave by the output hook, and what passes through does not.
    rules.into_iter().map(|rules| given.filter_own(rules)).collect()
}
