//! The loop of `plumb check`: ask, judge, ask again.
//!
//! * [`request`]: what to check and how, as plain data;
//! * [`walk`]: what a good client does to reach the target;
//! * [`ask`]: which probe answers which question;
//! * [`run`]: the loop of the two.

#![forbid(unsafe_code)]

pub mod request;
mod run;

pub use request::{ClientIdentity, Family, Override, ProxyChoice, Request};
pub use run::run;
