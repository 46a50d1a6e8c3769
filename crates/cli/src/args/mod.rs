//! The groups of options that mean the same in every command, and the parsers
//! of what users write.

pub mod address;
pub(crate) mod authority;
pub mod duration;
pub mod ip;
pub mod lab;
pub mod net;
pub mod output;
pub mod request;
pub mod serve;
pub mod size;
pub mod socket;
pub mod target;
pub mod texts;
pub mod tls_server;
pub mod who;
