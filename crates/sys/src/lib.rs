//! The machine as plumb sees it: sockets, the error queue, netlink, nf_tables,
//! namespaces, packet sockets, processes and clocks of Linux.
//!
//! This is the only crate with `unsafe` or raw system calls; what it offers is
//! safe. It knows no protocol above TCP and UDP, records nothing and decides
//! nothing: it does one thing to the machine and says what happened. Errors
//! name the operation and its target, so that a caller can say what is missing.

#![allow(unsafe_code)] // the one crate that may; every block says why it is sound
#![warn(clippy::undocumented_unsafe_blocks, missing_docs)]

pub mod clock;
pub mod confine;
pub mod errno;
pub mod errqueue;
pub mod ethtool;
pub mod fdpass;
pub mod file;
pub mod journal;
pub mod listen;
pub mod names;
pub mod namespace;
pub mod netlink;
pub mod nft;
pub mod options;
pub mod packet;
pub mod ports;
pub mod process;
pub mod readable;
pub mod sendfile;
pub mod socket;
pub mod sysctl;
pub mod tcp;
pub mod terminal;
pub mod udp;
pub mod unix;
pub mod usage;
