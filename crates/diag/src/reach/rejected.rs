//! Somebody on the way said no.
//!
//! Two experiments tell apart what says the same: whether another port of the
//! host is turned away likewise (the host or the port), and whether the one
//! who says no first answers "time exceeded" to a probe that ends there. A
//! router looks up the route before it counts down, and counts down before its
//! forward filter: so a route that refuses answers even the probe that was to
//! end at this router, a filter does not.

use std::net::IpAddr;

use plumb_evidence::observation::{HopOutcome, RouteResult};
use plumb_evidence::{Cited, Where};

use super::{Cause, Explained, Role, Subject};
use crate::contact::{Contact, Reached, Says, numbers, says};
use crate::facts::Facts;
use crate::wording::seconds;

/// A router that asks for a neighbour in vain says "host unreachable" after
/// three requests, a second apart (RFC 1122 section 2.3.2.1 allows one per
/// second); a route or a filter says it at once. Between the two.
const SLOW_NS: u64 = 1_000_000_000;

/// What another port of the same host met.
enum OtherPort {
    /// Turned away as well.
    Same(Vec<u32>),
    /// Reached the host.
    Differs(u32, u16),
    Unknown,
}

/// Where in the router's work the refusal arises.
enum Level {
    /// The router first counts the time to live down: it has a route.
    Passes(u32),
    /// The router refuses although the probe was to end there.
    Route(u32),
    Unknown,
}

pub(super) fn explain(
    facts: &Facts<'_>,
    subject: Subject,
    contacts: &[Contact<'_>],
) -> Option<Explained> {
    let at_port = |contact: &&Contact<'_>| contact.address == subject.address;
    let rejected: Vec<&Contact<'_>> =
        contacts.iter().filter(at_port).filter(|c| c.rejection().is_some()).collect();
    let first = *rejected.first()?;
    let (error, says) = first.rejection()?;
    let by = error.offender.unwrap_or(subject.address.ip());
    if says == Says::TimeExceeded {
        return looped(facts, subject, first, by);
    }
    let other = other_port(contacts, subject);
    let level = level(facts, subject, by);
    let slow = slowest(contacts).filter(|(_, ns)| *ns >= SLOW_NS && says == Says::NoHost);
    let cause = cause(says, by, &other, &level, slow.is_some());
    let place = place(facts, subject, by, &cause);
    let text = format!(
        "{by} answered for {}: {} ({}), after {}",
        subject.address,
        says.words(),
        numbers(error),
        seconds(error.after_ns)
    );
    let cited: Vec<u32> = rejected.iter().map(|contact| contact.seq).take(3).collect();
    let explained = Explained::new(subject, cause, place).because(text, cited);
    Some(with_proof(explained, by, &other, &level, slow))
}

/// A time to live that ran out on a packet sent with a full one.
fn looped(
    facts: &Facts<'_>,
    subject: Subject,
    contact: &Contact<'_>,
    by: IpAddr,
) -> Option<Explained> {
    let traced = super::silent::looping(facts, subject);
    let text = format!("{by} says that the time to live of an ordinary packet ran out");
    let routers = traced.as_ref().map_or_else(|| vec![by], |(routers, _)| routers.clone());
    let cause = Cause::RouteLoop { routers };
    let mut explained = Explained::new(subject, cause, Where::Path).because(text, [contact.seq]);
    if let Some((_, cited)) = traced {
        explained = explained.because("the same routers answer again and again", cited);
    }
    Some(explained)
}

fn other_port(contacts: &[Contact<'_>], subject: Subject) -> OtherPort {
    let mut same = Vec::new();
    for contact in contacts.iter().filter(|c| c.address.port() != subject.address.port()) {
        if contact.host_spoke() {
            return OtherPort::Differs(contact.seq, contact.address.port());
        }
        if contact.rejection().is_some_and(|(_, says)| says != Says::TimeExceeded) {
            same.push(contact.seq);
        }
    }
    if same.is_empty() { OtherPort::Unknown } else { OtherPort::Same(same) }
}

fn level(facts: &Facts<'_>, subject: Subject, by: IpAddr) -> Level {
    let probes: Vec<_> = facts
        .trace
        .iter()
        .filter(|seen| seen.what.destination.ip() == subject.address.ip())
        .collect();
    let passes = probes.iter().find(
        |seen| matches!(seen.what.outcome, HopOutcome::TimeExceeded { router, .. } if router == by),
    );
    if let Some(seen) = passes {
        return Level::Passes(seen.seq);
    }
    let refuses = probes
        .iter()
        .filter(|seen| match &seen.what.outcome {
            HopOutcome::Icmp { error } => {
                error.offender == Some(by)
                    && says(error).is_some_and(|says| says != Says::TimeExceeded)
            }
            _ => false,
        })
        .min_by_key(|seen| seen.what.ttl);
    let Some(refuses) = refuses else { return Level::Unknown };
    // Only where the router before it is known is this the probe that was to
    // end here: a silent one could be this router itself.
    let ttl = refuses.what.ttl;
    let before_answered = ttl <= 1
        || probes.iter().any(|seen| {
            seen.what.ttl == ttl - 1 && matches!(seen.what.outcome, HopOutcome::TimeExceeded { .. })
        });
    if before_answered { Level::Route(refuses.seq) } else { Level::Unknown }
}

/// The longest wait for a "host unreachable" from elsewhere.
fn slowest(contacts: &[Contact<'_>]) -> Option<(u32, u64)> {
    contacts
        .iter()
        .filter_map(|contact| {
            let (error, says) = contact.rejection()?;
            (says == Says::NoHost).then_some((contact.seq, error.after_ns))
        })
        .max_by_key(|(_, ns)| *ns)
}

fn cause(says: Says, by: IpAddr, other: &OtherPort, level: &Level, slow: bool) -> Cause {
    let port = Cause::PortRejected { by, says };
    let host = Cause::HostRejected { by, says };
    match (says, other, level) {
        (_, OtherPort::Differs(..), _) => port,
        (Says::NoPort, OtherPort::Same(_), _) => host,
        (Says::NoPort, ..) => port,
        (Says::Prohibited, _, Level::Route(_)) => Cause::RouteProhibited { by },
        (Says::NoHost | Says::NoRoute, _, Level::Route(_)) => Cause::RouteUnreachable { by },
        (Says::NoHost, ..) if slow => Cause::HostUnreachable { by },
        (Says::NoRoute, _, Level::Unknown) => Cause::RouteUnreachable { by },
        (_, OtherPort::Same(_), _) => host,
        (_, OtherPort::Unknown, _) => port,
    }
}

/// Whose it is: the gateway's is the own network's; a router on the host's
/// own segment speaks for the far end; else the path.
fn place(facts: &Facts<'_>, subject: Subject, by: IpAddr, cause: &Cause) -> Where {
    let ip = subject.address.ip();
    let gateway = facts.route_to(ip).and_then(|seen| match seen.what.result {
        RouteResult::Found { gateway, .. } => *gateway,
        RouteResult::Refused { .. } => None,
    });
    // A resolver or proxy is the own network's, wherever it stands.
    let far_end = match subject.role {
        Role::Target => Where::Service,
        Role::Resolver | Role::Proxy => Where::Network,
    };
    if by == ip {
        far_end
    } else if gateway == Some(by) {
        Where::Network
    } else if matches!(cause, Cause::HostUnreachable { .. }) && same_segment(by, ip) {
        far_end
    } else {
        Where::Path
    }
}

/// Both in one /24 or /64, the sizes of nearly every segment.
fn same_segment(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.octets()[..3] == b.octets()[..3],
        (IpAddr::V6(a), IpAddr::V6(b)) => a.segments()[..4] == b.segments()[..4],
        _ => false,
    }
}

fn with_proof(
    mut explained: Explained,
    by: IpAddr,
    other: &OtherPort,
    level: &Level,
    slow: Option<(u32, u64)>,
) -> Explained {
    let port_only = matches!(explained.cause, Cause::PortRejected { .. });
    match other {
        OtherPort::Same(cited) => {
            let text = "another port of the same host is turned away too";
            explained.because.push(Cited::new(text, cited.iter().copied()));
        }
        OtherPort::Differs(seq, port) => {
            let text = format!("the host can be reached: port {port} answers");
            explained = explained.ruled_out(text, [*seq]);
        }
        OtherPort::Unknown => {}
    }
    match level {
        Level::Route(seq) => explained.because(
            format!("{by} refuses even a probe that was to end there: its route refuses"),
            [*seq],
        ),
        Level::Passes(seq) => {
            let text = format!("{by} has a route: it answers time exceeded first");
            explained = explained.ruled_out(text, [*seq]);
            match slow.filter(|_| !port_only) {
                Some((seq, ns)) => explained.because(
                    format!("it took {}, as long as asking for a neighbour in vain", seconds(ns)),
                    [seq],
                ),
                None => explained,
            }
        }
        Level::Unknown => explained,
    }
}

/// Whether a finished attempt met plain silence.
pub(super) fn met_silence(contact: &Contact<'_>) -> bool {
    contact.result == Reached::Silent && contact.rejection().is_none()
}
