//! The wall clock as logs write it.

use std::fmt::Write as _;

use time::{OffsetDateTime, UtcOffset};

/// How many seconds the local time is ahead of UTC at a time (seconds since
/// 1970). It is asked again for each new quarter of an hour: summer time begins
/// and ends at such a moment everywhere.
pub type OffsetOf = fn(i64) -> i32;

/// A quarter of an hour, the finest step of a time zone.
const QUARTER_S: i64 = 15 * 60;

/// Nanoseconds in a second.
const NS_PER_S: u64 = 1_000_000_000;

/// Writes times; what was written for a second is kept for the next event in it.
#[derive(Debug, Clone)]
pub struct WallClock {
    offset_of: OffsetOf,
    offset_until_s: i64,
    offset: UtcOffset,
    second: Option<i64>,
    text: String,
    write: fn(OffsetDateTime, &mut String),
}

impl WallClock {
    /// `20/Nov/2026:08:00:00 +0100`, the `%t` of Apache's logs.
    pub fn apache(offset_of: OffsetOf) -> WallClock {
        WallClock::new(offset_of, write_apache)
    }

    /// `08:00:00`: for a person who looks on.
    pub fn time_of_day(offset_of: OffsetOf) -> WallClock {
        WallClock::new(offset_of, write_time)
    }

    /// `2026-11-20 08:00:00`: for a file that is read another day.
    pub fn date_and_time(offset_of: OffsetOf) -> WallClock {
        WallClock::new(offset_of, write_date_and_time)
    }

    fn new(offset_of: OffsetOf, write: fn(OffsetDateTime, &mut String)) -> WallClock {
        WallClock {
            offset_of,
            offset_until_s: i64::MIN,
            offset: UtcOffset::UTC,
            second: None,
            text: String::new(),
            write,
        }
    }

    /// The time, to the second.
    pub fn second(&mut self, unix_ns: u64) -> &str {
        let unix_s = i64::try_from(unix_ns / NS_PER_S).unwrap_or(i64::MAX);
        if self.second != Some(unix_s) {
            self.second = Some(unix_s);
            if unix_s >= self.offset_until_s || unix_s < self.offset_until_s - QUARTER_S {
                self.offset_until_s = unix_s - unix_s.rem_euclid(QUARTER_S) + QUARTER_S;
                self.offset = UtcOffset::from_whole_seconds((self.offset_of)(unix_s))
                    .unwrap_or(UtcOffset::UTC);
            }
            self.text.clear();
            let at = OffsetDateTime::from_unix_timestamp(unix_s)
                .unwrap_or(OffsetDateTime::UNIX_EPOCH)
                .to_offset(self.offset);
            (self.write)(at, &mut self.text);
        }
        &self.text
    }

    /// The time with milliseconds: `08:00:00.123`.
    pub fn millisecond(&mut self, unix_ns: u64) -> String {
        let ms = unix_ns % NS_PER_S / 1_000_000;
        format!("{}.{ms:03}", self.second(unix_ns))
    }
}

// Writing to a String cannot fail.

fn write_apache(at: OffsetDateTime, out: &mut String) {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS[usize::from(u8::from(at.month())) - 1];
    let minutes = at.offset().whole_minutes();
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    let _ = write!(out, "{:02}/{month}/{}:", at.day(), at.year());
    write_time(at, out);
    let _ = write!(out, " {sign}{hours:02}{rest:02}");
}

fn write_time(at: OffsetDateTime, out: &mut String) {
    let _ = write!(out, "{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
}

fn write_date_and_time(at: OffsetDateTime, out: &mut String) {
    let _ = write!(out, "{} ", at.date());
    write_time(at, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: u64 = 1_795_161_600_123_456_789; // 2026-11-20T08:00:00Z

    #[test]
    fn times_as_logs_have_them() {
        let utc: OffsetOf = |_| 0;
        let east: OffsetOf = |_| 5 * 3600 + 1800;
        let west: OffsetOf = |_| -(9 * 3600 + 1800);
        assert_eq!(WallClock::apache(utc).second(AT), "20/Nov/2026:08:00:00 +0000");
        assert_eq!(WallClock::apache(east).second(AT), "20/Nov/2026:13:30:00 +0530");
        assert_eq!(WallClock::apache(west).second(AT), "19/Nov/2026:22:30:00 -0930");
        assert_eq!(WallClock::time_of_day(utc).millisecond(AT), "08:00:00.123");
        assert_eq!(WallClock::date_and_time(east).second(AT), "2026-11-20 13:30:00");
    }

    #[test]
    fn summer_time_begins_within_a_run() {
        // Half past eight is a quarter's border; the zone changes there.
        let zone: OffsetOf = |at| if at >= 1_795_163_400 { 3600 } else { 0 };
        let mut clock = WallClock::time_of_day(zone);
        assert_eq!(clock.second(AT + 1_799 * NS_PER_S), "08:29:59");
        assert_eq!(clock.second(AT + 1_800 * NS_PER_S), "09:30:00");
        assert_eq!(clock.second(AT), "08:00:00", "events may come out of order");
    }
}
