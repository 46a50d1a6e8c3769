//! One thing that was seen.

use serde::{Deserialize, Serialize};

use crate::{Layer, Observation};

/// One thing that was seen, when, and for which hop of the redirect chain.
///
/// Findings cite events by their [`Event::seq`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the stream, from 1.
    pub seq: u32,
    /// Monotonic time since the run began, in nanoseconds, at which the
    /// observation was complete.
    pub at_ns: u64,
    /// Which request of the redirect chain, from 0.
    pub hop: u16,
    /// Whether this belongs to the walk itself or to a further probe.
    pub purpose: Purpose,
    /// What was seen.
    #[serde(flatten)]
    pub what: Observation,
}

impl Event {
    /// The layer at which this was seen.
    pub fn layer(&self) -> Layer {
        self.what.layer()
    }
}

/// Why something was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The walk: what a good client does to reach the target.
    Walk,
    /// A look at something beside the walk that costs it no time: the other
    /// addresses, what DNS itself says.
    Aside,
    /// A further probe that a question asked for.
    Probe,
}
