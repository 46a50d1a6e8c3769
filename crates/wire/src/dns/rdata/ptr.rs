//! PTR: a pointer to another name, RFC 1035 section 3.3.12.

use std::fmt;

use super::Absolute;
use crate::dns::name::{Name, Names};
use crate::layout::DecodeError;
use crate::wire::Wire;

/// The name pointed to.
pub type Data = Name;

pub(super) fn blank() -> Data {
    Name::root()
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    names: &mut Names,
) -> Result<(), DecodeError> {
    names.lay(wire, "target", data)
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}", Absolute(data))
}
