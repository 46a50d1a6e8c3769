//! Pure diagnosis: evidence in, findings and further questions out.
//!
//! Nothing here performs I/O or reads a clock. Evidence that was saved to a
//! file gives the same verdict on another machine, years later.
//!
//! * `facts`: the events, sorted by kind;
//! * `contact`: attempts to reach a host, whatever the protocol;
//! * `names`: what the name servers said of a name;
//! * `walk`: how far the walk came, and where it is stuck;
//! * `reach`: why a host, or one port of it, was not reached;
//! * `rules`: what the facts show, layer by layer, and what to ask next;
//! * `verdict`, `phases`: the root, the outcome, the waterfall.
//!
//! Deliberately absent: any knowledge of a lab. A verdict rests on what a
//! client can see.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

use plumb_evidence::{Evidence, Outcome, Question, Verdict};

use crate::facts::Facts;

mod contact;
mod facts;
mod names;
mod phases;
mod reach;
mod rules;
mod verdict;
mod walk;
mod wording;

/// Most questions that one look at the evidence brings up: two resolvers or
/// families with every probe that applies stay below it.
pub const QUESTIONS_MAX: usize = 24;

/// Most questions of a whole run. The longest honest chain (a resolver, then
/// the delegation) asks half as many; rules that went on asking would be wrong.
pub const QUESTIONS_PER_RUN_MAX: usize = 64;

/// What the evidence says: findings, the root among them, and the phases.
///
/// Each `because` and `ruled_out` cites events of this evidence.
pub fn judge(evidence: &Evidence) -> Verdict {
    verdict::judge(evidence)
}

/// What is worth asking next: nothing that was asked already, nothing where
/// all is well. All of it can be asked at the same time.
pub fn questions(evidence: &Evidence) -> Vec<Question> {
    let facts = Facts::new(evidence);
    let left = QUESTIONS_PER_RUN_MAX.saturating_sub(facts.asked.len());
    let mut wanted: Vec<Question> = Vec::new();
    for question in rules::TABLE.iter().flat_map(|rule| (rule.questions)(&facts)) {
        if !facts.was_asked(&question) && !wanted.contains(&question) {
            wanted.push(question);
        }
    }
    wanted.truncate(QUESTIONS_MAX.min(left));
    wanted
}

/// Whether a walk that still waits may be given up: nothing is left to ask, and
/// what it waits for is known never to come. A walk that goes well is never
/// given up: what is looked at beside it may still find something.
pub fn conclusive(evidence: &Evidence) -> bool {
    questions(evidence).is_empty() && judge(evidence).outcome == Outcome::Broken
}
