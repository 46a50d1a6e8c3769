//! From findings to the verdict: which is the root, and what it all comes to.

use plumb_evidence::{Evidence, Finding, Outcome, Severity, Verdict, Where};

use crate::facts::Facts;
use crate::phases;
use crate::rules::TABLE;
use crate::walk::succeeded;

/// Judges all that was seen.
pub(crate) fn judge(evidence: &Evidence) -> Verdict {
    let facts = Facts::new(evidence);
    let succeeded = succeeded(&facts);
    let findings = settle(&facts, succeeded);
    let outcome = outcome(&findings, succeeded);
    let root = match outcome {
        Outcome::Broken | Outcome::Degraded => findings.first(),
        Outcome::Ok | Outcome::Unknown => None,
    };
    let place = match (outcome, root) {
        (Outcome::Ok, _) => None,
        (_, Some(root)) => Some(root.place),
        (_, None) => Some(Where::Unknown),
    };
    Verdict {
        target: evidence.target.text.clone(),
        outcome,
        layer: root.map(|root| root.layer),
        root: root.map(|root| root.id),
        place,
        phases: phases::of(&evidence.events),
        findings,
    }
}

fn outcome(findings: &[Finding], succeeded: bool) -> Outcome {
    match findings.first().map(|first| first.severity) {
        Some(Severity::Error) => Outcome::Broken,
        _ if !succeeded => Outcome::Unknown,
        Some(Severity::Warning) => Outcome::Degraded,
        Some(Severity::Info) | None => Outcome::Ok,
    }
}

/// The findings, each id once, the root first: the worst, and of those the one
/// at the lowest layer. An error above the lowest one's layer is its
/// consequence and is left out.
fn settle(facts: &Facts<'_>, succeeded: bool) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for mut finding in TABLE.iter().flat_map(|rule| (rule.findings)(facts)) {
        // What works is not broken, whatever was met on the way.
        if succeeded && finding.severity == Severity::Error {
            finding.severity = Severity::Warning;
        }
        // A statement without an event is no evidence, and a finding without
        // evidence is none.
        finding.because.retain(|cited| !cited.events.is_empty());
        finding.ruled_out.retain(|cited| !cited.events.is_empty());
        let new = findings.iter().all(|known| known.id != finding.id);
        if new && !finding.because.is_empty() {
            findings.push(finding);
        }
    }
    // Stable: within a layer the order of the rules stands.
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.layer));
    let lowest = findings.first().filter(|f| f.severity == Severity::Error).map(|f| f.layer);
    if let Some(lowest) = lowest {
        findings.retain(|f| f.severity != Severity::Error || f.layer == lowest);
    }
    if let Some(root) = findings.first_mut().filter(|f| f.severity != Severity::Info) {
        for (what, why) in facts.not_looked_at.iter().map(|seen| seen.what) {
            let text = format!("{what}: {why}");
            if !root.not_looked_at.contains(&text) {
                root.not_looked_at.push(text);
            }
        }
    }
    findings
}
