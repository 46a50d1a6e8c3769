//! An interface of this host that is down or has no carrier.

use plumb_evidence::{Finding, FindingId};

use crate::facts::Facts;
use crate::reach::Cause;
use crate::rules::unreached::{finding, group};

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let is_ours =
        |cause: &Cause| matches!(cause, Cause::InterfaceDown { .. } | Cause::CarrierLost { .. });
    let Some(group) = group(facts, |explained| is_ours(&explained.cause)) else {
        return Vec::new();
    };
    match &group[0].cause {
        Cause::InterfaceDown { interface } => {
            let claim = format!("{interface} is administratively down");
            vec![
                finding(FindingId::LinkInterfaceDown, &group, claim)
                    .try_next(format!("ip link set dev {interface} up"))
                    .try_next("restore its routes too: they went with it (ip route show)"),
            ]
        }
        Cause::CarrierLost { interface } => {
            let claim = format!(
                "{interface} has no carrier: nothing is alive at the other end of its cable"
            );
            vec![
                finding(FindingId::LinkCarrierLost, &group, claim)
                    .try_next(format!(
                        "plug in the cable of {interface}, or switch on what it leads to"
                    ))
                    .try_next(format!("ip link show dev {interface}   # until NO-CARRIER is gone")),
            ]
        }
        _ => Vec::new(),
    }
}
