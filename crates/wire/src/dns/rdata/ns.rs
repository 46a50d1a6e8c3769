//! NS: a server that is authoritative for a zone, RFC 1035 section 3.3.11.

use std::fmt;

use super::Absolute;
use crate::dns::name::{Name, Names};
use crate::layout::DecodeError;
use crate::wire::Wire;

/// The server's name.
pub type Data = Name;

pub(super) fn blank() -> Data {
    Name::root()
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    names: &mut Names,
) -> Result<(), DecodeError> {
    names.lay(wire, "name server", data)
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}", Absolute(data))
}
