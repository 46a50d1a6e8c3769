//! A tiny Internet on one Linux machine: no root, no Docker, no other program.
//!
//! ```no_run
//! let lab = plumb_lab::Lab::builder().start()?;
//! let status = lab.command("h1", "curl").arg("https://www.example.com/").status()?;
//! assert!(status.success());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`topology`]: from a TOML file to a plan;
//! * `build`: from a plan to namespaces, cables, addresses and routes;
//! * [`services`]: every server of every machine;
//! * `supervisor`: the one process that holds and serves a lab;
//! * [`runtime_dir`], [`client`], [`exec`]: finding a lab, asking it, running
//!   programs on its machines;
//! * [`faults`]: what can be broken, and how it is mended;
//! * [`map`]: what `lab map` draws;
//! * [`capture`]: one file of what several places see;
//! * [`doctor`]: what a lab needs of the kernel, and what helps where it is denied.
//!
//! This crate starts processes before `main` (see `entry`): whatever links it
//! can start labs.

mod build;
pub mod capture;
pub mod client;
pub mod doctor;
mod entry;
mod error;
pub mod exec;
pub mod faults;
mod lab;
pub mod loopback;
mod machine_files;
pub mod map;
mod members;
mod protocol;
pub mod runtime_dir;
pub mod services;
mod subject_hash;
mod supervisor;
pub mod topology;

pub use client::Client;
pub use error::{Denied, LabError};
pub use lab::{Builder, Lab};
pub use protocol::Status;
pub use runtime_dir::{About, RuntimeDir};
pub use topology::Plan;
