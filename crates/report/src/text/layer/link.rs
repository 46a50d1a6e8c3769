//! The own interface and its neighbours.

use plumb_evidence::Layer;
use plumb_evidence::observation::{Interface, NeighbourState, Observation, RouteResult};

use super::{Mark, Row};
use crate::text::hop::HopView;
use crate::text::words;

pub(super) fn row(hop: &HopView<'_>) -> Option<Row> {
    let interfaces = hop.seen().find_map(|what| match what {
        Observation::Interfaces { interfaces } => Some(interfaces),
        _ => None,
    })?;
    let took = hop.reading_ns(|what| matches!(what, Observation::Interfaces { .. }));
    let Some(interface) = used(hop, interfaces) else {
        return Some(
            Row::new(Layer::Link, Mark::Bad, "there is no interface but loopback").took(took),
        );
    };
    Some(judge(hop, interface).took(took))
}

fn judge(hop: &HopView<'_>, interface: &Interface) -> Row {
    let name = &interface.name;
    if !interface.admin_up {
        return Row::new(Layer::Link, Mark::Bad, format!("{name} is down"));
    }
    if !interface.carrier && !interface.loopback {
        return Row::new(
            Layer::Link,
            Mark::Bad,
            format!("{name} is up, but nothing is at the other end"),
        );
    }
    let silent = hop.seen().find_map(|what| match what {
        Observation::Neighbour { address, interface, state: NeighbourState::Failed, .. } => {
            Some(format!("{address} does not answer on {interface}"))
        }
        _ => None,
    });
    if let Some(silent) = silent {
        return Row::new(Layer::Link, Mark::Doubt, silent);
    }
    let addresses: Vec<_> =
        interface.addresses.iter().filter(|a| a.global || interface.loopback).collect();
    let text = match addresses.as_slice() {
        [] => format!("{name} is up"),
        some => {
            format!("{name} is up, {}", words::list(some.iter().map(|a| a.address.to_string()), 2))
        }
    };
    Row::new(Layer::Link, Mark::Good, text)
}

/// The interface that the route leads over; where there is no route, the one
/// that looks most usable.
fn used<'a>(hop: &HopView<'_>, interfaces: &'a [Interface]) -> Option<&'a Interface> {
    let routed = hop.walk().find_map(|what| match what {
        Observation::Route { result: RouteResult::Found { interface, .. }, .. } => Some(interface),
        _ => None,
    });
    let by_route = routed.and_then(|name| interfaces.iter().find(|i| i.name == *name));
    by_route.or_else(|| {
        let others = interfaces.iter().filter(|interface| !interface.loopback);
        others.max_by_key(|i| (i.admin_up, i.carrier, std::cmp::Reverse(i.index)))
    })
}
