//! Durations, sizes and dates as people read them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A duration with three significant figures: `0.42 ms`, `4.2 ms`, `42 ms`,
/// `4.20 s`.
pub fn duration(ns: u64) -> String {
    let ms = ns as f64 / 1e6;
    match ms {
        ms if ms < 0.995 => format!("{ms:.2} ms"),
        ms if ms < 9.95 => format!("{ms:.1} ms"),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms => format!("{:.2} s", ms / 1e3),
    }
}

/// A size in bytes, in steps of a thousand: `512 B`, `1.5 kB`, `2.0 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// The date of a wall-clock time in UTC: `2026-11-20`.
pub fn date(unix_s: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(unix_s) {
        Ok(at) => at.date().to_string(),
        Err(_) => format!("{unix_s} s since 1970"),
    }
}

/// A wall-clock time as RFC 3339 writes it: `2026-11-20T08:00:00Z`.
pub fn timestamp(unix_s: i64) -> String {
    OffsetDateTime::from_unix_timestamp(unix_s)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{unix_s} s since 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_fitting_unit() {
        let shown: Vec<String> = [
            0,
            4_000,
            420_000,
            996_000,
            9_940_000,
            9_960_000,
            999_400_000,
            999_600_000,
            61_000_000_000,
        ]
        .map(duration)
        .to_vec();
        assert_eq!(
            shown,
            [
                "0.00 ms", "0.00 ms", "0.42 ms", "1.0 ms", "9.9 ms", "10 ms", "999 ms", "1.00 s",
                "61.00 s"
            ]
        );
    }

    #[test]
    fn sizes_have_a_fitting_unit() {
        assert_eq!(
            [0, 999, 1000, 1_550, 999_949, 999_960, u64::MAX].map(size),
            ["0 B", "999 B", "1.0 kB", "1.6 kB", "999.9 kB", "1.0 MB", "18446.7 PB"]
        );
    }

    #[test]
    fn dates_are_utc_and_never_fail() {
        assert_eq!(date(1_795_161_600), "2026-11-20");
        assert_eq!(timestamp(1_795_161_600), "2026-11-20T08:00:00Z");
        assert_eq!(date(i64::MAX), format!("{} s since 1970", i64::MAX));
    }
}
