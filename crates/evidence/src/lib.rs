//! The shared vocabulary of plumb.
//!
//! Everything that plumb does reports what it saw as an [`Event`]; every view
//! (text, JSON Lines, a saved file, the diagnosis) is a fold over that one
//! stream. This crate holds the words and nothing that acts:
//!
//! * [`layer`]: the layers, bottom up, with their exit codes;
//! * [`event`]: one thing that was seen, when, on which hop;
//! * [`observation`]: what can be seen, layer by layer;
//! * [`evidence`]: the saved form of a run, with what it was about;
//! * [`question`]: what a diagnosis may want to know next;
//! * [`reference`]: what plumb knows by heart, a page for each thing;
//! * [`registry`]: the closed list of finding ids with their pages;
//! * [`server`]: what a server tells about itself;
//! * [`verdict`]: findings and the verdict of a check;
//! * [`map`]: the model of a lab's map.
//!
//! It performs no I/O, reads no clock and knows no socket.

#![forbid(unsafe_code)]

pub mod event;
pub mod evidence;
pub mod layer;
pub mod map;
pub mod observation;
pub mod question;
pub mod reference;
pub mod registry;
pub mod server;
pub mod verdict;

pub use event::{Event, Purpose};
pub use evidence::{Evidence, Target};
pub use layer::Layer;
pub use observation::Observation;
pub use question::Question;
pub use registry::FindingId;
pub use verdict::{Cited, Finding, Outcome, Phase, Severity, Verdict, Where};
