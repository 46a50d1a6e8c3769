//! This host has no address, no route, or a route that refuses.

use plumb_evidence::{Finding, FindingId};

use crate::facts::Facts;
use crate::reach::{Cause, Role};
use crate::rules::unreached::{finding, group, hosts};

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let is_ours = |cause: &Cause| {
        matches!(
            cause,
            Cause::AddressMissing
                | Cause::RouteMissing
                | Cause::FamilyUnavailable
                | Cause::LocalReject { .. }
        )
    };
    let Some(group) = group(facts, |explained| is_ours(&explained.cause)) else {
        return Vec::new();
    };
    let first = &group[0];
    let v6 = first.subject.address.is_ipv6();
    let (family, option) = if v6 { ("IPv6", "-6 ") } else { ("IPv4", "") };
    let whom = format!("{} {}", first.subject.role.words(), hosts(&group));
    let finding = match &first.cause {
        Cause::RouteMissing => {
            let claim = format!("this host has no route to {whom}");
            finding(FindingId::NetRouteMissing, &group, claim)
                .try_next(format!("ip {option}route add default via ADDRESS-OF-THE-ROUTER"))
                .try_next(format!("ip {option}route show"))
        }
        Cause::LocalReject { errno_name } => {
            let claim =
                format!("a route of this host itself refuses packets to {whom} ({errno_name})");
            let ip = first.subject.address.ip();
            finding(FindingId::NetRouteLocalReject, &group, claim)
                .try_next(format!(
                    "ip {option}route show table all match {ip}   # delete the unreachable, prohibit or blackhole route"
                ))
                .try_next(format!("ip {option}rule show"))
        }
        Cause::FamilyUnavailable if first.subject.role == Role::Target => {
            let id = if v6 { FindingId::NetIpv6Unavailable } else { FindingId::NetIpv4Unavailable };
            let claim = format!("{whom} has only {family} addresses, and this host has none");
            finding(id, &group, claim).try_next(format!(
                "get {family} for this host, or an address of the other family for the name"
            ))
        }
        _ => {
            let claim =
                format!("this host has no {family} address, which it needs to reach {whom}");
            finding(FindingId::NetAddressMissing, &group, claim)
                .try_next("ip addr add ADDRESS/PREFIX dev INTERFACE   # or start the DHCP client")
                .try_next("ip addr show")
        }
    };
    vec![finding]
}
