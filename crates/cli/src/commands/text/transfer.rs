//! Bytes written with the characters that a place allows.

use std::ops::Range;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD,
};
use base64::{DecodeError, alphabet};
use clap::ValueEnum;
use plumb_wire::http::url::{self, Keep};

/// A notation of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Transfer {
    /// Two hexadecimal digits a byte
    Hex,
    /// RFC 4648 section 4
    Base64,
    /// RFC 4648 section 5: - and _ instead of + and /, no padding
    Base64url,
    /// RFC 3986 section 2.1
    Percent,
    /// A form: as percent, and + for a blank
    Form,
    /// RFC 3492: one label, without xn--
    Punycode,
    /// A domain name: punycode with xn-- where a label needs it
    Idna,
}

/// A text that is not in its notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) place: Range<usize>,
    pub(super) right: Option<&'static str>,
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_ANY_PADDING: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE_ANY_PADDING: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl Transfer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Transfer::Hex => "hex",
            Transfer::Base64 => "base64",
            Transfer::Base64url => "base64url",
            Transfer::Percent => "percent",
            Transfer::Form => "form",
            Transfer::Punycode => "punycode",
            Transfer::Idna => "idna",
        }
    }

    /// Whether it is of characters, not of their bytes.
    pub(super) fn is_of_characters(self) -> bool {
        matches!(self, Transfer::Punycode | Transfer::Idna)
    }

    /// Writes bytes in this notation; of characters it takes UTF-8.
    pub(super) fn write(self, bytes: &[u8]) -> Result<String, String> {
        let text = || std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned());
        Ok(match self {
            Transfer::Hex => plumb_wire::hexadecimal(bytes),
            Transfer::Base64 => STANDARD.encode(bytes),
            Transfer::Base64url => URL_SAFE_NO_PAD.encode(bytes),
            Transfer::Percent => url::encode(bytes, Keep::Unreserved),
            Transfer::Form => url::encode(bytes, Keep::Form),
            Transfer::Punycode => idna::punycode::encode_str(text()?)
                .ok_or_else(|| "longer than punycode can count".to_owned())?,
            Transfer::Idna => idna::domain_to_ascii(text()?)
                .map_err(|_| "not a domain name that IDNA allows (UTS 46)".to_owned())?,
        })
    }

    /// The bytes that `text` writes.
    pub(super) fn read(self, text: &str) -> Result<Vec<u8>, Refused> {
        match self {
            Transfer::Hex => hex(text),
            Transfer::Base64 => base64(text, &STANDARD_ANY_PADDING),
            Transfer::Base64url => base64(text, &URL_SAFE_ANY_PADDING),
            Transfer::Percent => percent(url::decode(text)),
            Transfer::Form => percent(url::decode_form(text)),
            Transfer::Punycode => punycode(text, 0).map(String::into_bytes),
            Transfer::Idna => name(text).map(String::into_bytes),
        }
    }
}

/// Reads digits; blanks, colons, commas, dashes and `0x` or `\x` between bytes
/// are for people.
fn hex(text: &str) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half: Option<(usize, u8)> = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if half.is_none() {
            if character.is_whitespace() || matches!(character, ':' | ',' | '-') {
                continue;
            }
            let prefix = matches!(character, '0' | '\\');
            if prefix && characters.next_if(|(_, next)| matches!(next, 'x' | 'X')).is_some() {
                continue;
            }
        }
        let digit = character.to_digit(16).ok_or_else(|| Refused {
            why: match half {
                Some(_) => "a byte has two hexadecimal digits".to_owned(),
                None => "not a hexadecimal digit".to_owned(),
            },
            place: at..at + character.len_utf8(),
            right: Some("for instance: ff fe 34 00"),
        })?;
        // A digit is below 16.
        let digit = digit as u8;
        match half.take() {
            None => half = Some((at, digit)),
            Some((_, high)) => bytes.push(high << 4 | digit),
        }
    }
    match half {
        None => Ok(bytes),
        Some((at, _)) => Err(Refused {
            why: "a digit without its second".to_owned(),
            place: at..at + 1,
            right: Some("every byte has two digits: 0a, not a"),
        }),
    }
}

fn base64(text: &str, engine: &GeneralPurpose) -> Result<Vec<u8>, Refused> {
    // Lines are broken in mail (RFC 2045) and in PEM; places are of the original.
    let kept: Vec<(usize, u8)> =
        text.bytes().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()).collect();
    let digits: Vec<u8> = kept.iter().map(|(_, byte)| *byte).collect();
    let at = |index: usize| kept.get(index).map_or(text.len(), |(at, _)| *at);
    let one = |index: usize| {
        let start = at(index);
        let length = text[start..].chars().next().map_or(0, char::len_utf8);
        start..start + length
    };
    engine.decode(&digits).map_err(|error| match error {
        DecodeError::InvalidByte(index, byte) => Refused {
            why: match byte {
                b'=' => "padding stands at the end only".to_owned(),
                _ => "not a digit of this base64".to_owned(),
            },
            // A character of several bytes is found by its first.
            place: one((0..=index).rev().find(|i| text.is_char_boundary(at(*i))).unwrap_or(0)),
            right: match byte {
                b'-' | b'_' => Some("- and _ are of the other alphabet: --as base64url"),
                b'+' | b'/' => Some("+ and / are of the other alphabet: --as base64"),
                _ => None,
            },
        },
        DecodeError::InvalidLength(_) => Refused {
            why: "one digit is left over: it holds 6 of the 8 bits of a byte".to_owned(),
            place: one(digits.iter().rposition(|digit| *digit != b'=').unwrap_or(0)),
            right: Some("some digits are missing at the end, or one is too many"),
        },
        DecodeError::InvalidLastSymbol(index, _) => Refused {
            why: "the last digit has bits beyond the last byte".to_owned(),
            place: one(index),
            right: Some("some digits are missing at the end, or the last is wrong"),
        },
        DecodeError::InvalidPadding => Refused {
            why: "the padding is of the wrong length".to_owned(),
            place: text.len()..text.len(),
            right: None,
        },
    })
}

fn percent(decoded: url::Decoded) -> Result<Vec<u8>, Refused> {
    match decoded.broken.first() {
        None => Ok(decoded.bytes),
        Some(place) => Err(Refused {
            why: "two hexadecimal digits must follow a %".to_owned(),
            place: place.clone(),
            right: Some("a % itself is written %25"),
        }),
    }
}

/// One label, `xn--` or not; `at` is where it stands in what was given.
fn punycode(label: &str, at: usize) -> Result<String, Refused> {
    const ACE: &str = "xn--";
    let prefixed = label.get(..ACE.len()).is_some_and(|start| start.eq_ignore_ascii_case(ACE));
    let skipped = if prefixed { ACE.len() } else { 0 };
    let digits = &label[skipped..];
    let deltas = digits.rfind('-').map_or(0, |dash| dash + 1);
    let odd = digits.char_indices().find(|(i, character)| {
        !character.is_ascii() || (*i >= deltas && !character.is_ascii_alphanumeric())
    });
    if let Some((i, character)) = odd {
        let start = at + skipped + i;
        return Err(Refused {
            why: "not a character of punycode".to_owned(),
            place: start..start + character.len_utf8(),
            right: Some("letters, digits and - only (RFC 3492)"),
        });
    }
    idna::punycode::decode_to_string(digits).ok_or_else(|| Refused {
        why: "the digits of punycode end within a number, or lead beyond U+10FFFF".to_owned(),
        place: at + skipped + deltas..at + label.len(),
        right: None,
    })
}

/// A domain name, label by label.
fn name(text: &str) -> Result<String, Refused> {
    let mut at = 0;
    let mut labels = Vec::new();
    for label in text.split('.') {
        let is_ace = label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
        labels.push(if is_ace { punycode(label, at)? } else { label.to_owned() });
        at += label.len() + 1;
    }
    Ok(labels.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for transfer in Transfer::value_variants() {
            for text in ["", "a", "bücher", "Eagle.\n?>~", "例え"] {
                if *transfer == Transfer::Idna && text.contains('\n') {
                    continue;
                }
                let written = transfer.write(text.as_bytes()).unwrap();
                assert_eq!(transfer.read(&written).as_deref(), Ok(text.as_bytes()), "{transfer:?}");
            }
        }
        assert_eq!(
            Transfer::Idna.write("bücher.example".as_bytes()).unwrap(),
            "xn--bcher-kva.example"
        );
        assert_eq!(Transfer::Punycode.read("xn--bcher-kva").unwrap(), "bücher".as_bytes());
    }

    #[test]
    fn faults_are_pointed_at() {
        let place = |transfer: Transfer, text: &str| transfer.read(text).unwrap_err().place;
        assert_eq!(place(Transfer::Hex, "ff fg"), 4..5);
        assert_eq!(place(Transfer::Hex, "ff f"), 3..4);
        assert_eq!(place(Transfer::Base64, "YWJ\njé"), 5..7);
        assert_eq!(place(Transfer::Base64, "YWJ-"), 3..4);
        assert_eq!(place(Transfer::Base64, "YWJjZ"), 4..5);
        assert_eq!(place(Transfer::Percent, "a%zz"), 1..4);
        assert_eq!(place(Transfer::Punycode, "a-b_c"), 3..4);
        assert_eq!(place(Transfer::Idna, "www.xn--999999999.de"), 8..17);
    }

    #[test]
    fn notations_for_people() {
        for text in [
            "fffe3400",
            "ff fe 34 00",
            "FF:FE:34:00",
            "0xff 0xfe 0x34 0x00",
            "\\xff\\xfe\\x34\\x00",
        ] {
            assert_eq!(Transfer::Hex.read(text).unwrap(), [0xff, 0xfe, 0x34, 0], "{text}");
        }
    }
}
