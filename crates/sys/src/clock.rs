//! Monotonic and calendar time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A monotonic clock that counts from the moment it was started.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts at zero now.
    pub fn start() -> Self {
        Clock { start: Instant::now() }
    }

    /// Nanoseconds since the start; 584 years fit.
    pub fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Nanoseconds between the start and `instant`; 0 if it was earlier.
    pub fn at_ns(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Whole seconds since 1970-01-01 UTC; negative when the clock stands before.
pub fn unix_s() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map(|seconds| -seconds).unwrap_or(i64::MIN)
        }
    }
}

/// Nanoseconds since 1970-01-01 UTC; 0 when the clock stands before.
pub fn unix_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
        .unwrap_or(0)
}

/// How many seconds local time is ahead of UTC at a time (seconds since 1970);
/// 0 where the C library does not know.
///
/// The time zone's file is read at the first call, and TZ with it: what a
/// server wants to know after it has given its rights up is to be asked before.
pub fn local_offset_s(unix_s: i64) -> i32 {
    let at: libc::time_t = unix_s;
    let mut broken_down = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid; all-zero is a valid tm (its pointer to
    // the zone's name may be null); localtime_r(3) writes the second and keeps
    // neither. Nothing here changes the environment while threads run.
    let known = unsafe { !libc::localtime_r(&raw const at, broken_down.as_mut_ptr()).is_null() };
    if !known {
        return 0;
    }
    // SAFETY: zeroed at first, and filled by localtime_r.
    let broken_down = unsafe { broken_down.assume_init() };
    i32::try_from(broken_down.tm_gmtoff).unwrap_or(0)
}
