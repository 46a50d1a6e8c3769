//! SOA: the start of a zone of authority, RFC 1035 section 3.3.13.

use std::fmt;

use super::Absolute;
use crate::dns::name::{Name, Names};
use crate::layout::DecodeError;
use crate::wire::Wire;

/// The parameters of a zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Soa {
    /// The primary server (MNAME).
    pub primary: Name,
    /// The mailbox of who answers for the zone, its `@` written as the first dot (RNAME).
    pub mailbox: Name,
    /// The version of the zone, compared by RFC 1982.
    pub serial: u32,
    /// After how many seconds a secondary asks for the serial again.
    pub refresh_s: u32,
    /// After how many seconds it asks again when that failed.
    pub retry_s: u32,
    /// After how many seconds without an answer the zone is void.
    pub expire_s: u32,
    /// How many seconds a negative answer may be kept: the lesser of this and the SOA record's
    /// own TTL (RFC 2308 section 4).
    pub minimum_s: u32,
}

/// The parameters of a zone.
pub type Data = Soa;

pub(super) fn blank() -> Data {
    Soa::default()
}

pub(super) fn lay(
    data: &mut Data,
    wire: &mut Wire<'_>,
    names: &mut Names,
) -> Result<(), DecodeError> {
    names.lay(wire, "primary server", &mut data.primary)?;
    names.lay(wire, "mailbox", &mut data.mailbox)?;
    wire.u32("serial", &mut data.serial)?;
    wire.u32("refresh", &mut data.refresh_s)?.meaning(|| "seconds");
    wire.u32("retry", &mut data.retry_s)?.meaning(|| "seconds");
    wire.u32("expire", &mut data.expire_s)?.meaning(|| "seconds");
    wire.u32("minimum", &mut data.minimum_s)?.meaning(|| "seconds a negative answer may be kept");
    Ok(())
}

pub(super) fn present(data: &Data, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Soa { primary, mailbox, serial, refresh_s, retry_s, expire_s, minimum_s } = data;
    write!(f, "{} {} ", Absolute(primary), Absolute(mailbox))?;
    write!(f, "{serial} {refresh_s} {retry_s} {expire_s} {minimum_s}")
}
