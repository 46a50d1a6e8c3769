//! Bytes to values and back, for every protocol that plumb speaks: no I/O, no clock, no unsafe.
//!
//! A directory is a layer, a file is a protocol; no layer knows one above it, except [`stack`],
//! which says who sits on whom, and [`conversation`], which names what passes on a stream.
//!
//! # One description per format
//!
//! A format lays its fields along a [`Wire`] once. Decode, encode and the tree of fields with
//! their exact bits all come out of that one walk (see [`layout`]), so they cannot disagree:
//!
//! ```
//! use plumb_wire::{DecodeError, Layout, Value, Wire};
//!
//! /// The first word of a VXLAN header, RFC 7348 section 5.
//! #[derive(Debug, Clone, Default, PartialEq)]
//! struct Vxlan {
//!     reserved: u8,
//!     has_network: bool,
//!     reserved_too: u32,
//! }
//!
//! impl Layout for Vxlan {
//!     const NAME: &'static str = "VXLAN";
//!
//!     fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
//!         wire.bits("reserved", 4, &mut self.reserved)?;
//!         wire.bits("network identifier is valid", 1, &mut self.has_network)?
//!             .anomaly(!self.has_network, || "must be set");
//!         wire.bits("reserved", 27, &mut self.reserved_too)?;
//!         Ok(())
//!     }
//! }
//!
//! let bytes = [0x08, 0, 0, 0];
//! let header = Vxlan::decode(&bytes)?;
//! assert!(header.has_network);
//! assert_eq!(header.encode(), bytes);
//!
//! let tree = Vxlan::dissect(&bytes, 0..4).field;
//! let flag = &tree.children[1];
//! assert_eq!((flag.bit_offset, flag.bit_width, &flag.value), (4, 1, &Value::Number(1)));
//! # Ok::<(), DecodeError>(())
//! ```
//!
//! # What holds for every format
//!
//! - No input makes a codec panic, loop or allocate beyond what the input's length allows.
//! - What decodes encodes to the same bytes; code points without a name are kept as numbers, and
//!   what a part cannot be read as is kept as bytes. (DNS names may be compressed differently,
//!   and a TLS hello with an empty list of extensions is written without the list: there the
//!   value is the same.)
//! - The leaves of a tree cover every bit that was read, each once.
//! - Encoding never fails: what a length field cannot say is cut to what it can.
//! - Lengths and checksums of headers are values like all others, so that wrong ones can be made
//!   and shown; the `into_packet` methods set them to what is right.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod addr;
pub mod capture;
pub mod code;
pub mod conversation;
pub mod dns;
pub mod field;
mod hexadecimal;
pub mod http;
pub mod layout;
pub mod link;
pub mod net;
pub mod stack;
pub mod tls;
pub mod transport;
pub mod wire;

pub use code::{Code, UnknownCode};
pub use field::{Field, Value};
pub use hexadecimal::hexadecimal;
pub use layout::{DecodeError, Dissection, Layout, Problem};
pub use wire::{Mark, Wire};
