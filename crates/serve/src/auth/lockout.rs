//! Who failed too often waits.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After how many failures, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOut {
    /// Failures before the first wait; 0 means never.
    pub failures: u32,
    /// The first wait. Each further failure doubles it, up to [`WAIT_MAX`].
    pub wait: Duration,
}

/// Enough for a person with three passwords in mind.
const FAILURES: u32 = 5;
/// Long enough that guessing online is hopeless, short enough to sit out.
const WAIT: Duration = Duration::from_secs(60);
/// Longest wait: longer ones only help those who lock others out.
pub const WAIT_MAX: Duration = Duration::from_secs(60 * 60);
/// Failures are forgotten when none was added for this long.
const FORGET: Duration = Duration::from_secs(60 * 60);

impl Default for LockOut {
    fn default() -> Self {
        LockOut { failures: FAILURES, wait: WAIT }
    }
}

/// Who failed: an address or a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Who<'a> {
    Client(IpAddr),
    User(&'a str),
}

impl Who<'_> {
    /// A client: an IPv4 address, or an IPv6 /64, which is what one subscriber
    /// is given (RFC 6177).
    pub(super) fn client(address: IpAddr) -> Self {
        const NETWORK: u128 = !0 << 64;
        match address.to_canonical() {
            IpAddr::V6(address) => {
                Who::Client(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)))
            }
            v4 => Who::Client(v4),
        }
    }
}

/// The longest first wait: a longer one is for ever too, and the clock has to
/// reach the end of it.
const FIRST_WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// Failures that are remembered, in all: 64 bytes each.
pub const FAILURES_REMEMBERED_MAX: usize = BUCKETS * BUCKET_SLOTS;
const BUCKETS: usize = 2048;
/// Where one key may stand; the least important of these gives way.
const BUCKET_SLOTS: usize = 8;

/// A bounded table of failures. A flood of made-up names and addresses can push
/// out what is not locked, and hardly what is.
#[derive(Debug)]
pub(super) struct Failures {
    rule: LockOut,
    hasher: [RandomState; 2],
    slots: Mutex<Vec<Option<Slot>>>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    fingerprint: u64,
    count: u32,
    last: Instant,
    until: Option<Instant>,
}

impl Failures {
    pub(super) fn new(rule: LockOut) -> Self {
        Failures {
            rule: LockOut { wait: rule.wait.min(FIRST_WAIT_MAX), ..rule },
            hasher: [RandomState::new(), RandomState::new()],
            slots: Mutex::new(vec![None; FAILURES_REMEMBERED_MAX]),
        }
    }

    /// How long this one still has to wait.
    pub(super) fn locked(&self, who: Who<'_>, now: Instant) -> Option<Duration> {
        let (bucket, fingerprint) = self.place(&who);
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots[bucket].iter().flatten().find(|slot| slot.fingerprint == fingerprint)?;
        let rest = slot.until?.saturating_duration_since(now);
        (!rest.is_zero()).then_some(rest)
    }

    /// Counts a failure; says for how long this one is locked out by it.
    pub(super) fn failed(&self, who: Who<'_>, now: Instant) -> Option<Duration> {
        if self.rule.failures == 0 {
            return None;
        }
        let (bucket, fingerprint) = self.place(&who);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = &mut slots[bucket];
        let known = bucket
            .iter()
            .position(|slot| slot.is_some_and(|slot| slot.fingerprint == fingerprint))
            .unwrap_or_else(|| least_important(bucket, now));
        let before = bucket[known].filter(|slot| {
            slot.fingerprint == fingerprint && now.saturating_duration_since(slot.last) < FORGET
        });
        let count = before.map_or(0, |slot| slot.count).saturating_add(1);
        let wait = self.wait_after(count);
        bucket[known] =
            Some(Slot { fingerprint, count, last: now, until: wait.map(|wait| now + wait) });
        wait
    }

    /// Forgets the failures of one who proved to be who they said.
    pub(super) fn succeeded(&self, who: Who<'_>) {
        let (bucket, fingerprint) = self.place(&who);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in &mut slots[bucket] {
            if slot.is_some_and(|slot| slot.fingerprint == fingerprint) {
                *slot = None;
            }
        }
    }

    fn wait_after(&self, count: u32) -> Option<Duration> {
        let beyond = count.checked_sub(self.rule.failures)?;
        let doubled = 2_u32.checked_pow(beyond).unwrap_or(u32::MAX);
        Some(self.rule.wait.saturating_mul(doubled).min(WAIT_MAX.max(self.rule.wait)))
    }

    fn place(&self, who: &Who<'_>) -> (std::ops::Range<usize>, u64) {
        let [bucket, fingerprint] = &self.hasher;
        let hash = |state: &RandomState, who: &dyn Fn(&mut std::hash::DefaultHasher)| {
            let mut hasher = state.build_hasher();
            who(&mut hasher);
            std::hash::Hasher::finish(&hasher)
        };
        let feed = |hasher: &mut std::hash::DefaultHasher| who.hash(hasher);
        let first = (hash(bucket, &feed) as usize % BUCKETS) * BUCKET_SLOTS;
        (first..first + BUCKET_SLOTS, hash(fingerprint, &feed))
    }
}

/// The slot that gives way: an empty one, else the one whose lock is over the
/// longest, else the one that failed the longest ago.
fn least_important(bucket: &[Option<Slot>], now: Instant) -> usize {
    let importance =
        |slot: &Option<Slot>| slot.map(|slot| (slot.until.filter(|until| *until > now), slot.last));
    let order = |a: &(usize, &Option<Slot>), b: &(usize, &Option<Slot>)| {
        importance(a.1).cmp(&importance(b.1))
    };
    bucket.iter().enumerate().min_by(order).map_or(0, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Who<'static> = Who::User("alice");

    #[test]
    fn a_wait_for_ever_does_not_overflow_the_clock() {
        let failures = Failures::new(LockOut { failures: 1, wait: Duration::MAX });
        assert_eq!(failures.failed(Who::User("a"), Instant::now()), Some(FIRST_WAIT_MAX));
    }

    #[test]
    fn waits_begin_at_the_limit_and_grow() {
        let failures = Failures::new(LockOut::default());
        let mut now = Instant::now();
        for _ in 1..FAILURES {
            assert_eq!(failures.failed(USER, now), None);
        }
        assert_eq!(failures.locked(USER, now), None);
        assert_eq!(failures.failed(USER, now), Some(WAIT));
        assert_eq!(failures.locked(USER, now + WAIT / 2), Some(WAIT / 2));
        now += WAIT;
        assert_eq!(failures.locked(USER, now), None, "sat out");
        assert_eq!(failures.failed(USER, now), Some(WAIT * 2));
        for _ in 0..40 {
            failures.failed(USER, now);
        }
        assert_eq!(failures.failed(USER, now), Some(WAIT_MAX));
        assert_eq!(failures.locked(Who::User("bob"), now), None);
        failures.succeeded(USER);
        assert_eq!(failures.locked(USER, now), None);
    }

    #[test]
    fn old_failures_are_forgotten() {
        let failures = Failures::new(LockOut { failures: 2, wait: WAIT });
        let now = Instant::now();
        assert_eq!(failures.failed(USER, now), None);
        assert_eq!(failures.failed(USER, now + FORGET), None, "the first is forgotten");
        assert_eq!(failures.failed(USER, now + FORGET + WAIT), Some(WAIT));
    }

    #[test]
    fn never_means_never() {
        let failures = Failures::new(LockOut { failures: 0, wait: WAIT });
        let now = Instant::now();
        assert!((0..100).all(|_| failures.failed(USER, now).is_none()));
    }

    #[test]
    fn a_flood_does_not_push_out_the_locked() {
        let failures = Failures::new(LockOut { failures: 1, wait: WAIT_MAX });
        let mut now = Instant::now();
        failures.failed(USER, now);
        let unlocked = Failures { rule: LockOut { failures: 2, wait: WAIT }, ..failures };
        now += Duration::from_secs(1);
        for number in 0..FAILURES_REMEMBERED_MAX as u32 * 4 {
            unlocked.failed(Who::Client(IpAddr::from(number.to_be_bytes())), now);
        }
        assert!(unlocked.locked(USER, now).is_some());
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let client = |text: &str| Who::client(text.parse().unwrap());
        assert_eq!(client("2001:db8::1"), client("2001:db8::2"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
    }
}
