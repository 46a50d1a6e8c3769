//! Addresses as one number, where that is asked for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::CommandError;

/// Digits of an IPv4 address in hexadecimal; more are IPv6.
const IPV4_DIGITS: usize = 8;
/// Digits of an IPv6 address in hexadecimal.
const IPV6_DIGITS: usize = 32;

/// A decimal integer. Up to 2^32 - 1 it is IPv4 unless IPv6 is asked for.
pub(super) fn integer(text: &str, ipv6: bool) -> Result<IpAddr, CommandError> {
    let digit = |c: &char| c.is_ascii_digit();
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !digit(c)) {
        let error = CommandError::usage(format!("{c:?} is no decimal digit"));
        let hex = text.starts_with("0x") || text.starts_with("0X");
        let hint = if matches!(c, ',' | '_' | '.' | '\'') {
            Some("integers are written without separators".to_owned())
        } else {
            hex.then(|| "--from-hex reads hexadecimal".to_owned())
        };
        return Err(error.at(text, at..at + c.len_utf8()).hint_if(hint));
    }
    if text.is_empty() {
        return Err(CommandError::usage("there is no integer"));
    }
    let value: u128 = text.parse().map_err(|_| {
        CommandError::usage("no address has so large a number")
            .at(text, 0..text.len())
            .hint(format!("the last one of IPv6 is {}", u128::MAX))
    })?;
    Ok(of_value(value, ipv6 || value > u32::MAX.into()))
}

/// Hexadecimal, with or without `0x` and with anything usual between the
/// octets. Eight digits and fewer are IPv4 unless IPv6 is asked for.
pub(super) fn hexadecimal(text: &str, ipv6: bool) -> Result<IpAddr, CommandError> {
    let start = if text.starts_with("0x") || text.starts_with("0X") { 2 } else { 0 };
    let mut digits = String::new();
    for (at, c) in text.char_indices().skip(start) {
        match c {
            ' ' | ':' | '-' | '.' | '_' => {}
            c if c.is_ascii_hexdigit() && digits.len() < IPV6_DIGITS => digits.push(c),
            c if c.is_ascii_hexdigit() => {
                return Err(CommandError::usage("an address has at most 32 hexadecimal digits")
                    .at(text, at..text.len()));
            }
            c => {
                return Err(CommandError::usage(format!("{c:?} is no hexadecimal digit"))
                    .at(text, at..at + c.len_utf8()));
            }
        }
    }
    let Ok(value) = u128::from_str_radix(&digits, 16) else {
        return Err(CommandError::usage("there are no hexadecimal digits").at(text, 0..text.len()));
    };
    Ok(of_value(value, ipv6 || digits.len() > IPV4_DIGITS))
}

fn of_value(value: u128, ipv6: bool) -> IpAddr {
    match u32::try_from(value) {
        Ok(value) if !ipv6 => Ipv4Addr::from(value).into(),
        _ => Ipv6Addr::from(value).into(),
    }
}
