//! SRV: where a service is, RFC 2782.

use std::fmt;

use super::Absolute;
use crate::dns::name::{Name, Names};
use crate::layout::DecodeError;
use crate::wire::Wire;

/// The place of a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Srv {
    /// The lowest is tried first.
    pub priority: u16,
    /// The share of the load among those of one priority.
    pub weight: u16,
    /// The port of the service.
    pub port: u16,
    /// The host; the root says that the service is not offered.
    pub target: Name,
}

/// The place of a service.
pub type Data = Srv;

pub(super) fn blank() -> Data {
    Srv::default()
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    names: &mut Names,
) -> Result<(), DecodeError> {
    wire.u16("priority", &mut data.priority)?;
    wire.u16("weight", &mut data.weight)?;
    wire.u16("port", &mut data.port)?;
    names.lay_uncompressed(wire, "target", &mut data.target)
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} {} {} {}", data.priority, data.weight, data.port, Absolute(&data.target))
}
