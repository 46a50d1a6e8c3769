//! What must be asked to explain why a subject was not reached.

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::Question;
use plumb_evidence::observation::{NeighbourState, RouteResult};

use super::silent::mute_gateway;
use super::{Cause, Subject, explain, is_cut_off};
use crate::contact::{Contact, Reached};
use crate::facts::Facts;

/// The questions, all that can be asked at the same time.
pub(crate) fn questions(facts: &Facts<'_>, subject: Subject) -> Vec<Question> {
    let contacts = facts.contacts(subject.address.ip());
    let at_port: Vec<&Contact<'_>> =
        contacts.iter().filter(|contact| contact.address == subject.address).collect();
    let finished = at_port.iter().any(|contact| contact.result != Reached::Cut);
    let answered = at_port.iter().any(|contact| contact.result == Reached::Answered);
    let settled = explain(facts, subject).is_some_and(|e| {
        e.cause.is_near() || matches!(e.cause, Cause::PortClosed | Cause::PortResets)
    });
    if !finished || answered || settled {
        return Vec::new();
    }
    let rejected = at_port.iter().any(|contact| contact.rejection().is_some());
    let mut wanted = Vec::new();
    if !rejected {
        wanted.extend(next_hop(facts, subject));
    }
    wanted.push(Question::Path { destination: subject.address });
    wanted.push(Question::OtherPort { address: other_port(subject.address) });
    wanted.extend(gateway(facts, subject));
    wanted
}

/// Whether the gateway is alive, where nothing beyond it was ever heard.
fn gateway(facts: &Facts<'_>, subject: Subject) -> Option<Question> {
    let (gateway, ..) = mute_gateway(facts, subject)?;
    // One that does not even answer on the segment need not be asked more.
    let believed = facts.neighbour(gateway).is_some_and(|seen| {
        use NeighbourState as N;
        matches!(seen.what.state, N::Reachable | N::Stale | N::Delay | N::Probe | N::Permanent)
    });
    if !believed {
        return None;
    }
    gateway_port(gateway).map(|address| Question::OtherPort { address })
}

/// The port at which a gateway is asked whether it is alive: that of its web
/// pages, which is open or closed but seldom filtered on the inside. A
/// link-local address cannot be asked without its link.
pub(super) fn gateway_port(gateway: IpAddr) -> Option<SocketAddr> {
    const WEB_PORT: u16 = 80;
    let link_local = match gateway {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    (!link_local).then(|| SocketAddr::new(gateway, WEB_PORT))
}

/// The questions about a subject from which nothing has come so far.
pub(crate) fn while_waiting(facts: &Facts<'_>, subject: Subject) -> Vec<Question> {
    if is_cut_off(facts, subject) {
        return Vec::new();
    }
    let mut wanted: Vec<Question> = next_hop(facts, subject).into_iter().collect();
    wanted.push(Question::Path { destination: subject.address });
    wanted.push(Question::OtherPort { address: other_port(subject.address) });
    wanted.extend(gateway(facts, subject));
    wanted
}

/// Whether the next hop answers on the segment.
fn next_hop(facts: &Facts<'_>, subject: Subject) -> Option<Question> {
    let ip = subject.address.ip();
    let Some(route) = facts.route_to(ip) else {
        return Some(Question::Route { destination: ip });
    };
    let RouteResult::Found { gateway, .. } = route.what.result else { return None };
    let address = gateway.unwrap_or(ip);
    let settled = facts.neighbour(address).is_some_and(|seen| {
        use NeighbourState as N;
        matches!(seen.what.state, N::Reachable | N::Failed | N::Permanent)
    });
    (!settled).then_some(Question::Neighbour { address })
}

/// The port beside this one that is most likely to be open, or to be closed by
/// the host itself: that of the web.
fn other_port(address: SocketAddr) -> SocketAddr {
    let port = if address.port() == 80 { 443 } else { 80 };
    SocketAddr::new(address.ip(), port)
}
