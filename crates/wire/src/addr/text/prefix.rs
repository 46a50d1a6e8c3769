//! What stands behind the slash: a length, a netmask or a wildcard.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{Fault, Problem, foreign, ipv4};

/// The network of `address` with the prefix that `text` says.
pub(super) fn length(text: &str, address: IpAddr) -> Result<IpNet, Fault> {
    let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
    let all = 0..text.len();
    let lengths = || format!("lengths go from /0 to /{bits}, which is this address alone");
    if text.is_empty() {
        return Err(Fault::new(all, Problem::LengthMissing).right(lengths()));
    }
    if let Some(at) = text.find('/') {
        return Err(Fault::new(at..text.len(), Problem::TwoSlashes));
    }
    if let Some(fault) = foreign(text) {
        return Err(Fault { right: None, ..fault });
    }
    let length = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        if text.len() > 1 && text.starts_with('0') {
            let short = text.trim_start_matches('0');
            let short = if short.is_empty() { "0" } else { short };
            let fault = Fault::new(all, Problem::LengthLeadingZero);
            return Err(fault.right(format!("write {address}/{short}")));
        }
        text.parse::<u8>().ok().filter(|&length| length <= bits)
    } else if text.contains(':') {
        return Err(ipv6_mask(text, address));
    } else if text.contains('.') && address.is_ipv4() {
        Some(mask(text)?)
    } else if text.contains('.') {
        return Err(Fault::new(all, Problem::MaskOfIpv6).right(lengths()));
    } else {
        return Err(Fault::new(all, Problem::LengthNotANumber).right(lengths()));
    };
    let network = length.and_then(|length| IpNet::new(address, length).ok());
    network.ok_or_else(|| Fault::new(all, Problem::LengthTooLong(bits)).right(lengths()))
}

/// The length that a netmask or a wildcard stands for.
fn mask(text: &str) -> Result<u8, Fault> {
    // A mask in another notation is no advice.
    let octets = ipv4::octets(text).map_err(|fault| Fault { right: None, ..fault })?;
    let mask = u32::from(octets);
    let length = |mask: u32| u8::try_from(mask.leading_ones()).unwrap_or(u8::MAX);
    let in_one_piece = |mask: u32| mask.checked_shl(mask.leading_ones()).unwrap_or(0) == 0;
    if in_one_piece(mask) {
        return Ok(length(mask));
    }
    if in_one_piece(!mask) {
        return Ok(length(!mask));
    }
    // What begins with a one was meant as a netmask. It breaks where the second piece begins.
    let is_netmask = mask >> 31 == 1;
    let netmask = if is_netmask { mask } else { !mask };
    let first = netmask.leading_ones();
    let second = first + (netmask << first).leading_zeros();
    let octet = usize::try_from(second / 8).unwrap_or(3);
    let start: usize = text.split('.').take(octet).map(|part| part.len() + 1).sum();
    let end = start + text.split('.').nth(octet).map_or(0, str::len);
    let near = |length: u32| {
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        Ipv4Addr::from(if is_netmask { mask } else { !mask })
    };
    let last = 32 - netmask.trailing_zeros();
    let right = format!("{} is /{first}, {} is /{last}", near(first), near(last));
    Err(Fault::new(start..end, Problem::MaskNotContiguous).right(right))
}

/// Why a mask in the notation of IPv6 is refused.
fn ipv6_mask(text: &str, address: IpAddr) -> Fault {
    let mask = text.parse::<Ipv6Addr>().ok().map(u128::from);
    let length = mask.map(u128::leading_ones).filter(|&length| {
        address.is_ipv6() && mask.is_some_and(|mask| mask.checked_shl(length).unwrap_or(0) == 0)
    });
    let right = length.map(|length| format!("write {address}/{length}"));
    let problem = if address.is_ipv6() { Problem::MaskOfIpv6 } else { Problem::LengthNotANumber };
    Fault::new(0..text.len(), problem).right_if(right)
}
