//! A port that is refused, rejected or silent on a host that is there.

use plumb_evidence::evidence::Scheme;
use plumb_evidence::{Finding, FindingId};

use crate::contact::Says;
use crate::facts::Facts;
use crate::reach::{Cause, Explained, Role};
use crate::rules::tcp::accepted;
use crate::rules::unreached::{addresses, finding, group};

/// A RST tells no more: the host may have sent it, or a firewall in its name.
const REFUSED: [FindingId; 2] = [FindingId::TcpPortClosed, FindingId::TcpResetFirewall];

/// What leaves a SYN unanswered on a host that is alive.
const SILENT: [FindingId; 3] =
    [FindingId::TcpSynFiltered, FindingId::TcpSynAckFiltered, FindingId::TcpBacklogFull];

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.hop().scheme == Scheme::Udp {
        return Vec::new();
    }
    let Some(group) = group(facts, |e| {
        e.subject.role == Role::Target
            && matches!(
                e.cause,
                Cause::PortClosed
                    | Cause::PortResets
                    | Cause::PortRejected { .. }
                    | Cause::PortSilent { .. }
            )
    }) else {
        return Vec::new();
    };
    match &group[0].cause {
        Cause::PortClosed => vec![refused(&group)],
        Cause::PortResets => vec![resets(&group)],
        Cause::PortRejected { says, .. } => vec![rejected(&group, *says)],
        _ => vec![silent(&group)],
    }
}

fn refused(group: &[Explained]) -> Finding {
    let claim = format!("a RST refuses the connection to {}", addresses(group));
    let port = group[0].subject.address.port();
    finding(FindingId::TcpConnectRefused, group, claim)
        .candidates(REFUSED)
        .try_next(format!("on the host: ss -ltn 'sport = :{port}'   # if nothing listens, start the service; if it does, look for a firewall that resets"))
}

fn resets(group: &[Explained]) -> Finding {
    let claim = format!("{} takes the connection and resets it at once", addresses(group));
    finding(FindingId::TcpResetAfterAccept, group, claim).try_next(accepted::REMEDY)
}

fn rejected(group: &[Explained], says: Says) -> Finding {
    let Cause::PortRejected { by, .. } = &group[0].cause else {
        return refused(group);
    };
    let port = group[0].subject.address.port();
    let id = match says {
        Says::NoPort => FindingId::TcpRejectedPortUnreachable,
        Says::Prohibited => FindingId::TcpRejectedAdminProhibited,
        Says::NoRoute | Says::NoHost | Says::TimeExceeded => FindingId::TcpRejectedHostUnreachable,
    };
    let who = if group.iter().any(|e| e.subject.address.ip() == *by) {
        format!("the host {by} itself")
    } else {
        format!("a firewall at {by}")
    };
    let claim = format!("{who} rejects connections to {}: {}", addresses(group), says.words());
    finding(id, group, claim).try_next(format!(
        "allow TCP port {port} in the firewall of {by} (on Linux: nft list ruleset)"
    ))
}

fn silent(group: &[Explained]) -> Finding {
    let claim =
        format!("the SYN to {} is never answered, while the host is alive", addresses(group));
    let port = group[0].subject.address.port();
    finding(FindingId::TcpPortSilent, group, claim)
        .candidates(SILENT)
        .try_next(format!("on the host: ss -ltn 'sport = :{port}'   # Recv-Q above Send-Q: the accept queue is full; else look for a filter on port {port} on the way"))
        .not_looked_at("whether the SYN arrives: that takes a look from the other end (tcpdump there)")
}
