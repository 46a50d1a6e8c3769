//! A flood must not become a flood of events.

use std::sync::{Mutex, PoisonError};

use plumb_evidence::server::Rule;

/// Events of one rule that are told in a second: enough to see who and how.
const TOLD_PER_SECOND_MAX: u64 = 10;

/// Counts the events of security of each rule.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<Vec<Count>>);

/// One rule, in the second in which it was last broken.
#[derive(Debug)]
struct Count {
    rule: Rule,
    second: u64,
    events: u64,
}

/// What to do with one event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) tell: bool,
    /// Events of this rule that were not told in an earlier second.
    pub(super) untold: u64,
}

impl Count {
    fn untold(&self) -> u64 {
        self.events.saturating_sub(TOLD_PER_SECOND_MAX)
    }
}

impl Throttle {
    /// Counts one event in this second of the server's life.
    pub(super) fn check(&self, rule: Rule, second: u64) -> Verdict {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One entry for each rule at most: a handful.
        let Some(count) = counts.iter_mut().find(|count| count.rule == rule) else {
            counts.push(Count { rule, second, events: 1 });
            return Verdict { tell: true, untold: 0 };
        };
        if count.second == second {
            count.events += 1;
            return Verdict { tell: count.events <= TOLD_PER_SECOND_MAX, untold: 0 };
        }
        let untold = count.untold();
        *count = Count { rule, second, events: 1 };
        Verdict { tell: true, untold }
    }

    /// What was never told, by rule.
    pub(super) fn take_untold(&self) -> Vec<(Rule, u64)> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let untold = counts.iter().map(|count| (count.rule, count.untold()));
        untold.filter(|&(_, events)| events > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_in_a_second_are_told_and_the_rest_is_counted() {
        let throttle = Throttle::default();
        for _ in 0..TOLD_PER_SECOND_MAX {
            assert!(throttle.check(Rule::Rate, 7).tell);
        }
        for _ in 0..25 {
            assert!(!throttle.check(Rule::Rate, 7).tell);
        }
        assert!(throttle.check(Rule::Access, 7).tell, "each rule counts for itself");
        assert_eq!(throttle.check(Rule::Rate, 8), Verdict { tell: true, untold: 25 });
        assert_eq!(throttle.check(Rule::Rate, 9), Verdict { tell: true, untold: 0 });
        for _ in 0..TOLD_PER_SECOND_MAX {
            throttle.check(Rule::Rate, 9);
        }
        assert_eq!(throttle.take_untold(), [(Rule::Rate, 1)]);
        assert_eq!(throttle.take_untold(), []);
    }
}
