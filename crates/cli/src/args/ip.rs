//! ADDR and NET: an address or a network, read strictly.

use std::net::IpAddr;

use ipnet::IpNet;
use plumb_wire::addr::embedded::Nat64Prefix;
use plumb_wire::addr::text::{self, AddressError, Problem};

use crate::error::CommandError;

/// Reads an address.
pub fn address(text: &str) -> Result<IpAddr, CommandError> {
    text::address(text).map_err(refused)
}

/// Reads a network; an address alone is the network of that one. Host bits are kept.
pub fn network(text: &str) -> Result<IpNet, CommandError> {
    text::network(text).map_err(refused)
}

/// Reads the prefix of a NAT64 translator.
pub fn nat64(text: &str) -> Result<Nat64Prefix, CommandError> {
    let refused = |why: String| {
        let error = CommandError::usage(why).at(text, 0..text.len());
        error.hint("for instance --nat64 2001:db8:64::/96")
    };
    match network(text)? {
        IpNet::V4(_) => Err(refused("a translator's prefix is of IPv6".to_owned())),
        IpNet::V6(net) => Nat64Prefix::try_from(net).map_err(|error| refused(error.to_string())),
    }
}

/// The error as it is shown: the place, what would be right, and which command takes such a text.
pub fn refused(error: AddressError) -> CommandError {
    let elsewhere = match error.problem {
        Problem::Name => Some("plumb dns NAME asks for the addresses of a name"),
        Problem::Url => Some("plumb url URL takes a URL apart"),
        Problem::Range => Some("plumb ip range FIRST LAST covers a range with networks"),
        Problem::Mac => Some("plumb mac MAC takes a hardware address apart"),
        Problem::Integer => Some("plumb ip --from-int N reads an integer"),
        Problem::Hexadecimal => Some("plumb ip --from-hex N reads hexadecimal"),
        _ => None,
    };
    CommandError::usage(error.problem.to_string())
        .at(&error.text, error.range)
        .hint_if(error.right)
        .hint_if(elsewhere.map(str::to_owned))
}
