//! Routers that have no way on: no route, a route that refuses, a loop, or a
//! gateway that does not forward.

use plumb_evidence::{Finding, FindingId, Where};

use crate::facts::Facts;
use crate::reach::Cause;
use crate::rules::unreached::{finding, group, hosts};
use crate::wording::list;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let is_ours = |cause: &Cause| {
        matches!(
            cause,
            Cause::RouteUnreachable { .. }
                | Cause::RouteProhibited { .. }
                | Cause::RouteLoop { .. }
                | Cause::NotForwarding { .. }
        )
    };
    let Some(group) = group(facts, |explained| is_ours(&explained.cause)) else {
        return Vec::new();
    };
    let whom = format!("{} {}", group[0].subject.role.words(), hosts(&group));
    let finding = match &group[0].cause {
        Cause::RouteUnreachable { by } => {
            let claim = format!("the router {by} has no usable route to {whom}");
            let remedy = format!(
                "on {by}: ip route get {}   # and mend that route",
                group[0].subject.address.ip()
            );
            finding(FindingId::NetRouteUnreachable, &group, claim)
                .try_next(remedy)
                .try_next(ask_owner(group[0].place))
        }
        Cause::RouteProhibited { by } => {
            let claim = format!("a route of the router {by} prohibits packets to {whom}");
            finding(FindingId::NetRouteProhibited, &group, claim)
                .try_next(format!("on {by}: ip route show type prohibit   # and delete the route"))
                .try_next(ask_owner(group[0].place))
        }
        Cause::RouteLoop { routers } => {
            let claim = format!("packets to {whom} go in a circle: {}", list(routers));
            finding(FindingId::NetRouteLoop, &group, claim).try_next(format!(
                "on {}: ip route get {}   # one of them points back",
                list(routers),
                group[0].subject.address.ip()
            ))
        }
        Cause::NotForwarding { gateway } => {
            let claim = format!("the gateway {gateway} is there but passes nothing on");
            finding(FindingId::NetGatewayNotForwarding, &group, claim)
                .try_next(format!(
                    "on {gateway}: sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1   # or restart the router"
                ))
                .not_looked_at("whether the gateway drops the packets or sends them into a path that is silent from there on")
        }
        _ => return Vec::new(),
    };
    vec![finding]
}

/// Who can mend what lies at a router.
pub(super) fn ask_owner(place: Where) -> &'static str {
    match place {
        Where::Network => "the router is this network's own: its administrator can mend it",
        Where::Service => "tell whoever runs the target's network",
        _ => "tell the provider of that router; this host cannot mend it",
    }
}
