//! What stops a packet before it has left the segment: this host's own
//! interfaces, addresses, routes and firewall, and the next hop.

use std::net::IpAddr;

use plumb_evidence::Where;
use plumb_evidence::observation::{Interface, NeighbourState, RouteResult};

use super::{Cause, Explained, Subject};
use crate::contact::{
    Contact, EACCES, EADDRNOTAVAIL, EAFNOSUPPORT, EHOSTUNREACH, EINVAL, EMFILE, ENETDOWN,
    ENETUNREACH, ENFILE, EPERM, Reached, Says,
};
use crate::facts::Facts;
use crate::wording::{errno_name, seconds};

/// An own "host unreachable" that comes later than this was caused by a
/// neighbour that does not answer (Linux asks three times, a second apart); a
/// firewall's comes at once.
const OWN_ERROR_SLOW_NS: u64 = 500_000_000;

/// A neighbour entry still incomplete after a contact as long as this will not
/// be completed: two of the three requests went unanswered.
const INCOMPLETE_NS: u64 = 2_000_000_000;

pub(super) fn explain(
    facts: &Facts<'_>,
    subject: Subject,
    at_port: &[Contact<'_>],
) -> Option<Explained> {
    if let Some(explained) = no_source(facts, subject, at_port) {
        return Some(explained);
    }
    if at_port.iter().any(|contact| contact.host_spoke() || contact.rejection().is_some()) {
        return None;
    }
    no_way_out(facts, subject, at_port)
        .or_else(|| dead_interface(facts, subject))
        .or_else(|| next_hop_silent(facts, subject, at_port))
        .or_else(|| firewall(subject, at_port))
        .or_else(|| exhausted(facts, subject, at_port))
}

/// There is a route, but no address of this host from which an answer could
/// come back: a host that lost its global IPv6 address, or never had one.
fn no_source(facts: &Facts<'_>, subject: Subject, at_port: &[Contact<'_>]) -> Option<Explained> {
    let IpAddr::V6(to) = subject.address.ip() else { return None };
    // Global unicast addresses, RFC 4291 section 2.4: others need no global source.
    let is_global = to.segments()[0] & 0xe000 == 0x2000;
    let seen = facts.interfaces?;
    let holds = |v6: bool| seen.what.iter().any(|i| i.admin_up && i.carrier && has_global(i, v6));
    let routed = facts
        .route_to(subject.address.ip())
        .is_some_and(|route| matches!(route.what.result, RouteResult::Found { .. }));
    let heard = at_port.iter().any(Contact::host_spoke);
    if !is_global || heard || !routed || holds(true) || !holds(false) {
        return None;
    }
    let text = "no interface that is up has a global IPv6 address";
    let explained = Explained::new(subject, Cause::FamilyUnavailable, Where::Host);
    Some(explained.because(text, [seen.seq]))
}

/// The kernel has no route for the subject, or one that refuses.
fn no_way_out(facts: &Facts<'_>, subject: Subject, at_port: &[Contact<'_>]) -> Option<Explained> {
    let ip = subject.address.ip();
    let (seq, errno) = refusal(facts, ip, at_port)?;
    let told = format!("the kernel refuses a packet to {ip}: {}", errno_name(errno));
    if matches!(errno, EACCES | EINVAL | EHOSTUNREACH) {
        let cause = Cause::LocalReject { errno_name: errno_name(errno) };
        return Some(Explained::new(subject, cause, Where::Host).because(told, [seq]));
    }
    let (cause, place, proof) = why_no_route(facts, ip);
    let mut explained = Explained::new(subject, cause, place).because(told, [seq]);
    explained.because.extend(proof);
    Some(explained)
}

/// The refusal of the kernel's routes, from the lookup or from an attempt.
fn refusal(facts: &Facts<'_>, ip: IpAddr, at_port: &[Contact<'_>]) -> Option<(u32, i32)> {
    if let Some(route) = facts.route_to(ip) {
        return match route.what.result {
            RouteResult::Refused { errno, .. } => Some((route.seq, *errno)),
            RouteResult::Found { .. } => None,
        };
    }
    at_port.iter().find_map(|contact| match contact.result {
        Reached::Kernel(errno @ (ENETUNREACH | ENETDOWN | EAFNOSUPPORT | EACCES | EINVAL)) => {
            Some((contact.seq, errno))
        }
        _ => None,
    })
}

/// Why there is no route to `ip`: the lowest thing that is missing.
fn why_no_route(facts: &Facts<'_>, ip: IpAddr) -> (Cause, Where, Vec<plumb_evidence::Cited>) {
    use plumb_evidence::Cited;
    let Some(seen) = facts.interfaces else {
        return (Cause::RouteMissing, Where::Host, Vec::new());
    };
    let real: Vec<&Interface> = seen.what.iter().filter(|i| is_real(i)).collect();
    let usable = |i: &&&Interface| i.admin_up && i.carrier;
    let has_family = |i: &&Interface| has_global(i, ip.is_ipv6());
    let any_usable = real.iter().filter(usable).any(&has_family);
    if !any_usable {
        // An interface that is down keeps its IPv4 addresses but loses its
        // IPv6 addresses, so one with any address counts, and a lone one too.
        let alone =
            real.iter().filter(usable).all(|i| !has_global(i, true) && !has_global(i, false));
        let down = real.iter().find(|i| !i.admin_up && (holds_global(i) || alone));
        if let Some(interface) = down {
            let name = interface.name.clone();
            let text = format!("{name} is administratively down");
            let cause = Cause::InterfaceDown { interface: name };
            return (cause, Where::Host, vec![Cited::new(text, [seen.seq])]);
        }
        let cut = real.iter().find(|i| i.admin_up && !i.carrier && (holds_global(i) || alone));
        if let Some(interface) = cut {
            let name = interface.name.clone();
            let text = format!("{name} is up but has no carrier");
            let cause = Cause::CarrierLost { interface: name };
            return (cause, Where::Network, vec![Cited::new(text, [seen.seq])]);
        }
        let family = if ip.is_ipv6() { "IPv6" } else { "IPv4" };
        let text = format!("no interface that is up has a global {family} address");
        let proof = vec![Cited::new(text, [seen.seq])];
        let other = real.iter().filter(usable).any(|i| has_global(i, !ip.is_ipv6()));
        let cause = if other { Cause::FamilyUnavailable } else { Cause::AddressMissing };
        return (cause, Where::Host, proof);
    }
    if let Some(interface) = real.iter().find(|i| !i.admin_up && has_family(i)) {
        let name = interface.name.clone();
        let text = format!("{name}, which holds an address, is administratively down");
        let cause = Cause::InterfaceDown { interface: name };
        return (cause, Where::Host, vec![Cited::new(text, [seen.seq])]);
    }
    let text = "an interface is up and has an address of this family";
    (Cause::RouteMissing, Where::Host, vec![Cited::new(text, [seen.seq])])
}

/// A network card or its like: not loopback, not one of the kernel's fallback
/// tunnels, which have no Ethernet address and are always there.
fn is_real(interface: &Interface) -> bool {
    let ethernet = interface.mac.as_deref().is_some_and(|mac| {
        mac.split(':').count() == 6 && mac.chars().any(|c| !matches!(c, '0' | ':'))
    });
    !interface.loopback && (ethernet || holds_global(interface))
}

fn holds_global(interface: &Interface) -> bool {
    has_global(interface, true) || has_global(interface, false)
}

/// Whether the interface has an address of the family that reaches beyond its
/// segment. A unique local address (RFC 4193) alone is no IPv6 connectivity.
fn has_global(interface: &Interface, v6: bool) -> bool {
    interface.addresses.iter().any(|a| match a.address {
        IpAddr::V4(_) => !v6 && a.global,
        IpAddr::V6(address) => v6 && a.global && (address.segments()[0] & 0xfe00) != 0xfc00,
    })
}

/// The route's own interface is down or has no carrier.
pub(super) fn dead_interface(facts: &Facts<'_>, subject: Subject) -> Option<Explained> {
    let route = facts.route_to(subject.address.ip())?;
    let RouteResult::Found { interface, .. } = route.what.result else { return None };
    let (seq, state) = facts.interface(interface)?;
    if state.loopback || (state.admin_up && state.carrier) {
        return None;
    }
    let (cause, place, text) = if state.admin_up {
        let cause = Cause::CarrierLost { interface: interface.clone() };
        (cause, Where::Network, format!("{interface} is up but has no carrier"))
    } else {
        let cause = Cause::InterfaceDown { interface: interface.clone() };
        (cause, Where::Host, format!("{interface} is administratively down"))
    };
    let through = format!("packets to {} leave through {interface}", subject.address.ip());
    Some(Explained::new(subject, cause, place).because(text, [seq]).because(through, [route.seq]))
}

/// The gateway, or the subject itself on the own segment, does not answer
/// neighbour requests (ARP, RFC 826; neighbour discovery, RFC 4861).
fn next_hop_silent(
    facts: &Facts<'_>,
    subject: Subject,
    at_port: &[Contact<'_>],
) -> Option<Explained> {
    let ip = subject.address.ip();
    let route = facts.route_to(ip)?;
    let RouteResult::Found { interface, gateway, .. } = route.what.result else { return None };
    let next_hop = gateway.unwrap_or(ip);
    let entry = facts.neighbour(next_hop);
    let waited_ns = at_port.iter().map(|contact| contact.duration_ns).max().unwrap_or(0);
    let failed = entry.filter(|seen| match seen.what.state {
        NeighbourState::Failed => true,
        NeighbourState::Incomplete => waited_ns >= INCOMPLETE_NS,
        _ => false,
    });
    let own = at_port.iter().find(|contact| own_unreachable_ns(contact) >= Some(OWN_ERROR_SLOW_NS));
    if failed.is_none() && own.is_none() {
        return None;
    }
    let interface = interface.clone();
    let is_gateway = gateway.is_some() || is_a_gateway(facts, ip);
    let cause = if is_gateway {
        Cause::GatewaySilent { gateway: next_hop, interface: interface.clone() }
    } else {
        Cause::NeighbourSilent { interface: interface.clone() }
    };
    let mut explained = Explained::new(subject, cause, Where::Network);
    if let Some(seen) = failed {
        let protocol = if next_hop.is_ipv4() { "ARP" } else { "neighbour discovery" };
        let text = format!("{next_hop} on {interface} does not answer {protocol}");
        explained = explained.because(text, [seen.seq]);
    }
    if let Some(contact) = own {
        let after = seconds(own_unreachable_ns(contact).unwrap_or(contact.duration_ns));
        let text = format!("this host's own kernel gave up on {ip} after {after}");
        explained = explained.because(text, [contact.seq]);
    }
    let via = format!("the next hop to {ip} is {next_hop} on {interface}");
    explained = explained.because(via, [route.seq]);
    if let Some((seq, _)) = facts.interface(&interface).filter(|(_, i)| i.admin_up && i.carrier) {
        explained = explained.ruled_out(format!("{interface} is up and has carrier"), [seq]);
    }
    Some(explained)
}

/// When the own kernel said "host unreachable", if it did.
fn own_unreachable_ns(contact: &Contact<'_>) -> Option<u64> {
    if let Some((error, Says::NoHost)) = contact.own_error() {
        return Some(error.after_ns.max(1));
    }
    (contact.result == Reached::Kernel(EHOSTUNREACH) && contact.icmp.is_empty())
        .then_some(contact.duration_ns)
}

/// Whether another destination's route leads through this address.
fn is_a_gateway(facts: &Facts<'_>, ip: IpAddr) -> bool {
    facts.routes.iter().any(|seen| {
        matches!(seen.what.result, RouteResult::Found { gateway: Some(gateway), .. } if *gateway == ip)
    })
}

/// This host's own firewall: a send that is not permitted, or a rejection that
/// this host made itself and at once.
fn firewall(subject: Subject, at_port: &[Contact<'_>]) -> Option<Explained> {
    let address = subject.address;
    at_port.iter().find_map(|contact| {
        let text = match (contact.result, contact.own_error()) {
            (Reached::Kernel(EPERM), _) => {
                format!("the kernel does not permit sending to {address} (EPERM)")
            }
            (_, Some((error, says))) if error.after_ns < OWN_ERROR_SLOW_NS => format!(
                "this host itself rejected the packet to {address} after {}: {}",
                seconds(error.after_ns),
                says.words()
            ),
            _ => return None,
        };
        let explained = Explained::new(subject, Cause::LocalFirewall, Where::Host);
        Some(explained.because(text, [contact.seq]))
    })
}

/// No local port or descriptor is left. "Address not available" on a host
/// without an address of the family says that instead.
fn exhausted(facts: &Facts<'_>, subject: Subject, at_port: &[Contact<'_>]) -> Option<Explained> {
    let (contact, errno) = at_port.iter().find_map(|contact| match contact.result {
        Reached::Kernel(errno @ (EADDRNOTAVAIL | EMFILE | ENFILE)) => Some((contact, errno)),
        _ => None,
    })?;
    let name = errno_name(errno);
    if errno == EADDRNOTAVAIL {
        let v6 = subject.address.is_ipv6();
        let seen = facts.interfaces?;
        if !seen.what.iter().any(|interface| has_global(interface, v6)) {
            let text = format!("no interface has an address of this family ({name})");
            let explained = Explained::new(subject, Cause::FamilyUnavailable, Where::Host);
            return Some(explained.because(text, [seen.seq, contact.seq]));
        }
    }
    let text = format!("opening a connection to {} failed with {name}", subject.address);
    let cause = Cause::LocalExhausted { errno_name: name };
    Some(Explained::new(subject, cause, Where::Host).because(text, [contact.seq]))
}
