//! The named sample packets, and what every format owes to every one of them.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each test binary uses its part

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use plumb_wire::{Field, Layout};
use proptest::test_runner::{Config as ProptestConfig, RngSeed};

/// The same random cases in every run.
pub fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x706c_756d),
        ..ProptestConfig::default()
    }
}

/// The bytes of `samples/<name>.bin`.
pub fn sample(name: &str) -> Vec<u8> {
    let path = root().join(format!("{name}.bin"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All samples of a directory, by name.
pub fn all(directory: &str) -> Vec<(String, Vec<u8>)> {
    let mut samples: Vec<_> = fs::read_dir(root().join(directory))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
        })
        .collect();
    samples.sort();
    assert!(!samples.is_empty(), "no samples in {directory}");
    samples
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// Decode, encode and dissect agree on `bytes`, and no prefix of them makes any panic.
pub fn check<T: Layout + PartialEq + Debug>(bytes: &[u8]) -> T {
    let (value, used_bytes) = T::decode_prefix(bytes).unwrap();
    assert_eq!(value.encode(), &bytes[..used_bytes], "encode(decode(x)) is x");
    let dissection = T::dissect(bytes, 0..bytes.len());
    assert_eq!(dissection.value, value);
    assert_eq!(dissection.error, None);
    assert_tiles(&dissection.field, 0, used_bytes * 8);
    for end in 0..bytes.len() {
        let _ = T::decode_prefix(&bytes[..end]);
        let cut = T::dissect(bytes, 0..end);
        assert_tiles(&cut.field, 0, cut.field.bit_end());
    }
    value
}

/// The leaves of a tree cover every bit from `start` to `end`, each once.
pub fn assert_tiles(field: &Field, start: usize, end: usize) {
    let mut at = start;
    for leaf in field.leaves() {
        assert_eq!(leaf.bit_offset, at, "{} of {}", leaf.name, field.name);
        at = leaf.bit_end();
    }
    assert_eq!(at, end, "the end of {}", field.name);
}

/// A tree as indented lines: `offset width name value (meaning) !anomaly`.
pub fn outline(field: &Field) -> String {
    let mut text = String::new();
    add_outline(field, 0, &mut text);
    text
}

fn add_outline(field: &Field, depth: usize, text: &mut String) {
    use plumb_wire::Value;
    let value = match &field.value {
        Value::Group => String::new(),
        Value::Number(number) => format!(" = {number}"),
        Value::Text(value) => format!(" = {value}"),
        Value::Bytes(bytes) if bytes.len() > 16 => format!(" = {} bytes", bytes.len()),
        Value::Bytes(bytes) => format!(" = {bytes:02x?}"),
    };
    let meaning = field.meaning.as_ref().map(|m| format!(" ({m})")).unwrap_or_default();
    let anomaly = field.anomaly.as_ref().map(|a| format!(" !{a}")).unwrap_or_default();
    let place = format!("{}+{}", field.bit_offset, field.bit_width);
    let indent = "  ".repeat(depth);
    text.push_str(&format!("{place:>10} {indent}{}{value}{meaning}{anomaly}\n", field.name));
    field.children.iter().for_each(|child| add_outline(child, depth + 1, text));
}
