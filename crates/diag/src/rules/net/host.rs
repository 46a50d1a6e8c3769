//! A host that is not there, or that somebody rejects whole.

use plumb_evidence::{Finding, FindingId};

use super::route::ask_owner;
use crate::facts::Facts;
use crate::reach::Cause;
use crate::rules::unreached::{finding, group, hosts};

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let is_ours =
        |cause: &Cause| matches!(cause, Cause::HostUnreachable { .. } | Cause::HostRejected { .. });
    let Some(group) = group(facts, |explained| is_ours(&explained.cause)) else {
        return Vec::new();
    };
    let whom = format!("{} {}", group[0].subject.role.words(), hosts(&group));
    let finding = match &group[0].cause {
        Cause::HostUnreachable { by } => {
            let claim = format!(
                "the router {by} gets no answer from {whom}, or from the next router to it"
            );
            finding(FindingId::NetHostUnreachable, &group, claim)
                .try_next(format!("switch {} on, or see why it does not answer on its segment (ip link, ip addr there)", hosts(&group)))
                .try_next(format!("on {by}: ip neigh show"))
                .try_next(ask_owner(group[0].place))
        }
        Cause::HostRejected { by, says } => {
            let claim = format!("{by} rejects everything to {whom}: {}", says.words());
            finding(FindingId::NetHostRejected, &group, claim)
                .try_next(format!(
                    "allow this host in the firewall of {by} (on Linux: nft list ruleset)"
                ))
                .try_next(ask_owner(group[0].place))
        }
        _ => return Vec::new(),
    };
    vec![finding]
}
