//! One machine: what its kernel is told, its addresses and its routes.

use ipnet::IpNet;
use plumb_sys::netlink::{Netlink, NetlinkError, RouteKind, RouteSpec};
use plumb_sys::sysctl;

use crate::error::LabError;
use crate::topology::{Machine, Route};

/// Addresses are usable at once (no duplicate address detection), stay when an
/// interface goes down, and nobody asks for a router: the topology says it all.
/// What a new namespace would inherit from the host is set here, so that a lab
/// is the same on every host.
const EVERYWHERE: [(&str, &str); 14] = [
    ("net/ipv4/ip_forward", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    ("net/ipv6/conf/all/disable_ipv6", "0"),
    ("net/ipv6/conf/default/disable_ipv6", "0"),
    ("net/ipv6/conf/all/accept_dad", "0"),
    ("net/ipv6/conf/default/accept_dad", "0"),
    ("net/ipv6/conf/all/keep_addr_on_down", "1"),
    ("net/ipv6/conf/default/keep_addr_on_down", "1"),
    ("net/ipv6/conf/default/accept_ra", "0"),
    ("net/ipv6/conf/default/router_solicitations", "0"),
    // The kernel would answer one traceroute and starve the next.
    ("net/ipv4/icmp_ratelimit", "0"),
    ("net/ipv6/icmp/ratelimit", "0"),
    ("net/ipv4/ip_default_ttl", "64"),
];

const FORWARDING: [(&str, &str); 2] =
    [("net/ipv4/ip_forward", "1"), ("net/ipv6/conf/all/forwarding", "1")];

/// Sets the kernel parameters of the calling thread's network namespace, which
/// is to become `machine`. Before there are interfaces: they inherit.
pub(super) fn set_sysctls(machine: &Machine) -> Result<(), LabError> {
    let group = plumb_sys::process::gid();
    let ping = format!("{group} {group}");
    for (key, value) in EVERYWHERE {
        sysctl::write(key, value)?;
    }
    // Echo sockets without a capability, for the one group there is.
    sysctl::write("net/ipv4/ping_group_range", &ping)?;
    if machine.forwards {
        for (key, value) in FORWARDING {
            sysctl::write(key, value)?;
        }
    }
    if machine.proxy_arp {
        sysctl::write("net/ipv4/conf/default/proxy_arp", "1")?;
    }
    Ok(())
}

/// A switch has no addresses of its own.
pub(super) fn silence_ipv6() -> Result<(), LabError> {
    for scope in ["all", "default"] {
        let key = format!("net/ipv6/conf/{scope}/disable_ipv6");
        sysctl::write(&key, "1")?;
    }
    Ok(())
}

/// Brings the interfaces up and sets addresses and routes. What is there
/// already stays: the same call mends a machine.
pub(crate) fn configure(machine: &Machine, netlink: &mut Netlink) -> Result<(), NetlinkError> {
    netlink.set_up("lo")?;
    for address in &machine.loopback {
        existing_is_fine(netlink.add_address("lo", *address))?;
    }
    for interface in &machine.interfaces {
        netlink.set_up(&interface.name)?;
        for address in &interface.addresses {
            existing_is_fine(netlink.add_address(&interface.name, *address))?;
        }
    }
    for route in &machine.routes {
        existing_is_fine(netlink.add_route(&route_spec(route)))?;
    }
    Ok(())
}

fn existing_is_fine(result: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    /// EEXIST
    const EXISTS: i32 = 17;
    match result {
        Err(error) if error.errno() == Some(EXISTS) => Ok(()),
        other => other,
    }
}

/// The route as the kernel is told it.
pub(crate) fn route_spec(route: &Route) -> RouteSpec {
    RouteSpec {
        via: route.via,
        device: route.device.clone(),
        kind: if route.unreachable { RouteKind::Unreachable } else { RouteKind::Unicast },
        ..RouteSpec::to(IpNet::trunc(&route.to))
    }
}
