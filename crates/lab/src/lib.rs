//! A tiny Internet on one Linux machine: no root, no Docker, no other program.
//!
//! * [`topology`]: from a TOML file to a plan;

#![forbid(unsafe_code)]

pub mod topology;

pub use topology::{Place, Plan};
