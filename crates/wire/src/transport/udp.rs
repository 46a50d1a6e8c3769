//! UDP, RFC 768.
//!
//! ```text
//! +-------------+------------------+--------+----------+
//! | source port | destination port | length | checksum |
//! | 2           | 2                | 2      | 2        |
//! +-------------+------------------+--------+----------+
//! ```

use serde::{Deserialize, Serialize};

use super::port_name;
use crate::layout::{DecodeError, Layout};
use crate::net::Protocol;
use crate::net::checksum::Ends;
use crate::wire::Wire;

/// The header's length.
pub(crate) const HEADER_BYTES: usize = 8;

/// The header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Udp {
    /// Who sends; 0 wants no answer.
    pub source: u16,
    /// For whom.
    pub destination: u16,
    /// Header and payload, in bytes; see [`Udp::into_packet`].
    pub length: u16,
    /// Of the pseudo-header, header and payload; 0 is none (IPv4 only).
    pub checksum: u16,
}

impl Default for Udp {
    fn default() -> Udp {
        Udp { source: 0, destination: 0, length: HEADER_BYTES as u16, checksum: 0 }
    }
}

impl Udp {
    /// Header and payload, length and checksum set to what is right between these two.
    pub fn into_packet(mut self, ends: &Ends, payload: &[u8]) -> Vec<u8> {
        self.length = u16::try_from(HEADER_BYTES + payload.len()).unwrap_or(u16::MAX);
        self.checksum = 0;
        let whole = [self.encode(), payload.to_vec()].concat();
        // 0 says "none", so a sum of 0 is sent as its other form (RFC 768).
        self.checksum = match ends.checksum(Protocol::Udp, &whole) {
            0 => 0xffff,
            sum => sum,
        };
        [self.encode(), payload.to_vec()].concat()
    }
}

impl Layout for Udp {
    const NAME: &'static str = "UDP";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        lay_port(wire, "source port", &mut self.source)?;
        lay_port(wire, "destination port", &mut self.destination)?;
        wire.last().anomaly(self.destination == 0, || "no program has port 0");
        wire.u16("length", &mut self.length)?
            .anomaly(usize::from(self.length) < HEADER_BYTES, || "below the 8 bytes of a header");
        wire.u16("checksum", &mut self.checksum)?;
        Ok(())
    }
}

/// A port with its name.
pub(super) fn lay_port(
    wire: &mut Wire<'_>,
    field: &'static str,
    port: &mut u16,
) -> Result<(), DecodeError> {
    let mark = wire.u16(field, port)?;
    if let Some(name) = port_name(*port) {
        mark.meaning(|| name);
    }
    Ok(())
}
