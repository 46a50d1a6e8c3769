//! MX: where mail for a name goes, RFC 1035 section 3.3.9.

use std::fmt;

use super::Absolute;
use crate::dns::name::{Name, Names};
use crate::layout::DecodeError;
use crate::wire::Wire;

/// A mail exchange.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Mx {
    /// The lowest is tried first.
    pub preference: u16,
    /// The host; the root says that the name takes no mail (RFC 7505).
    pub exchange: Name,
}

/// A mail exchange.
pub type Data = Mx;

pub(super) fn blank() -> Data {
    Mx::default()
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    names: &mut Names,
) -> Result<(), DecodeError> {
    wire.u16("preference", &mut data.preference)?;
    names.lay(wire, "exchange", &mut data.exchange)
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} {}", data.preference, Absolute(&data.exchange))
}
