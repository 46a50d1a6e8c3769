//! Packets that get lost at random: the same exchange now passes and now does
//! not.

use plumb_evidence::observation::HelloVariant;
use plumb_evidence::{Finding, FindingId, Severity, Where};

use super::mtu;
use crate::facts::Facts;
use crate::rules::tls::{Ladder, hello};
use crate::wording::seconds;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    unsteady(facts).into_iter().collect()
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
    if same.is_none() && !uneven {
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
            .try_next(format!("ping -c 100 {}   # how many are lost; then the same to each router on the way (plumb trace)", address.ip()))
            .try_next("look for a bad cable, a weak radio link, or a full link where the loss begins"),
    )
}
