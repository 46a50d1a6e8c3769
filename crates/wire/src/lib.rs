//! Bytes to values and back, for every protocol that plumb speaks: no I/O, no clock, no unsafe.
//!
//! Each format is described once, as a [`layout::Layout`]; decode, encode and the tree of fields
//! with their exact bits come out of that one description. A directory is a layer, a file is a
//! protocol; no layer knows one above it, except `stack`, which says who sits on whom.

#![forbid(unsafe_code)]

pub mod addr;
pub mod capture;
pub mod code;
pub mod dns;
pub mod field;
pub mod http;
pub mod layout;
pub mod link;
pub mod net;
pub mod stack;
pub mod tls;
pub mod transport;

pub use code::{Code, UnknownCode};
pub use field::{Field, Value};
pub use layout::{DecodeError, Dissection, Layout, Problem, Wire};
