//! Attempts to reach a host, whatever the protocol, in one shape.

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::observation::{
    ConnectOutcome, DnsOutcome, DnsTransport, HopOutcome, IcmpError, IcmpOrigin, UdpOutcome,
};

use crate::facts::Facts;

/// One attempt to reach a port of a host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contact<'e> {
    pub seq: u32,
    pub address: SocketAddr,
    pub udp: bool,
    pub result: Reached,
    pub icmp: &'e [IcmpError],
    pub duration_ns: u64,
}

/// How far an attempt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The host answered: a connection, a reply.
    Answered,
    /// The host, or somebody in its name, said that the port is closed.
    Closed,
    /// The host took the connection and reset it at once: the SYN was answered
    /// before the RST came.
    TakenAndReset,
    /// The kernel gave up with this error.
    Kernel(i32),
    /// Nothing, or nothing but what `icmp` holds.
    Silent,
    /// Ended before there was an answer.
    Cut,
}

// Linux errno values; a saved file may be judged on another system.
pub(crate) const EPERM: i32 = 1;
pub(crate) const EACCES: i32 = 13;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENFILE: i32 = 23;
pub(crate) const EMFILE: i32 = 24;
pub(crate) const EAFNOSUPPORT: i32 = 97;
pub(crate) const EADDRNOTAVAIL: i32 = 99;
pub(crate) const ENETDOWN: i32 = 100;
pub(crate) const ENETUNREACH: i32 = 101;
pub(crate) const ECONNRESET: i32 = 104;
const ETIMEDOUT: i32 = 110;
const ECONNREFUSED: i32 = 111;
pub(crate) const EHOSTUNREACH: i32 = 113;

/// What an ICMP error says, v4 and v6 alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// No route to the destination, or one that says unreachable.
    NoRoute,
    /// There is a route, but no such host at its end.
    NoHost,
    /// A policy forbids it.
    Prohibited,
    /// Port or protocol unreachable.
    NoPort,
    /// The time to live ran out.
    TimeExceeded,
}

impl Says {
    /// In words, for a claim.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Says::NoRoute => "no route to it",
            Says::NoHost => "host unreachable",
            Says::Prohibited => "administratively prohibited",
            Says::NoPort => "port unreachable",
            Says::TimeExceeded => "time to live exceeded",
        }
    }
}

/// What an error says: RFC 792, RFC 1812 section 5.2.7, RFC 4443 section 3.
/// `None` for what does not end an attempt, such as "packet too big".
pub(crate) fn says(error: &IcmpError) -> Option<Says> {
    match (error.origin, error.icmp_type, error.icmp_code) {
        (IcmpOrigin::Icmp, 3, 0 | 5 | 6 | 8 | 11) => Some(Says::NoRoute),
        (IcmpOrigin::Icmp, 3, 1 | 7 | 12) => Some(Says::NoHost),
        (IcmpOrigin::Icmp, 3, 2 | 3) => Some(Says::NoPort),
        (IcmpOrigin::Icmp, 3, 9 | 10 | 13 | 14 | 15) => Some(Says::Prohibited),
        (IcmpOrigin::Icmp, 11, 0) => Some(Says::TimeExceeded),
        (IcmpOrigin::Icmp6, 1, 0 | 2 | 6) => Some(Says::NoRoute),
        (IcmpOrigin::Icmp6, 1, 3) => Some(Says::NoHost),
        (IcmpOrigin::Icmp6, 1, 4) => Some(Says::NoPort),
        (IcmpOrigin::Icmp6, 1, 1 | 5) => Some(Says::Prohibited),
        (IcmpOrigin::Icmp6, 3, 0) => Some(Says::TimeExceeded),
        (IcmpOrigin::Local, ..) => match error.errno {
            ENETUNREACH => Some(Says::NoRoute),
            EHOSTUNREACH => Some(Says::NoHost),
            EACCES | EPERM => Some(Says::Prohibited),
            ECONNREFUSED => Some(Says::NoPort),
            _ => None,
        },
        _ => None,
    }
}

/// Whether this host itself made the error.
pub(crate) fn is_own(error: &IcmpError) -> bool {
    error.offender_is_self || error.origin == IcmpOrigin::Local
}

/// An error as people know it: `3/1`.
pub(crate) fn numbers(error: &IcmpError) -> String {
    let name = match error.origin {
        IcmpOrigin::Icmp6 => "ICMPv6",
        IcmpOrigin::Icmp | IcmpOrigin::Local => "ICMP",
    };
    format!("{name} {}/{}", error.icmp_type, error.icmp_code)
}

pub(crate) fn is_connected(outcome: &ConnectOutcome) -> bool {
    matches!(outcome, ConnectOutcome::Connected)
}

impl<'e> Contact<'e> {
    /// The first error of the network (not of this host) that ended the
    /// attempt, with what it says.
    pub(crate) fn rejection(&self) -> Option<(&'e IcmpError, Says)> {
        self.errors().find(|(error, _)| !is_own(error))
    }

    /// The first error that this host itself made.
    pub(crate) fn own_error(&self) -> Option<(&'e IcmpError, Says)> {
        self.errors().find(|(error, _)| is_own(error))
    }

    fn errors(&self) -> impl Iterator<Item = (&'e IcmpError, Says)> {
        self.icmp.iter().filter_map(|error| Some((error, says(error)?)))
    }

    /// The host itself was heard: it answered, or closed the port.
    pub(crate) fn host_spoke(&self) -> bool {
        let closed_by_host = self
            .rejection()
            .is_some_and(|(e, says)| says == Says::NoPort && e.offender == Some(self.address.ip()));
        matches!(self.result, Reached::Answered | Reached::TakenAndReset)
            || closed_by_host
            || self.was_reset()
    }

    /// A RST came, in the host's name: closed, and no ICMP error says by whom.
    pub(crate) fn was_reset(&self) -> bool {
        self.result == Reached::Closed && self.errors().next().is_none()
    }
}

impl<'e> Facts<'e> {
    /// Every attempt to reach any port of a host, in order.
    pub(crate) fn contacts(&self, ip: IpAddr) -> Vec<Contact<'e>> {
        let mut contacts = self.all_contacts();
        contacts.retain(|contact| contact.address.ip() == ip);
        contacts
    }

    /// Every attempt to reach anybody, in order.
    pub(crate) fn all_contacts(&self) -> Vec<Contact<'e>> {
        let tcp = self.connects.iter().map(|seen| Contact {
            seq: seen.seq,
            address: seen.what.address,
            udp: false,
            result: of_connect(&seen.what.outcome),
            icmp: &seen.what.icmp,
            duration_ns: seen.what.duration_ns,
        });
        let dns = self.dns.iter().map(|seen| {
            let (result, icmp) = of_dns(&seen.what.outcome);
            Contact {
                seq: seen.seq,
                address: seen.what.server,
                udp: seen.what.transport == DnsTransport::Udp,
                result,
                icmp,
                duration_ns: seen.what.duration_ns,
            }
        });
        let udp = self.udp.iter().map(|seen| Contact {
            seq: seen.seq,
            address: seen.what.address,
            udp: true,
            result: of_udp(seen.what.outcome),
            icmp: seen.what.icmp,
            duration_ns: seen.what.duration_ns,
        });
        // A trace that gets through to the port, or is turned away, is an
        // attempt too.
        let trace = self.trace.iter().filter_map(|seen| {
            let (result, icmp) = match &seen.what.outcome {
                HopOutcome::Connected => (Reached::Answered, &[][..]),
                HopOutcome::Refused => (Reached::Closed, &[][..]),
                HopOutcome::Icmp { error } => (Reached::Silent, std::slice::from_ref(error)),
                HopOutcome::TimeExceeded { .. } | HopOutcome::Silent => return None,
            };
            Some(Contact {
                seq: seen.seq,
                address: seen.what.destination,
                udp: false,
                result,
                icmp,
                duration_ns: seen.what.duration_ns,
            })
        });
        let mut all: Vec<Contact<'e>> = tcp.chain(dns).chain(udp).chain(trace).collect();
        all.sort_by_key(|contact| contact.seq);
        all
    }
}

fn of_connect(outcome: &ConnectOutcome) -> Reached {
    match outcome {
        ConnectOutcome::Connected => Reached::Answered,
        ConnectOutcome::Refused => Reached::Closed,
        ConnectOutcome::Failed { errno, .. } => of_errno(*errno),
        ConnectOutcome::TimedOut => Reached::Silent,
        ConnectOutcome::Abandoned => Reached::Cut,
    }
}

fn of_dns(outcome: &DnsOutcome) -> (Reached, &[IcmpError]) {
    match outcome {
        DnsOutcome::Reply(_) | DnsOutcome::Malformed { .. } => (Reached::Answered, &[]),
        DnsOutcome::Silence { icmp } => (Reached::Silent, icmp),
        DnsOutcome::Refused { errno, icmp, .. } => (of_errno(*errno), icmp),
    }
}

fn of_udp(outcome: &UdpOutcome) -> Reached {
    match outcome {
        UdpOutcome::Reply { .. } => Reached::Answered,
        UdpOutcome::Silence => Reached::Silent,
        UdpOutcome::Failed { errno, .. } => of_errno(*errno),
    }
}

fn of_errno(errno: i32) -> Reached {
    match errno {
        ECONNREFUSED => Reached::Closed,
        ECONNRESET => Reached::TakenAndReset,
        ETIMEDOUT => Reached::Silent,
        other => Reached::Kernel(other),
    }
}
