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

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(group) = group(facts, |e| matches!(e.cause, Cause::PathSilent { .. })) else {
        return Vec::new();
    };
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
