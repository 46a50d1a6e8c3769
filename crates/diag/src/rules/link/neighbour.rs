//! The gateway, or another machine on the own segment, that does not answer.

use plumb_evidence::{Finding, FindingId};

use crate::facts::Facts;
use crate::reach::Cause;
use crate::rules::unreached::{finding, group, hosts};
use crate::wording::list;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let is_ours = |cause: &Cause| {
        matches!(cause, Cause::GatewaySilent { .. } | Cause::NeighbourSilent { .. })
    };
    let Some(group) = group(facts, |explained| is_ours(&explained.cause)) else {
        return Vec::new();
    };
    match &group[0].cause {
        Cause::GatewaySilent { gateway, interface } => {
            let mut gateways = vec![*gateway];
            for explained in &group[1..] {
                if let Cause::GatewaySilent { gateway, .. } = &explained.cause
                    && !gateways.contains(gateway)
                {
                    gateways.push(*gateway);
                }
            }
            let protocol = if gateway.is_ipv4() { "ARP" } else { "neighbour discovery" };
            let claim =
                format!("the gateway {} does not answer {protocol} on {interface}", list(gateways));
            let family = if gateway.is_ipv4() { "" } else { "-6 " };
            vec![
                finding(FindingId::LinkGatewaySilent, &group, claim)
                    .try_next(format!(
                        "ip {family}route replace default via ADDRESS-OF-THE-ROUTER dev {interface}   # {gateway} is not there; if it should be, switch it on"
                    ))
                    .try_next(format!("ip neigh show dev {interface}   # who does answer")),
            ]
        }
        Cause::NeighbourSilent { interface } => {
            let claim = format!(
                "{} should be on the segment of {interface} but does not answer there",
                hosts(&group)
            );
            vec![
                finding(FindingId::LinkNeighbourSilent, &group, claim)
                    .try_next(format!("switch {} on, or connect it to the segment of {interface}", hosts(&group)))
                    .try_next(format!(
                        "ip addr show dev {interface}   # a prefix that is too short makes distant hosts look like neighbours"
                    )),
            ]
        }
        _ => Vec::new(),
    }
}
