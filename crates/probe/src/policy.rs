//! The one retry and deadline policy, and every duration that probes use.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// Silence after which the walk announces that it waits, so that probes may
/// begin: above every common round trip and a minimal retransmission
/// (200 ms, RFC 6298 as Linux implements it) of either side.
pub const STALL: Duration = Duration::from_millis(700);

/// Delay between connection attempts: RFC 8305 section 5, the recommended value.
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How long the addresses beside the walk may take after it ended: one
/// retransmitted SYN (1 s) and half a second for its answer.
pub const ASIDE_WAIT: Duration = Duration::from_millis(1500);

/// How long a neighbour's state may take to settle: three probes a second
/// apart (RFC 4861 section 10, and Linux for ARP), and a margin.
pub const NEIGHBOUR_WAIT: Duration = Duration::from_millis(3300);

/// How often the neighbour table is read while it settles: a table read costs
/// microseconds, an answer on a segment a millisecond.
pub const NEIGHBOUR_POLL: Duration = Duration::from_millis(10);

/// Wait for a router whose answer would have a time to live of its own.
pub const HOP_WAIT: Duration = Duration::from_secs(1);

/// Pause between waves of TTL-limited probes while some are unanswered, at
/// least: shorter would send a wave before a router across a city answers.
pub const HOP_WAVE_MIN: Duration = Duration::from_millis(60);

/// Wait for a raw hello's answer; a server that works answers within a round
/// trip and the cost of a signature.
pub const HELLO_WAIT: Duration = Duration::from_millis(1500);

/// How long a peer that is told nothing may take to end the connection by
/// itself: enough for a server that drops what it accepts.
pub const NOTHING_WAIT: Duration = Duration::from_millis(300);

/// Wait of one rung of the segment ladder, at least: one retransmission of
/// either side (200 ms) and the rest of the answer.
pub const SEGMENT_WAIT_MIN: Duration = Duration::from_millis(300);

/// The same, at most, on slow paths.
pub const SEGMENT_WAIT_MAX: Duration = Duration::from_secs(3);

/// Wait for a plain question (a port, a page) of a further probe.
pub const PROBE_WAIT: Duration = Duration::from_secs(3);

/// Longest time for a body that keeps coming: a page that takes longer has
/// shown all that a check wants to know.
pub const BODY_WAIT: Duration = Duration::from_secs(60);

/// Wait for our own task to end when its work is done: a matter of scheduling.
pub const SETTLE: Duration = Duration::from_millis(50);

/// First wait for a DNS reply: above every round trip on Earth, far below
/// the 5 s of the C library.
pub const DNS_WAIT: Duration = Duration::from_millis(500);

/// Tries, and growing waits between them, for what may fail by chance.
///
/// The wait before try `n` (from 1) is `base * factor^(n-1)`, at most `max`,
/// then varied by up to `jitter_percent` either way from a seeded sequence, so
/// that a run can be repeated exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often the thing is tried in all; 1 means no retry.
    pub tries: u32,
    /// The wait after the first try.
    pub base: Duration,
    /// By how much each wait is longer than the one before.
    pub factor: u32,
    /// No wait is longer.
    pub max: Duration,
    /// 0 to 100.
    pub jitter_percent: u8,
    /// The same seed gives the same waits.
    pub seed: u64,
}

impl Retry {
    /// For datagrams: three, at growing intervals, as RFC 1035 section 4.2.1
    /// suggests. The interval is the wait for the reply.
    pub const DATAGRAM: Retry = Retry {
        tries: 3,
        base: DNS_WAIT,
        factor: 2,
        max: Duration::from_secs(4),
        jitter_percent: 10,
        seed: 0,
    };

    /// For a walk that failed by what may be chance: `retries` more tries,
    /// half a second apart at first.
    pub const fn walk(retries: u32, seed: u64) -> Retry {
        Retry {
            tries: retries.saturating_add(1),
            base: Duration::from_millis(500),
            factor: 2,
            max: Duration::from_secs(30),
            jitter_percent: 25,
            seed,
        }
    }

    /// The wait that follows try `n` (from 1), before the next one or, for
    /// datagrams, for its reply.
    pub fn wait(&self, n: u32) -> Duration {
        let factor = self.factor.saturating_pow(n.saturating_sub(1));
        let plain = self.base.checked_mul(factor).unwrap_or(self.max).min(self.max);
        let span = u64::from(self.jitter_percent.min(100));
        if span == 0 {
            return plain;
        }
        // -span..=+span percent.
        let percent = 100 - span + splitmix(self.seed.wrapping_add(u64::from(n))) % (2 * span + 1);
        let nanos = u64::try_from(plain.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(nanos / 100 * percent)
    }
}

/// Longer than anybody waits.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// One step of SplitMix64 (Steele, Lea, Flood 2014): a seeded number that is
/// random enough to spread waits.
pub(crate) fn splitmix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A point in time after which nobody waits any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// The deadline passed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the deadline passed")]
pub struct Expired;

impl Deadline {
    /// This long from now.
    pub fn after(wait: Duration) -> Deadline {
        let now = Instant::now();
        // Who wants to wait for longer than the clock can count waits a year.
        Deadline(now.checked_add(wait).unwrap_or(now + YEAR))
    }

    /// This long from now, but no later than `self`.
    #[must_use]
    pub fn within(self, wait: Duration) -> Deadline {
        self.min(Deadline::after(wait))
    }

    /// Zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether there is no time left.
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }

    pub(crate) fn instant(self) -> Instant {
        self.0
    }

    /// Waits for `work`, but no longer than this.
    pub async fn run<F: Future>(self, work: F) -> Result<F::Output, Expired> {
        tokio::time::timeout_at(self.0, work).await.map_err(|_| Expired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_maximum() {
        let retry = Retry { jitter_percent: 0, ..Retry::walk(9, 0) };
        assert_eq!(retry.tries, 10);
        assert_eq!(retry.wait(1), Duration::from_millis(500));
        assert_eq!(retry.wait(2), Duration::from_secs(1));
        assert_eq!(retry.wait(7), Duration::from_secs(30));
        assert_eq!(retry.wait(u32::MAX), Duration::from_secs(30));
    }

    #[test]
    fn jitter_stays_within_its_bounds_and_follows_the_seed() {
        for seed in 0..200 {
            let retry = Retry::walk(3, seed);
            let wait = retry.wait(1);
            assert!(wait >= Duration::from_millis(375) && wait <= Duration::from_millis(625));
            assert_eq!(wait, Retry::walk(3, seed).wait(1));
        }
        assert_ne!(Retry::walk(3, 1).wait(1), Retry::walk(3, 2).wait(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_ends_the_wait_and_caps_others() {
        let deadline = Deadline::after(Duration::from_secs(2));
        assert_eq!(deadline.within(Duration::from_secs(5)), deadline);
        assert!(deadline.within(Duration::from_secs(1)) < deadline);
        assert_eq!(deadline.run(std::future::pending::<()>()).await, Err(Expired));
        assert!(deadline.has_passed());
        assert!(!Deadline::after(Duration::MAX).has_passed());
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }
}
