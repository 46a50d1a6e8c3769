//! A datagram that was turned away.

use plumb_evidence::evidence::Scheme;
use plumb_evidence::{Finding, FindingId};

use crate::facts::Facts;
use crate::reach::{Cause, Role};
use crate::rules::unreached::{addresses, finding, group};

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.hop().scheme != Scheme::Udp {
        return Vec::new();
    }
    let Some(group) = group(facts, |e| {
        e.subject.role == Role::Target
            && matches!(e.cause, Cause::PortClosed | Cause::PortRejected { .. })
    }) else {
        return Vec::new();
    };
    let by = match &group[0].cause {
        Cause::PortRejected { by, says } => format!("{by} says {}", says.words()),
        _ => "the host says port unreachable".to_owned(),
    };
    let claim = format!("nobody takes datagrams at {}: {by}", addresses(&group));
    vec![
        finding(FindingId::UdpPortUnreachable, &group, claim)
            .try_next("start the service on that port, or use the port on which it listens (on the host: ss -lun)"),
    ]
}
