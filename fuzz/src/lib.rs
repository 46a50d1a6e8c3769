//! What every format owes to every input. See `README.md` for how to run the targets.

use std::fmt::Debug;

use plumb_wire::{Field, Layout};

/// No panic; encode undoes decode; a tree covers every bit that was read.
pub fn identity<T: Layout + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok((value, used_bytes)) = T::decode_prefix(bytes) {
        assert_eq!(value.encode(), &bytes[..used_bytes], "{value:?}");
    }
    tree::<T>(bytes);
}

/// The same for a format with more than one encoding of a value: what was encoded decodes to it.
pub fn meaning<T: Layout + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok((value, _)) = T::decode_prefix(bytes) {
        assert_eq!(T::decode(&value.encode()).as_ref(), Ok(&value));
    }
    tree::<T>(bytes);
}

fn tree<T: Layout>(bytes: &[u8]) {
    let dissection = T::dissect(bytes, 0..bytes.len());
    tiles(&dissection.field, dissection.end_bytes * 8);
}

/// The leaves of a tree cover every bit up to `end`, each once.
pub fn tiles(field: &Field, end: usize) {
    let covered = field.leaves().iter().fold(0, |at, leaf| {
        assert_eq!(leaf.bit_offset, at, "{}", leaf.name);
        leaf.bit_end()
    });
    assert_eq!(covered, end);
}
