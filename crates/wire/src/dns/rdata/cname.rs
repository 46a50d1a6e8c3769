//! CNAME: the name that an alias stands for, RFC 1035 section 3.3.1.

use std::fmt;

use super::Absolute;
use crate::dns::name::{Name, Names};
use crate::layout::DecodeError;
use crate::wire::Wire;

/// The canonical name.
pub type Data = Name;

pub(super) fn blank() -> Data {
    Name::root()
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    names: &mut Names,
) -> Result<(), DecodeError> {
    names.lay(wire, "canonical name", data)
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}", Absolute(data))
}
