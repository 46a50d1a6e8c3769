//! The route, and the path beyond it where that was probed.

use std::net::IpAddr;

use plumb_evidence::Layer;
use plumb_evidence::observation::{HopOutcome, Observation, RouteResult};

use super::{Mark, Row};
use crate::text::hop::HopView;

pub(super) fn row(hop: &HopView<'_>) -> Option<Row> {
    let mut routes = Vec::new();
    for what in hop.seen() {
        if let Observation::Route { destination, result } = what {
            routes.push((*destination, result));
        }
    }
    let chosen = hop.walk().find_map(|what| match what {
        Observation::Connect(attempt) if attempt.chosen => Some(attempt.address.ip()),
        Observation::UdpExchange { address, .. } => Some(address.ip()),
        _ => None,
    });
    let found = |wanted: Option<IpAddr>| {
        let mut found =
            routes.iter().filter(|(_, result)| matches!(result, RouteResult::Found { .. }));
        found.find(|(destination, _)| wanted.is_none_or(|wanted| *destination == wanted)).copied()
    };
    let (destination, result) = chosen
        .and_then(|address| found(Some(address)))
        .or_else(|| found(None))
        .or(routes.first().copied())?;
    let took = hop.reading_ns(|what| matches!(what, Observation::Route { .. }));
    let row = match result {
        RouteResult::Found { interface, gateway, source, .. } => {
            let via = match gateway {
                Some(gateway) => format!("via {gateway} on {interface}"),
                None => format!("{destination} is on {interface} itself"),
            };
            let from = source.map(|source| format!(", from {source}")).unwrap_or_default();
            let text = path(hop).unwrap_or(format!("{via}{from}"));
            Row::new(Layer::Net, Mark::Good, text)
        }
        RouteResult::Refused { errno_name, .. } => {
            Row::new(Layer::Net, Mark::Bad, format!("no route to {destination} ({errno_name})"))
        }
    };
    Some(row.took(took))
}

/// The routers that answered, in order; `?` for each silent distance between
/// them.
fn path(hop: &HopView<'_>) -> Option<String> {
    let mut answers: Vec<(u8, String)> = Vec::new();
    let mut asked_max = 0;
    let mut family = None;
    for what in hop.seen() {
        let Observation::Hop(probe) = what else { continue };
        // Where both families were probed, the first one is shown.
        if *family.get_or_insert(probe.destination.is_ipv4()) != probe.destination.is_ipv4() {
            continue;
        }
        asked_max = asked_max.max(probe.ttl);
        let answer = match &probe.outcome {
            HopOutcome::TimeExceeded { router, .. } => router.to_string(),
            HopOutcome::Icmp { error } => {
                error.offender.map_or("?".to_owned(), |who| who.to_string())
            }
            HopOutcome::Connected | HopOutcome::Refused => probe.destination.ip().to_string(),
            HopOutcome::Silent => continue,
        };
        answers.push((probe.ttl, answer));
    }
    answers.sort();
    answers.dedup_by_key(|(ttl, _)| *ttl);
    answers.dedup_by(|(_, later), (_, earlier)| later == earlier);
    let last = answers.last()?.0;
    let mut names: Vec<String> = (1..=last)
        .map(|ttl| {
            answers.iter().find(|(at, _)| *at == ttl).map_or("?".to_owned(), |(_, who)| who.clone())
        })
        .collect();
    if last < asked_max {
        names.push("?".to_owned());
    }
    Some(names.join(" > "))
}
