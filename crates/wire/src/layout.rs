//! One description per packet format: [`Layout`], and the [`Wire`] that it is laid along.
//!
//! A format names its fields once, in the order of the wire, and hands each a place for its
//! value. The same walk then does everything:
//!
//! ```text
//!                      +-- reading ------------> values        (decode)
//!   lay(&mut value) ---+-- reading, recording -> a field tree  (dissect)
//!                      +-- writing ------------> bytes         (encode)
//! ```
//!
//! So decode, encode and tree cannot drift apart: there is nothing to keep in step. Where a
//! format varies (an option list, a union by type), `lay` is ordinary code that branches on the
//! values laid so far; when reading, it first makes the right blank value, and lays that.

use crate::field::Field;
use crate::wire::Wire;

/// A packet format: a value, and where its fields stand on the wire.
pub trait Layout: Default + Clone {
    /// What the layer is called in a field tree.
    const NAME: &'static str;

    /// Walks the fields in the order of the wire. When reading, sets each; when writing, puts
    /// each. Errors only when reading.
    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError>;

    /// Reads one value from the front of `bytes`; also says how many bytes it took.
    fn decode_prefix(bytes: &[u8]) -> Result<(Self, usize), DecodeError> {
        let mut wire = Wire::reading(bytes);
        let mut value = Self::default();
        value.lay(&mut wire)?;
        Ok((value, wire.position_bytes()))
    }

    /// Reads one value that is all of `bytes`.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (value, used_bytes) = Self::decode_prefix(bytes)?;
        if used_bytes < bytes.len() {
            let problem = Problem::LeftOver { bytes: bytes.len() - used_bytes };
            return Err(DecodeError { field: Self::NAME, offset_bytes: used_bytes, problem });
        }
        Ok(value)
    }

    /// Writes the value. What a length field cannot say is cut to what it can.
    fn encode(&self) -> Vec<u8> {
        let mut wire = Wire::writing();
        // Errors are for reading only: what is written is the caller's choice, also when odd.
        let _ = self.clone().lay(&mut wire);
        wire.into_bytes()
    }

    /// Reads one value from `range` of `buffer` and tells of every field. Never fails as a
    /// whole: what was good before an error stands in the tree, the error on its place.
    fn dissect(buffer: &[u8], range: std::ops::Range<usize>) -> Dissection<Self> {
        let mut wire = Wire::recording(buffer, range, Self::NAME);
        let mut value = Self::default();
        let error = value.lay(&mut wire).err();
        if error.is_some() {
            wire.finish_byte();
        }
        let end_bytes = wire.position_bytes();
        Dissection { value, error: error.clone(), end_bytes, field: wire.into_tree(error) }
    }
}

/// What [`Layout::dissect`] found.
#[derive(Debug, Clone)]
pub struct Dissection<T> {
    /// The value, as far as it could be read.
    pub value: T,
    /// The tree of its fields, the group of the layer at its top.
    pub field: Field,
    /// Where in the buffer the layer ended, in bytes.
    pub end_bytes: usize,
    /// Why reading stopped early.
    pub error: Option<DecodeError>,
}

/// Bytes that are not what their format demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} at byte {offset_bytes}: {problem}")]
pub struct DecodeError {
    /// The field that could not be read.
    pub field: &'static str,
    /// Where it begins in the buffer.
    pub offset_bytes: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The bytes end before the field does.
    #[error("cut off: needs {needed_bits} bits, {available_bits} are there")]
    Truncated {
        /// How much the field needs.
        needed_bits: usize,
        /// How much there is.
        available_bits: usize,
    },
    /// The field ended, and its frame goes on.
    #[error("{bytes} bytes are left over")]
    LeftOver {
        /// How many bytes nothing accounts for.
        bytes: usize,
    },
    /// The value is one that the format forbids.
    #[error("{0}")]
    Malformed(&'static str),
}
