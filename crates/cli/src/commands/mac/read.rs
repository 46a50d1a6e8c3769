//! A hardware address, or what one can be taken out of.

use std::net::{IpAddr, Ipv6Addr};

use clap::Subcommand;
use plumb_wire::addr::mac::MacProblem;
use plumb_wire::addr::{Eui64, HardwareAddress, Mac, MacError};
use serde::Serialize;

use super::Below;
use crate::error::CommandError;
use crate::suggest;

/// An address, and where it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub address: HardwareAddress,
    pub within: Option<Within>,
}

/// What an address was taken out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Within {
    /// An interface identifier that was made of it.
    InterfaceIdentifier { address: Ipv6Addr },
    /// A group, whose frames go to it.
    Group { address: IpAddr },
}

/// Reads what the user wrote.
pub(super) fn address(text: &str) -> Result<Found, CommandError> {
    let error = match text.parse() {
        Ok(address) => return Ok(Found { address, within: None }),
        Err(error) => error,
    };
    let without_zone = text.split_once('%').map_or(text, |(address, _)| address);
    match without_zone.parse() {
        // Some texts are addresses of IPv6 by chance: 00:0c:29::01:02:03.
        Ok(_) if error.right.is_some() => Err(refused(error)),
        Ok(address) => of_ip(text, address),
        Err(_) => Err(refused(error)),
    }
}

fn of_ip(text: &str, address: IpAddr) -> Result<Found, CommandError> {
    let group = |mac| {
        let within = Some(Within::Group { address });
        Ok(Found { address: HardwareAddress::Eui48(mac), within })
    };
    let address = match address {
        IpAddr::V4(v4) if v4.is_multicast() => return group(Mac::of_ipv4_multicast(v4)),
        IpAddr::V4(v4) if v4.is_broadcast() => return group(Mac::BROADCAST),
        IpAddr::V6(v6) if v6.is_multicast() => return group(Mac::of_ipv6_multicast(v6)),
        IpAddr::V4(_) => {
            return Err(CommandError::usage("an IPv4 address has no hardware address in it")
                .at(text, 0..text.len())
                .hint("its neighbours know it, and ARP asks for it"));
        }
        IpAddr::V6(address) => address,
    };
    let Some(mac) = Eui64::of_address(address).mac() else {
        return Err(CommandError::usage("this IPv6 address was not made of a hardware address")
            .at(text, 0..text.len())
            .hint(
                "one that was has ff:fe in the middle of its last 64 bits: fe80::20c:29ff:fe01:203",
            ));
    };
    let within = Some(Within::InterfaceIdentifier { address });
    Ok(Found { address: HardwareAddress::Eui48(mac), within })
}

/// The error as it is shown: the place, and what would be right.
fn refused(error: MacError) -> CommandError {
    let range = error.offset_bytes..error.offset_bytes + error.length_bytes;
    let any = "write it as 00:0c:29:01:02:03, 00-0C-29-01-02-03, 000c.2901.0203 or 000c29010203";
    let right = match (&error.right, command_like(&error.text)) {
        (Some(right), _) => format!("{right} would be right"),
        (None, Some(command)) => command,
        (None, None) if error.problem == MacProblem::LongOctet => {
            "write two hexadecimal digits for each octet, 00 to ff".to_owned()
        }
        (None, None) => any.to_owned(),
    };
    let message = match error.problem {
        MacProblem::Empty => "the hardware address is empty".to_owned(),
        problem => format!("no hardware address: {problem}"),
    };
    CommandError::usage(message).at(&error.text, range).hint(right)
}

/// The command that a word which is no address may have been meant as.
fn command_like(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let below = Below::augment_subcommands(clap::Command::new("mac"));
    suggest::did_you_mean(text, below.get_subcommands().map(clap::Command::get_name))
}
