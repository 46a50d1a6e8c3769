//! A host from which nothing comes at all.

use plumb_evidence::{Finding, FindingId};

use crate::facts::Facts;
use crate::reach::Cause;
use crate::rules::unreached::{finding, group, hosts};

/// What looks the same from this one place: the packets do not arrive, or the
/// answers do not.
const CANDIDATES: [FindingId; 4] = [
    FindingId::NetReturnRouteMissing,
    FindingId::NetRouteBlackhole,
    FindingId::NetReturnPathAsymmetric,
    FindingId::NetHostFiltered,
];

/// What looks the same where not even the gateway is heard: it died a moment
/// ago, it is there and mute, or this host does not let the answers in.
const NOTHING_HEARD: [FindingId; 3] =
    [FindingId::LinkGatewaySilent, FindingId::NetGatewayNotForwarding, FindingId::TcpLocalFirewall];

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let is_ours =
        |cause: &Cause| matches!(cause, Cause::PathSilent { .. } | Cause::NothingHeard { .. });
    let Some(group) = group(facts, |e| is_ours(&e.cause)) else { return Vec::new() };
    if let Cause::NothingHeard { gateway } = group[0].cause {
        let claim = format!("nothing at all is heard, not even from the gateway {gateway}");
        return vec![
            finding(FindingId::NetPathSilent, &group, claim)
                .candidates(NOTHING_HEARD)
                .try_next(format!("ping {gateway}; ip neigh show {gateway}   # look again in a minute: FAILED means that the gateway is gone"))
                .try_next("nft list ruleset   # does the input chain of this host let answers in?"),
        ];
    }
    let whom = format!("{} {}", group[0].subject.role.words(), hosts(&group));
    let claim = match group[0].cause {
        Cause::PathSilent { last: Some((ttl, router)) } => {
            format!("nothing comes back from {whom}; silent after {router}, {ttl} hops away")
        }
        _ => format!("nothing comes back from {whom}"),
    };
    let ip = group[0].subject.address.ip();
    vec![
        finding(FindingId::NetPathSilent, &group, claim)
            .candidates(CANDIDATES)
            .try_next(format!("on {ip} itself: ip route show default   # is there a way back? then: tcpdump -n host THIS-HOST, while this check runs"))
            .try_next("run the same check from another network: if it is silent there too, it is the host")
            .not_looked_at("whether the packets arrive there: that takes a look from the other end"),
    ]
}
