//! How the tables write a row.

use super::block::{
    Block, Destination, Entry, Extent, Footnote, Month, Properties, Reach, Reference, Registry,
    Special, Status,
};

/// Valid as source and destination, forwarded, and globally reachable.
pub(super) const EVERYWHERE: Status = in_force(true, Destination::Forwarded(Reach::Global));
/// As [`EVERYWHERE`], within an administrative domain.
pub(super) const IN_DOMAIN: Status = in_force(true, Destination::Forwarded(Reach::Domain));
/// As [`EVERYWHERE`], where what is embedded decides how far.
pub(super) const DEPENDS: Status = in_force(true, Destination::Forwarded(Reach::NotApplicable));
/// Valid as source and destination, on one link.
pub(super) const ON_LINK: Status = in_force(true, Destination::OnLink);
/// Valid as a source only.
pub(super) const SOURCE_ONLY: Status = in_force(true, Destination::None);
/// Valid as a destination only, on one link.
pub(super) const TO_LINK_ONLY: Status = in_force(false, Destination::OnLink);
/// In no datagram.
pub(super) const NOWHERE: Status = in_force(false, Destination::None);

const fn in_force(source: bool, destination: Destination) -> Status {
    Status::InForce(Properties { source, destination, reserved_by_protocol: false })
}

pub(super) const fn rfc(number: u16) -> Reference {
    Reference::Rfc(number, None)
}

pub(super) const fn section(number: u16, section: &'static str) -> Reference {
    Reference::Rfc(number, Some(section))
}

/// A row of a special-purpose registry.
pub(super) const fn special(
    extent: Extent,
    name: &'static str,
    references: &'static [Reference],
    (year, month): (u16, u8),
    status: Status,
) -> Block {
    let allocated = Month::new(year, month);
    let entry = Entry::Special(Special { allocated, status, footnotes: &[] });
    Block { extent, name, references, entry }
}

/// A row of another registry.
pub(super) const fn other(
    registry: Registry,
    extent: Extent,
    name: &'static str,
    references: &'static [Reference],
) -> Block {
    Block { extent, name, references, entry: Entry::Other(registry) }
}

impl Block {
    /// The row with the registry's footnotes.
    pub(super) const fn noted(mut self, footnotes: &'static [Footnote]) -> Block {
        if let Entry::Special(special) = &mut self.entry {
            special.footnotes = footnotes;
        }
        self
    }

    /// The row, reserved by IP itself.
    pub(super) const fn by_protocol(mut self) -> Block {
        if let Entry::Special(Special { status: Status::InForce(properties), .. }) = &mut self.entry
        {
            properties.reserved_by_protocol = true;
        }
        self
    }
}

/// An allocation that has ended.
pub(super) const fn terminated(year: u16, month: u8) -> Status {
    Status::Terminated(Month::new(year, month))
}
