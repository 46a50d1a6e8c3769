//! Nothing came back, not even a refusal.

use std::net::IpAddr;

use plumb_evidence::Where;
use plumb_evidence::observation::{HopOutcome, NeighbourState, RouteResult};

use super::rejected::met_silence;
use super::wanted::gateway_port;
use super::{Cause, Explained, Subject};
use crate::contact::{Contact, Reached, is_own};
use crate::facts::Facts;
use crate::wording::seconds;

/// Probes that must have gone unanswered before silence at the gateway says
/// something: the gateway's own and three beyond it.
const SILENT_PROBES_MIN: usize = 4;

pub(super) fn explain(
    facts: &Facts<'_>,
    subject: Subject,
    contacts: &[Contact<'_>],
) -> Option<Explained> {
    let silent: Vec<&Contact<'_>> =
        contacts.iter().filter(|c| c.address == subject.address && met_silence(c)).collect();
    let first = *silent.first()?;
    let waited = silent.iter().map(|contact| contact.duration_ns).max().unwrap_or(0);
    let nothing = format!("nothing came from {} within {}", subject.address, seconds(waited));
    let cited: Vec<u32> = silent.iter().map(|contact| contact.seq).take(3).collect();
    if let Some((routers, probes)) = looping(facts, subject) {
        return Some(
            Explained::new(subject, Cause::RouteLoop { routers }, Where::Path)
                .because("the same routers answer again and again on the way", probes)
                .because(nothing, cited),
        );
    }
    if let Some(alive) = contacts.iter().find(|contact| speaks_elsewhere(contact, first)) {
        let other = alive.address.port();
        let text = format!("the host is alive: its port {other} answers");
        return Some(
            Explained::new(subject, Cause::PortSilent { other }, Where::Unknown)
                .because(nothing, cited)
                .ruled_out(text, [alive.seq]),
        );
    }
    let others: Vec<u32> = contacts
        .iter()
        .filter(|c| c.address.port() != subject.address.port() && met_silence(c))
        .map(|contact| contact.seq)
        .collect();
    if others.is_empty() {
        return None;
    }
    let host = "another port of the same host is silent too";
    let explained = not_forwarding(facts, subject).unwrap_or_else(|| path(facts, subject));
    Some(explained.because(nothing, cited).because(host, others))
}

/// The host speaks on another port, or over the other transport.
fn speaks_elsewhere(contact: &Contact<'_>, silent: &Contact<'_>) -> bool {
    let elsewhere = contact.address.port() != silent.address.port() || contact.udp != silent.udp;
    elsewhere && contact.host_spoke()
}

/// Routers that answer at two distances with others between, and the probes.
pub(super) fn looping(facts: &Facts<'_>, subject: Subject) -> Option<(Vec<IpAddr>, Vec<u32>)> {
    let mut hops: Vec<(u8, IpAddr, u32)> = facts
        .trace
        .iter()
        .filter(|seen| seen.what.destination == subject.address)
        .filter_map(|seen| match seen.what.outcome {
            HopOutcome::TimeExceeded { router, .. } => Some((seen.what.ttl, router, seen.seq)),
            _ => None,
        })
        .collect();
    hops.sort_unstable();
    hops.dedup_by_key(|(ttl, ..)| *ttl);
    // One repetition may be a rewritten address; three visits with another
    // router between are a loop.
    let again = |router: IpAddr| hops.iter().filter(move |(_, r, _)| *r == router);
    let (_, repeated, _) = *hops.iter().find(|(_, router, _)| again(*router).count() >= 3)?;
    let first = again(repeated).next()?.0;
    let mut routers = Vec::new();
    for (_, router, _) in hops.iter().filter(|(ttl, ..)| *ttl >= first) {
        if !routers.contains(router) {
            routers.push(*router);
        }
    }
    let between = routers.len() > 1;
    between.then(|| (routers, again(repeated).map(|(.., seq)| *seq).collect()))
}

/// The gateway through which nothing was ever heard: the probes that say so,
/// and the route that leads through it.
pub(super) fn mute_gateway(facts: &Facts<'_>, subject: Subject) -> Option<(IpAddr, Vec<u32>, u32)> {
    let route = facts.route_to(subject.address.ip())?;
    let RouteResult::Found { gateway: Some(gateway), .. } = route.what.result else { return None };
    let probes: Vec<_> =
        facts.trace.iter().filter(|seen| seen.what.destination == subject.address).collect();
    let all_silent = probes.iter().all(|seen| seen.what.outcome == HopOutcome::Silent);
    if probes.len() < SILENT_PROBES_MIN || !all_silent || beyond_spoke(facts, *gateway) {
        return None;
    }
    let cited = probes.iter().map(|seen| seen.seq).take(SILENT_PROBES_MIN).collect();
    Some((*gateway, cited, route.seq))
}

/// Nothing beyond the gateway was ever heard. If the gateway itself speaks, it
/// passes nothing on; if it does not, a good neighbour entry proves little: the
/// kernel believes in a neighbour for a while after it died.
fn not_forwarding(facts: &Facts<'_>, subject: Subject) -> Option<Explained> {
    let (gateway, cited, route) = mute_gateway(facts, subject)?;
    let ip = subject.address.ip();
    let contacts = facts.contacts(gateway);
    let heard: Vec<u32> = match gateway_port(gateway) {
        Some(_) => contacts.iter().filter(|c| c.host_spoke()).map(|c| c.seq).collect(),
        // It cannot be asked without its link: only the entry tells.
        None => facts
            .neighbour(gateway)
            .filter(|seen| seen.what.state == NeighbourState::Reachable)
            .map(|seen| seen.seq)
            .into_iter()
            .collect(),
    };
    let unheard: Vec<u32> =
        contacts.iter().filter(|c| met_silence(c)).map(|contact| contact.seq).collect();
    let through = format!("packets to {ip} go through {gateway}");
    let explained = |cause| {
        Explained::new(subject, cause, Where::Network)
            .because(
                format!("no router answers, not even {gateway} to a probe that ends there"),
                cited,
            )
            .because(through, [route])
    };
    if !heard.is_empty() {
        let explained = explained(Cause::NotForwarding { gateway });
        return Some(explained.ruled_out(format!("{gateway} itself is alive"), heard));
    }
    (!unheard.is_empty()).then(|| {
        explained(Cause::NothingHeard { gateway })
            .because(format!("{gateway} itself does not answer a connection either"), unheard)
    })
}

/// Whether anybody beyond the gateway was heard in this run, in its family.
fn beyond_spoke(facts: &Facts<'_>, gateway: IpAddr) -> bool {
    let family = |ip: IpAddr| ip.is_ipv4() == gateway.is_ipv4();
    let through = |ip: IpAddr| {
        facts.route_to(ip).is_none_or(|route| {
            matches!(route.what.result, RouteResult::Found { gateway: Some(_), .. })
        })
    };
    let spoke = facts.all_contacts().iter().any(|contact| {
        let ip = contact.address.ip();
        let answered =
            matches!(contact.result, Reached::Answered | Reached::Closed | Reached::TakenAndReset);
        let errors = contact.icmp.iter().any(|error| !is_own(error));
        family(ip) && ip != gateway && through(ip) && (answered || errors)
    });
    spoke
        || facts.trace.iter().any(|seen| {
            family(seen.what.destination.ip()) && seen.what.outcome != HopOutcome::Silent
        })
}

/// Silence somewhere: as far as the routers on the way tell.
fn path(facts: &Facts<'_>, subject: Subject) -> Explained {
    let last = facts
        .trace
        .iter()
        .filter(|seen| seen.what.destination == subject.address)
        .filter_map(|seen| match seen.what.outcome {
            HopOutcome::TimeExceeded { router, .. } => Some((seen.what.ttl, router, seen.seq)),
            _ => None,
        })
        .max();
    let cause = Cause::PathSilent { last: last.map(|(ttl, router, _)| (ttl, router)) };
    let explained = Explained::new(subject, cause, Where::Unknown);
    match last {
        Some((ttl, router, seq)) => explained
            .because(format!("the last router that answers is {router}, at distance {ttl}"), [seq]),
        None => explained,
    }
}
