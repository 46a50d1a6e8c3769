//! AAAA: the IPv6 address of a host, RFC 3596 section 2.2.

use std::fmt;
use std::net::Ipv6Addr;

use crate::dns::name::Names;
use crate::layout::DecodeError;
use crate::wire::Wire;

/// The address.
pub type Data = Ipv6Addr;

pub(super) fn blank() -> Data {
    Ipv6Addr::UNSPECIFIED
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    _names: &mut Names,
) -> Result<(), DecodeError> {
    wire.ipv6("address", data).map(drop)
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{data}")
}
