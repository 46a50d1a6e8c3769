//! Why a host, or one port of it, was not reached.
//!
//! The same question arises for the target, a resolver and a proxy; it is
//! answered once, here, and the rules of each layer put the answer into words.
//! From the bottom up: this host's own interfaces, addresses and routes; the
//! next hop on the segment; whoever said no on the way; silence.

mod local;
mod rejected;
mod silent;
pub(crate) mod wanted;

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::{Cited, Layer, Where};

use crate::contact::{Contact, Reached, Says};
use crate::facts::Facts;

/// Whom the walk wanted to reach, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subject {
    pub address: SocketAddr,
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Target,
    Resolver,
    Proxy,
}

impl Role {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Role::Target => "the target",
            Role::Resolver => "the resolver",
            Role::Proxy => "the proxy",
        }
    }
}

/// Why a subject was not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    InterfaceDown {
        interface: String,
    },
    CarrierLost {
        interface: String,
    },
    AddressMissing,
    RouteMissing,
    /// The host has nothing of this address family: not a fault in itself.
    FamilyUnavailable,
    LocalReject {
        errno_name: String,
    },
    LocalFirewall,
    /// No local port or descriptor left.
    LocalExhausted {
        errno_name: String,
    },
    GatewaySilent {
        gateway: IpAddr,
        interface: String,
    },
    NeighbourSilent {
        interface: String,
    },
    NotForwarding {
        gateway: IpAddr,
    },
    /// Nothing was heard, not even from the gateway, whose neighbour entry is
    /// good: the kernel keeps such an entry for a while after a neighbour died.
    NothingHeard {
        gateway: IpAddr,
    },
    HostUnreachable {
        by: IpAddr,
    },
    RouteUnreachable {
        by: IpAddr,
    },
    RouteProhibited {
        by: IpAddr,
    },
    HostRejected {
        by: IpAddr,
        says: Says,
    },
    RouteLoop {
        routers: Vec<IpAddr>,
    },
    PathSilent {
        last: Option<(u8, IpAddr)>,
    },
    PortRejected {
        by: IpAddr,
        says: Says,
    },
    PortClosed,
    /// The connection was taken and reset at once.
    PortResets,
    PortSilent {
        other: u16,
    },
}

impl Cause {
    /// The layer at which it lies.
    pub(crate) const fn layer(&self) -> Layer {
        match self {
            Cause::InterfaceDown { .. }
            | Cause::CarrierLost { .. }
            | Cause::GatewaySilent { .. }
            | Cause::NeighbourSilent { .. } => Layer::Link,
            Cause::AddressMissing
            | Cause::RouteMissing
            | Cause::FamilyUnavailable
            | Cause::LocalReject { .. }
            | Cause::NotForwarding { .. }
            | Cause::NothingHeard { .. }
            | Cause::HostUnreachable { .. }
            | Cause::RouteUnreachable { .. }
            | Cause::RouteProhibited { .. }
            | Cause::HostRejected { .. }
            | Cause::RouteLoop { .. }
            | Cause::PathSilent { .. } => Layer::Net,
            Cause::LocalFirewall
            | Cause::LocalExhausted { .. }
            | Cause::PortRejected { .. }
            | Cause::PortClosed
            | Cause::PortResets
            | Cause::PortSilent { .. } => Layer::Tcp,
        }
    }

    /// Whether it lies on this host or its segment, and so has nothing to do
    /// with whom the subject is.
    pub(crate) const fn is_near(&self) -> bool {
        matches!(
            self,
            Cause::InterfaceDown { .. }
                | Cause::CarrierLost { .. }
                | Cause::AddressMissing
                | Cause::RouteMissing
                | Cause::FamilyUnavailable
                | Cause::LocalReject { .. }
                | Cause::LocalFirewall
                | Cause::LocalExhausted { .. }
                | Cause::GatewaySilent { .. }
                | Cause::NotForwarding { .. }
                | Cause::NothingHeard { .. }
        )
    }

    /// How far the packets came, from nowhere (0) to the host itself.
    const fn progress(&self) -> u8 {
        match self {
            Cause::FamilyUnavailable => 0,
            Cause::InterfaceDown { .. }
            | Cause::CarrierLost { .. }
            | Cause::AddressMissing
            | Cause::RouteMissing
            | Cause::LocalReject { .. }
            | Cause::LocalFirewall
            | Cause::LocalExhausted { .. } => 1,
            Cause::GatewaySilent { .. } | Cause::NeighbourSilent { .. } => 2,
            Cause::NotForwarding { .. } | Cause::NothingHeard { .. } => 3,
            Cause::PathSilent { .. } => 4,
            Cause::RouteLoop { .. }
            | Cause::HostUnreachable { .. }
            | Cause::RouteUnreachable { .. }
            | Cause::RouteProhibited { .. }
            | Cause::HostRejected { .. } => 5,
            Cause::PortSilent { .. } | Cause::PortRejected { .. } => 6,
            Cause::PortClosed | Cause::PortResets => 7,
        }
    }
}

/// A cause with its proof.
#[derive(Debug, Clone)]
pub(crate) struct Explained {
    pub subject: Subject,
    pub cause: Cause,
    pub place: Where,
    pub because: Vec<Cited>,
    pub ruled_out: Vec<Cited>,
}

impl Explained {
    fn new(subject: Subject, cause: Cause, place: Where) -> Explained {
        Explained { subject, cause, place, because: Vec::new(), ruled_out: Vec::new() }
    }

    fn because(mut self, text: impl Into<String>, events: impl IntoIterator<Item = u32>) -> Self {
        self.because.push(Cited::new(text, events));
        self
    }

    fn ruled_out(mut self, text: impl Into<String>, events: impl IntoIterator<Item = u32>) -> Self {
        self.ruled_out.push(Cited::new(text, events));
        self
    }
}

/// Why the subject was not reached, as far as the evidence tells; `None` where
/// it was reached after all, or more must be known.
pub(crate) fn explain(facts: &Facts<'_>, subject: Subject) -> Option<Explained> {
    let contacts = facts.contacts(subject.address.ip());
    let at_port: Vec<Contact<'_>> =
        contacts.iter().filter(|contact| contact.address == subject.address).copied().collect();
    let unknown = at_port.is_empty() && facts.route_to(subject.address.ip()).is_none();
    if unknown || at_port.iter().any(|contact| contact.result == Reached::Answered) {
        return None;
    }
    local::explain(facts, subject, &at_port)
        .or_else(|| closed(subject, &at_port))
        .or_else(|| resets(subject, &at_port))
        .or_else(|| rejected::explain(facts, subject, &contacts))
        .or_else(|| silent::explain(facts, subject, &contacts))
}

/// Whether packets to the subject leave through an interface that is down or
/// has no carrier: no probe can tell more.
pub(crate) fn is_cut_off(facts: &Facts<'_>, subject: Subject) -> bool {
    local::dead_interface(facts, subject).is_some()
}

/// A RST, or the host's own "port unreachable" for a datagram.
fn closed(subject: Subject, at_port: &[Contact<'_>]) -> Option<Explained> {
    let closed = at_port
        .iter()
        .find(|contact| contact.was_reset() || contact.udp && contact.host_spoke())?;
    // A router that turns the one transport away does so with the other too.
    let by_another = |c: &Contact<'_>| {
        c.rejection().is_some_and(|(error, _)| error.offender != Some(subject.address.ip()))
    };
    if at_port.iter().any(by_another) {
        return None;
    }
    // Silence over UDP beside a closed TCP port is not "closed".
    if at_port.iter().any(|contact| contact.udp && contact.result == Reached::Silent) {
        return None;
    }
    let how = if closed.udp { "ICMP port unreachable" } else { "RST" };
    let text = format!("{} answered at once: {how}", subject.address);
    let place = match subject.role {
        // The host itself says so; a RST may come from anybody.
        Role::Resolver if closed.udp => Where::Network,
        _ if closed.udp => Where::Service,
        _ => Where::Unknown,
    };
    Some(Explained::new(subject, Cause::PortClosed, place).because(text, [closed.seq]))
}

/// A RST that follows the answer to the SYN.
fn resets(subject: Subject, at_port: &[Contact<'_>]) -> Option<Explained> {
    let reset = at_port.iter().find(|contact| contact.result == Reached::TakenAndReset)?;
    let text = format!("{} answered the SYN and reset the connection at once", subject.address);
    Some(Explained::new(subject, Cause::PortResets, Where::Service).because(text, [reset.seq]))
}

/// Of several subjects that were not reached, what explains the failure best,
/// the best first. Where packets came as far as the host, that failure counts
/// before another address's trouble on the way: mending it alone would do.
/// Else the lowest layer.
pub(crate) fn rank(mut explained: Vec<Explained>) -> Vec<Explained> {
    explained.sort_by_key(|e| {
        let reached_host = matches!(e.cause.progress(), 6..);
        let unavailable = e.cause == Cause::FamilyUnavailable;
        (unavailable, !reached_host, e.cause.layer(), u8::MAX - e.cause.progress())
    });
    explained
}
