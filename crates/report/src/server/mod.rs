//! What a server tells about itself, for people, programs and log readers.
//!
//! Each view is a fold over the one stream of [`ServerEvent`]s and gives bytes
//! back; who writes them where is the caller's business:
//!
//! * [`Text`]: lines for a person;
//! * [`Records`]: JSON Lines;
//! * [`Combined`]: the access log that Apache and nginx write;
//! * [`journal_fields`]: entries for systemd's journal;
//! * [`Narration`]: each step of a connection's life, with the call that makes
//!   it and what it means;
//! * [`Metrics`]: counters and histograms, as Prometheus reads them.

mod combined;
mod journal;
mod metrics;
mod narration;
mod records;
mod text;
mod wall_clock;
mod words;

pub use combined::Combined;
pub use journal::{Field, journal_fields};
pub use metrics::{Metrics, ProcessUse};
pub use narration::{MeaningOf, Narration};
pub use records::Records;
pub use text::{Detail, Text};
pub use wall_clock::{OffsetOf, WallClock};

use plumb_evidence::server::ServerEvent;

/// A fold over a server's events that makes text, entries or records of them.
pub trait View: Send {
    /// Appends what this event is in this view; nothing if it is none of its
    /// business.
    fn event(&mut self, event: &ServerEvent, out: &mut Vec<u8>);

    /// Whether only HTTP requests matter to it.
    fn only_requests(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
