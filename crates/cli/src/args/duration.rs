//! Durations as users write them: `500ms`, `2s`, `1.5m`.

use std::time::Duration;

/// Longest duration that is taken for one wait: an hour is a typing error.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// Longest duration that is taken for the life of something.
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

const UNITS: [(&str, f64); 7] = [
    ("us", 1e-6),
    ("ms", 1e-3),
    ("min", 60.0),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 24.0 * 3600.0),
];

/// A duration as a user would write it, for the defaults in the help.
pub fn text(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// A positive number and its unit, up to [`LONGEST`].
pub fn parse(text: &str) -> Result<Duration, String> {
    match up_to(text, LONGEST)? {
        Some(duration) => Ok(duration),
        None => Err("longer than an hour".to_owned()),
    }
}

/// A positive number and its unit, up to some years.
pub fn parse_long(text: &str) -> Result<Duration, String> {
    up_to(text, LONGEST_LIFE)?.ok_or_else(|| "longer than ten years".to_owned())
}

fn up_to(text: &str, longest: Duration) -> Result<Option<Duration>, String> {
    let unit_at = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    if number.is_empty() {
        return Err("a duration begins with a number: 500ms, 2s".to_owned());
    }
    if unit.is_empty() {
        return Err(format!("{number} of what? write {number}s or {number}ms"));
    }
    let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("unknown unit {unit:?}: use us, ms, s, m, h or d"));
    };
    let number: f64 = number.parse().map_err(|_| format!("{number:?} is not a number"))?;
    let duration =
        Duration::try_from_secs_f64(number * seconds).map_err(|_| "too long".to_owned())?;
    if duration.is_zero() {
        return Err("a duration must be longer than nothing".to_owned());
    }
    Ok((duration <= longest).then_some(duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for duration in [Duration::from_secs(5), Duration::from_millis(1500)] {
            assert_eq!(parse(&text(duration)), Ok(duration));
        }
    }

    #[test]
    fn numbers_with_units() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(parse("60m"), Ok(LONGEST));
        assert_eq!(parse("1min"), Ok(Duration::from_secs(60)));
        assert_eq!(parse("1h"), Ok(LONGEST));
        assert_eq!(parse_long("3660d"), Ok(LONGEST_LIFE));
        assert!(parse_long("3661d").is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "",
            "s",
            "2",
            "2 s",
            "2h",
            "-1s",
            "1.2.3s",
            "0s",
            "61m",
            "1e9s",
            "99999999999999999999s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
