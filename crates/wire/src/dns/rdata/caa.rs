//! CAA: which authorities may issue certificates for a name, RFC 8659.

use std::fmt;

use super::present_quoted;
use crate::dns::name::Names;
use crate::layout::DecodeError;
use crate::wire::Wire;

/// One property of a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Caa {
    /// Bit 0 (128): an authority that does not know the property must not issue.
    pub flags: u8,
    /// `issue`, `issuewild`, `iodef`, ...; at most 255 bytes.
    pub tag: Vec<u8>,
    /// What the property says; its form is the tag's.
    pub value: Vec<u8>,
}

/// One property of a name.
pub type Data = Caa;

pub(super) fn blank() -> Data {
    Caa::default()
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    _names: &mut Names,
) -> Result<(), DecodeError> {
    let critical = |flags: u8| flags & 0x80 != 0;
    wire.u8("flags", &mut data.flags)?.meaning_if(critical(data.flags), || "critical");
    wire.vector("tag", 1, |wire| wire.rest("name", &mut data.tag).map(drop))?;
    wire.rest("value", &mut data.value).map(drop)
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} {} ", data.flags, String::from_utf8_lossy(&data.tag).escape_default())?;
    present_quoted(&data.value, f)
}
