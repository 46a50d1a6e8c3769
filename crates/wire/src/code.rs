//! Code points: numbers that a registry has given a name.

use std::borrow::Cow;

/// A value that stands on the wire as an unsigned number of at most 64 bits.
pub trait Code {
    /// The value of a number that was read; every number has one.
    fn from_bits(bits: u64) -> Self;
    /// The number to write. Bits beyond the field's width are cut.
    fn to_bits(&self) -> u64;
    /// The registered name, where there is one.
    fn meaning(&self) -> Option<Cow<'static, str>> {
        None
    }
}

macro_rules! plain_number {
    ($($type:ty),*) => { $(
        impl Code for $type {
            fn from_bits(bits: u64) -> Self {
                bits as $type
            }
            fn to_bits(&self) -> u64 {
                u64::from(*self)
            }
        }
    )* };
}
plain_number!(u8, u16, u32, u64);

impl Code for bool {
    fn from_bits(bits: u64) -> Self {
        bits != 0
    }
    fn to_bits(&self) -> u64 {
        u64::from(*self)
    }
}

/// The text names no code point and is no number of the right size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a known {kind}")]
pub struct UnknownCode {
    /// What was looked for: `record type`, `cipher suite`.
    pub kind: &'static str,
    /// The text as it was given.
    pub text: String,
}

/// Declares an enum of code points with the names of their registry.
///
/// Every number has a value: what has no name is kept as `Unknown(number)`, so that nothing is
/// lost between decode and encode. `From` never makes an `Unknown` of a number that has a name;
/// values are compared by variant, so build them with `From`.
macro_rules! code_points {
    (
        $(#[$meta:meta])*
        $kind:literal, $vis:vis enum $type:ident: $number:ty, unknown $unknown:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $value:literal => $name:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)] // some registries shout
        $vis enum $type {
            $(
                #[doc = concat!("`", $name, "` (", stringify!($value), ")")]
                $(#[$variant_meta])*
                $variant,
            )*
            /// A number without a name here, kept as it is.
            Unknown($number),
        }

        impl $type {
            /// All that have a name, in the order of the declaration.
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// The number on the wire.
            pub const fn number(self) -> $number {
                match self {
                    $($type::$variant => $value,)*
                    $type::Unknown(number) => number,
                }
            }

            /// The registered name; `None` for a number that has none here.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $($type::$variant => Some($name),)*
                    $type::Unknown(_) => None,
                }
            }
        }

        impl From<$number> for $type {
            fn from(number: $number) -> Self {
                match number {
                    $($value => $type::$variant,)*
                    _ => $type::Unknown(number),
                }
            }
        }

        impl From<$type> for $number {
            fn from(code: $type) -> Self {
                code.number()
            }
        }

        impl Default for $type {
            fn default() -> Self {
                $type::from(0)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => f.pad(&format!($unknown, self.number())),
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::code::UnknownCode;

            /// Reads a registered name in any case, what `Display` writes for a number without
            /// one, or a plain decimal or `0x` number.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let named = $type::ALL.iter().find(|code| {
                    code.name().is_some_and(|name| name.eq_ignore_ascii_case(text))
                });
                let number = || {
                    let prefix = $unknown.split('{').next().unwrap_or("");
                    $crate::code::number_after(text, prefix)
                        .and_then(|number| <$number>::try_from(number).ok())
                        .map($type::from)
                };
                named.copied().or_else(number).ok_or_else(|| $crate::code::UnknownCode {
                    kind: $kind,
                    text: text.to_owned(),
                })
            }
        }

        impl $crate::code::Code for $type {
            fn from_bits(bits: u64) -> Self {
                $type::from(bits as $number)
            }
            fn to_bits(&self) -> u64 {
                u64::from(self.number())
            }
            fn meaning(&self) -> Option<std::borrow::Cow<'static, str>> {
                self.name().map(std::borrow::Cow::Borrowed)
            }
        }

        $crate::code::serde_as_text!($type);
    };
}
pub(crate) use code_points;

/// Serde through `Display` and `FromStr`: what people read is what files hold.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

/// The number that follows `prefix` (in any case) in `text`, or that `text` is.
pub(crate) fn number_after(text: &str, prefix: &str) -> Option<u64> {
    let has_prefix = !prefix.is_empty()
        && text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if prefix.ends_with("0x") && has_prefix {
        return u64::from_str_radix(&text[prefix.len()..], 16).ok();
    }
    let digits = if has_prefix { &text[prefix.len()..] } else { text };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}
