//! Packets that get lost at random: the same exchange now passes and now does
//! not.

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::observation::{HelloOutcome, HelloVariant};
use plumb_evidence::{Finding, FindingId, Severity, Where};

use super::mtu;
use crate::contact::{Reached, is_connected};
use crate::facts::Facts;
use crate::rules::tls::{Ladder, hello};
use crate::rules::unreached::blame;
use crate::walk::{Trouble, connect_subjects, trouble};
use crate::wording::seconds;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    unsteady(facts).or_else(|| now_and_then(facts)).into_iter().collect()
}

/// No connection of the walk was answered, but a probe to the same port was:
/// SYNs get lost, or the host takes only some of them.
fn now_and_then(facts: &Facts<'_>) -> Option<Finding> {
    if trouble(facts) != Some(Trouble::Connect) || !blame(facts).group.is_empty() {
        return None;
    }
    connect_subjects(facts).into_iter().find_map(|subject| {
        let contacts = facts.contacts(subject.address.ip());
        let met = |result: Reached| -> Vec<u32> {
            let here = contacts.iter().filter(|c| c.address == subject.address);
            here.filter(|c| c.result == result).map(|contact| contact.seq).collect()
        };
        let (answered, silent) = (met(Reached::Answered), met(Reached::Silent));
        if answered.is_empty() || silent.is_empty() {
            return None;
        }
        let address = subject.address;
        let claim = format!("connections to {address} are now answered and now not");
        Some(
            Finding::new(FindingId::NetPathLossy, Severity::Error, Where::Unknown, claim)
                .because("the walk's connection was never answered", silent)
                .because("a probe beside it to the same port was", answered)
                .candidates([FindingId::NetPathLossy, FindingId::TcpBacklogFull])
                .try_next(format!("ping -c 100 {}   # how many are lost; none: the host is overloaded (there: ss -ltn, Recv-Q above Send-Q)", address.ip())),
        )
    })
}

/// Connections to a host that opened only after the first SYN or its answer was
/// lost: it is sent again after a second (RFC 6298 section 2.1). One alone may
/// be chance.
fn late_openings(facts: &Facts<'_>, ip: IpAddr) -> Vec<u32> {
    const SENT_AGAIN_NS: u64 = 900_000_000;
    const LATE_MIN: usize = 2;
    let opened = facts
        .connects
        .iter()
        .filter(|seen| seen.what.address.ip() == ip && is_connected(&seen.what.outcome));
    let late: Vec<u32> = opened
        .filter(|seen| seen.what.duration_ns >= SENT_AGAIN_NS)
        .filter(|seen| seen.what.tcp.as_ref().is_some_and(|tcp| tcp.total_retransmits > 0))
        .map(|seen| seen.seq)
        .collect();
    if late.len() >= LATE_MIN { late } else { Vec::new() }
}

/// Some hellos were answered and some were not, and no rule about hellos finds
/// a reason.
fn mixed_hellos(facts: &Facts<'_>, address: SocketAddr) -> Option<Vec<u32>> {
    let ladder = Ladder::at(facts, address);
    let silent = ladder.real().any(|seen| seen.what.outcome == HelloOutcome::Silent);
    let explained = !silent || !hello::findings(facts).is_empty();
    (!explained && hello::some_answered(&ladder))
        .then(|| ladder.real().map(|seen| seen.seq).collect())
}

/// The walk is stuck, and of equal probes beside it some pass and some do not.
fn unsteady(facts: &Facts<'_>) -> Option<Finding> {
    let address = mtu::stuck(facts)?;
    let hole = mtu::findings(facts).iter().any(|finding| finding.severity == Severity::Error);
    if hole || !hello::is_given_up(facts) {
        return None;
    }
    let rungs: Vec<_> =
        facts.segments.iter().filter(|seen| seen.what.address == address).copied().collect();
    let passed = rungs.iter().filter(|seen| seen.what.answered);
    let largest = passed.clone().map(|seen| seen.what.mss_bytes).max();
    let uneven = largest.is_some_and(|fits| !mtu::is_steady(&rungs, fits));
    let same = Ladder::at(facts, address).answered(&HelloVariant::Same);
    let mut finding = Finding::new(
        FindingId::NetPathLossy,
        Severity::Error,
        Where::Unknown,
        format!(
            "packets to or from {} get lost: the same exchange now passes and now does not",
            address.ip()
        ),
    );
    if let Some(same) = same {
        finding = finding.because("the walk's hello once more was answered", [same.seq]);
    }
    if uneven {
        let text = format!(
            "of {} exchanges with all sizes of segments {} passed, not the small ones alone",
            rungs.len(),
            passed.count()
        );
        finding = finding.because(text, rungs.iter().map(|seen| seen.seq));
    }
    let late = late_openings(facts, address.ip());
    if !late.is_empty() {
        let text =
            format!("{} connections to it opened only when the SYN was sent again", late.len());
        finding = finding.because(text, late.iter().copied());
    }
    let mixed = mixed_hellos(facts, address);
    if let Some(seqs) = &mixed {
        let text = "of hellos of all kinds some were answered and some were not, without a pattern";
        finding = finding.because(text, seqs.iter().copied());
    }
    if same.is_none() && !uneven && late.is_empty() && mixed.is_none() {
        return None;
    }
    let state = facts.chosen(facts.hop().number).and_then(|seen| facts.state(seen.what.connection));
    if let Some(state) = state {
        let text = format!(
            "the walk's own connection heard nothing for {}, after {} retransmissions",
            seconds(state.what.silent_ns),
            state.what.tcp.total_retransmits
        );
        finding = finding.because(text, [state.seq]);
    }
    Some(
        finding
            .try_next(format!("ping -c 100 {}   # how many are lost; then the same to each router on the way (traceroute)", address.ip()))
            .try_next("look for a bad cable, a weak radio link, or a full link where the loss begins"),
    )
}
