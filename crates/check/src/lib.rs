//! The loop of `plumb check`: ask, judge, ask again.
//!
//! * [`request`]: what to check and how, as plain data;
//! * `walk`: what a good client does to reach the target, `hop` by hop, and what
//!   it looks at `beside`;
//! * `ask`: which probe answers which question;
//! * `run`: the loop of the two.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod ask;
mod beside;
mod hop;
pub mod request;
mod run;
mod walk;

pub use plumb_probe::Family;
pub use plumb_probe::way::{Override, Proxies, ProxyChoice};
pub use request::Request;
pub use run::{evidence, run};
