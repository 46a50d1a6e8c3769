//! A: the IPv4 address of a host, RFC 1035 section 3.4.1.

use std::fmt;
use std::net::Ipv4Addr;

use crate::dns::name::Names;
use crate::layout::DecodeError;
use crate::wire::Wire;

/// The address.
pub type Data = Ipv4Addr;

pub(super) fn blank() -> Data {
    Ipv4Addr::UNSPECIFIED
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    _names: &mut Names,
) -> Result<(), DecodeError> {
    wire.ipv4("address", data).map(drop)
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{data}")
}
