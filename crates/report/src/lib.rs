//! Renders what plumb observed.
//!
//! Every view is a fold over the one stream of events:
//!
//! * [`text`]: for people at a terminal, finished or live;
//! * [`json`]: JSON Lines in an envelope, for programs;
//! * [`svg`]: a picture of a terminal;
//! * [`map`]: a lab's map, drawn as text;
//! * [`page`]: the page of a finding;
//! * [`server`]: what a server tells about itself.
//!
//! Below them stand [`styled`] lines (text with a meaning instead of a
//! colour), [`sanitize`] (bytes from the network made safe to show), [`units`]
//! and [`pipe`] (a reader that went away is no error).
//!
//! Nothing here prints: each view gives lines back or writes to the writer
//! that it is handed.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod examples;
pub mod json;
pub mod map;
pub mod page;
pub mod pipe;
pub mod sanitize;
pub mod server;
pub mod styled;
pub mod svg;
pub mod text;
pub mod units;

pub use styled::{Line, Tone};
