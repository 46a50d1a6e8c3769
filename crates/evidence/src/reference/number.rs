//! The numbers of registries: one number, or type and code of ICMP.

use std::fmt;

use super::Kind;

/// What a registry counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Number {
    /// `404`, `0xc02f`, `-2`.
    Plain(i64),
    /// `3/4`: type and code.
    Pair(u8, u8),
}

impl Number {
    /// All of the text as a number, decimal or `0x`; `3/4` for a pair.
    pub fn parse(text: &str) -> Option<Number> {
        if let Some((kind, code)) = text.split_once('/') {
            let octet = |text| u8::try_from(plain(text)?).ok();
            return Some(Number::Pair(octet(kind)?, octet(code)?));
        }
        plain(text).map(Number::Plain)
    }

    /// The number with which a text begins: `4 in OSI, 3 in TCP/IP`.
    pub(super) fn beginning(text: &str) -> Option<Number> {
        Number::parse(text.split([' ', ',', ';']).next().unwrap_or_default())
    }

    /// A number of this kind as people and programs write it: `15`, `0xc02f`,
    /// `TYPE15`, `status 404`.
    pub(super) fn of_kind(kind: Kind, text: &str) -> Option<Number> {
        let bare = |word: &str| {
            let rest = text.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word))?;
            Number::parse(text[rest.len()..].trim_start_matches([' ', '-', '_']))
        };
        let hexadecimal = || Number::hexadecimal(text).filter(|_| kind.is_hexadecimal());
        hexadecimal()
            .or_else(|| Number::parse(text))
            .or_else(|| bare(kind.prefix()))
            .or_else(|| kind.spelled().and_then(bare))
    }

    /// Sixteen bits as captures and registries write them: `86dd`, `0806`,
    /// `0xC0,0x2F`. Four decimal digits that do not begin with 0 are a decimal
    /// number.
    pub(super) fn hexadecimal(text: &str) -> Option<Number> {
        let octets = text.split_once(',').map(|(high, low)| {
            [high, low].map(|octet| {
                let octet = octet.trim();
                octet.strip_prefix("0x").or_else(|| octet.strip_prefix("0X")).unwrap_or(octet)
            })
        });
        let digits = match octets {
            Some([high, low]) if high.len() == 2 && low.len() == 2 => format!("{high}{low}"),
            None if !text.starts_with(|first: char| ('1'..='9').contains(&first))
                || text.bytes().any(|byte| byte.is_ascii_alphabetic()) =>
            {
                text.to_owned()
            }
            _ => return None,
        };
        let whole = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u16::from_str_radix(&digits, 16).ok().filter(|_| whole)?;
        Some(Number::Plain(number.into()))
    }
}

/// A decimal or `0x` number; digits and at most a minus before them.
fn plain(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from(u32::from_str_radix(digits, 16).ok()?).into();
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| decimal)
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Plain(number) => number.fmt(f),
            Number::Pair(kind, code) => write!(f, "{kind}/{code}"),
        }
    }
}
