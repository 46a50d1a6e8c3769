//! The parameters of a fault: `key=value`, with a kind, a default, a range.

use std::time::Duration;

use serde_json::json;

/// One parameter that a fault takes.
#[derive(Debug, Clone, Copy)]
pub struct ParamSpec {
    pub key: &'static str,
    pub kind: ParamKind,
    /// As a user would write it; `--break NAME` alone uses it.
    pub default: &'static str,
    /// One line.
    pub help: &'static str,
}

/// What may stand as a value.
#[derive(Debug, Clone, Copy)]
pub enum ParamKind {
    /// A whole number within the range, both ends included.
    Integer { min: u64, max: u64, unit: &'static str },
    /// `1500ms`, `2s`, `1m`; a bare number means milliseconds.
    Duration { min_ms: u64, max_ms: u64 },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A machine of the lab.
    Machine,
    /// A domain name. `-` where there is none.
    Name,
}

/// A port of TCP or UDP.
pub const PORT: ParamKind = ParamKind::Integer { min: 1, max: 65_535, unit: "port" };

/// The parameter that says which host's traffic is meant.
pub const HOST: ParamSpec = ParamSpec {
    key: "host",
    kind: ParamKind::Machine,
    default: "www",
    help: "the host whose traffic is hit",
};

/// A value that was read and is within its range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Integer(u64),
    Duration(Duration),
    /// Choices, machines, names.
    Word(String),
}

/// The longest domain name in text, RFC 1035 section 3.1.
const NAME_BYTES_MAX: usize = 253;

impl ParamKind {
    /// Reads a value, or says in a phrase what is wrong with it.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        match self {
            ParamKind::Integer { min, max, unit } => {
                let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
                match text.parse::<u64>() {
                    Ok(n) if (*min..=*max).contains(&n) => Ok(Value::Integer(n)),
                    _ => Err(format!("{text:?} is not a whole number from {min} to {max}{unit}")),
                }
            }
            ParamKind::Duration { min_ms, max_ms } => match read_duration(text) {
                Some(d) if (*min_ms..=*max_ms).contains(&millis(d)) => Ok(Value::Duration(d)),
                _ => Err(format!("{text:?} is not a time from {min_ms}ms to {max_ms}ms")),
            },
            ParamKind::Choice(words) => {
                if words.contains(&text) {
                    Ok(Value::Word(text.to_owned()))
                } else {
                    Err(format!("{text:?} is none of {}", words.join(", ")))
                }
            }
            ParamKind::Machine => Ok(Value::Word(text.to_owned())),
            ParamKind::Name => {
                let sane = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
                if !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(sane) {
                    Ok(Value::Word(text.to_ascii_lowercase()))
                } else {
                    Err(format!("{text:?} is not a domain name"))
                }
            }
        }
    }

    fn to_json(self) -> serde_json::Value {
        match self {
            ParamKind::Integer { min, max, unit } => {
                json!({"kind": "integer", "min": min, "max": max, "unit": unit})
            }
            ParamKind::Duration { min_ms, max_ms } => {
                json!({"kind": "duration", "min_ms": min_ms, "max_ms": max_ms})
            }
            ParamKind::Choice(words) => json!({"kind": "choice", "words": words}),
            ParamKind::Machine => json!({"kind": "machine"}),
            ParamKind::Name => json!({"kind": "name"}),
        }
    }
}

impl ParamSpec {
    /// The parameter's part of the record of its fault.
    pub fn to_json(&self) -> serde_json::Value {
        let mut record = self.kind.to_json();
        record["key"] = json!(self.key);
        record["default"] = json!(self.default);
        record["help"] = json!(self.help);
        record
    }
}

fn read_duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let scale = match unit {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(scale)?))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_within_their_range() {
        assert_eq!(PORT.read("1"), Ok(Value::Integer(1)));
        assert_eq!(PORT.read("65535"), Ok(Value::Integer(65_535)));
        for wrong in ["0", "65536", "70000", "-1", "", "https", "99999999999999999999999"] {
            assert!(PORT.read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_units() {
        let kind = ParamKind::Duration { min_ms: 1, max_ms: 60_000 };
        assert_eq!(kind.read("1500ms"), Ok(Value::Duration(Duration::from_millis(1500))));
        assert_eq!(kind.read("2s"), Ok(Value::Duration(Duration::from_secs(2))));
        assert_eq!(kind.read("1m"), Ok(Value::Duration(Duration::from_secs(60))));
        for wrong in ["0", "61s", "2h", "s", "", "18446744073709551615m"] {
            assert!(kind.read(wrong).is_err(), "{wrong}");
        }
    }
}
