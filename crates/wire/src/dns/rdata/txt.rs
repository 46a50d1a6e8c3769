//! TXT: text strings, RFC 1035 section 3.3.14.

use std::fmt;

use super::present_quoted;
use crate::dns::name::Names;
use crate::layout::DecodeError;
use crate::wire::Wire;

/// The strings, each of at most 255 bytes. One that is longer is cut when it is encoded.
pub type Data = Vec<Vec<u8>>;

pub(super) fn blank() -> Data {
    Vec::new()
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    _names: &mut Names,
) -> Result<(), DecodeError> {
    wire.each(data, |wire, text| {
        wire.vector("string", 1, |wire| wire.text("text", wire.remaining_bytes(), text).map(drop))
    })
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, text) in data.iter().enumerate() {
        if index > 0 {
            f.write_str(" ")?;
        }
        present_quoted(text, f)?;
    }
    Ok(())
}
