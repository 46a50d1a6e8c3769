//! How fast is fast enough: a least rate over a window of time.

use std::time::Duration;

use tokio::time::Instant;

/// A least rate. It is judged over whole windows, so that a short outage is
/// forgiven and a drip is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Bytes per second, on the average of a window. 0 asks for nothing.
    pub bytes_per_second_min: u64,
    /// How long to look before judging.
    pub window: Duration,
}

impl Pace {
    /// No least rate.
    pub const ANY: Pace = Pace { bytes_per_second_min: 0, window: Duration::from_secs(60) };

    /// Bytes that a window must see; at least one where a rate is asked for.
    pub fn bytes_per_window(&self) -> u64 {
        let bytes = u128::from(self.bytes_per_second_min) * self.window.as_millis() / 1000;
        let least = u64::from(self.bytes_per_second_min > 0);
        u64::try_from(bytes).unwrap_or(u64::MAX).max(least)
    }
}

/// Measures against a [`Pace`]: one window after another, from a count that
/// only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacer {
    pace: Pace,
    began: Instant,
    bytes_at_begin: u64,
}

impl Pacer {
    /// Begins to measure now, when `bytes` had passed.
    pub fn new(pace: Pace, now: Instant, bytes: u64) -> Self {
        Pacer { pace, began: now, bytes_at_begin: bytes }
    }

    /// When the window ends and is to be judged.
    pub fn due(&self) -> Instant {
        self.began + self.pace.window
    }

    /// Whether the window that ended was too slow; `bytes` is what has passed
    /// in all. Before the window's end it is never too slow; after it the next
    /// one begins.
    pub fn too_slow(&mut self, now: Instant, bytes: u64) -> bool {
        if now < self.due() {
            return false;
        }
        let too_slow = bytes.saturating_sub(self.bytes_at_begin) < self.pace.bytes_per_window();
        *self = Pacer::new(self.pace, now, bytes);
        too_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { bytes_per_second_min: 10, window: Duration::from_secs(2) };

    #[test]
    fn at_the_rate_and_one_byte_below_it() {
        let now = Instant::now();
        for (bytes, too_slow) in [(20, false), (19, true)] {
            let mut pacer = Pacer::new(PACE, now, 100);
            assert!(!pacer.too_slow(now + Duration::from_millis(1999), 100), "not yet");
            assert_eq!(pacer.too_slow(pacer.due(), 100 + bytes), too_slow);
        }
    }

    #[test]
    fn each_window_counts_for_itself() {
        let mut now = Instant::now();
        let mut pacer = Pacer::new(PACE, now, 0);
        now += Duration::from_secs(2);
        assert!(!pacer.too_slow(now, 1_000_000));
        now += Duration::from_secs(2);
        assert!(pacer.too_slow(now, 1_000_001), "what was fast before does not help");
    }

    #[test]
    fn no_rate_asks_for_nothing() {
        let now = Instant::now();
        let mut pacer = Pacer::new(Pace::ANY, now, 0);
        assert!(!pacer.too_slow(now + Duration::from_secs(3600), 0));
    }
}
