//! This host itself does not let the packet out.

use plumb_evidence::{Finding, FindingId};

use crate::facts::Facts;
use crate::reach::Cause;
use crate::rules::unreached::{addresses, finding, group};

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let is_ours =
        |cause: &Cause| matches!(cause, Cause::LocalFirewall | Cause::LocalExhausted { .. });
    let Some(group) = group(facts, |explained| is_ours(&explained.cause)) else {
        return Vec::new();
    };
    let finding = match &group[0].cause {
        Cause::LocalExhausted { errno_name } => {
            let claim = format!("this host has no local port or descriptor left ({errno_name})");
            finding(FindingId::TcpLocalExhausted, &group, claim)
                .try_next("ss -s   # close what leaks connections, or widen: sysctl net.ipv4.ip_local_port_range, ulimit -n")
        }
        _ => {
            let claim = format!("this host's own firewall stops packets to {}", addresses(&group));
            finding(FindingId::TcpLocalFirewall, &group, claim)
                .try_next("nft list ruleset   # allow it in the output chain")
        }
    };
    vec![finding]
}
