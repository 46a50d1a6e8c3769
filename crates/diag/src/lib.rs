//! Pure diagnosis: evidence in, findings and further questions out.
//!
//! Nothing here performs I/O or reads a clock. Evidence that was saved to a
//! file gives the same verdict on another machine, years later.

#![forbid(unsafe_code)]

use plumb_evidence::{Evidence, Outcome, Question, Verdict};

/// What the evidence says: findings, the root among them, and the phases.
pub fn judge(evidence: &Evidence) -> Verdict {
    Verdict {
        target: evidence.target.text.clone(),
        outcome: Outcome::Unknown,
        layer: None,
        root: None,
        place: None,
        findings: Vec::new(),
        phases: Vec::new(),
    }
}

/// What is worth asking next: nothing that was asked already, nothing where
/// all is well.
pub fn questions(_evidence: &Evidence) -> Vec<Question> {
    Vec::new()
}

/// Whether further waiting or asking can change nothing.
pub fn conclusive(_evidence: &Evidence) -> bool {
    false
}
