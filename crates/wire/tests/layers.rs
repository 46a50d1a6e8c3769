//! No layer imports one above it; only `stack` knows them all.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::fs;
use std::path::Path;

/// Bottom up. What stands beside the layers (`code`, `field`, `layout`, `wire`) is below them all.
const LAYERS: [&str; 8] = ["addr", "link", "net", "transport", "dns", "tls", "http", "capture"];

#[test]
fn no_layer_imports_a_layer_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (height, layer) in LAYERS.iter().enumerate() {
        visit(&source.join(layer), &LAYERS[height + 1..]);
    }
    visit(&source.join("wire"), &LAYERS);
    for foundation in ["code.rs", "field.rs", "layout.rs"] {
        check(&source.join(foundation), &LAYERS);
    }
}

fn visit(directory: &Path, above: &[&str]) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { visit(&path, above) } else { check(&path, above) }
    }
}

fn check(file: &Path, above: &[&str]) {
    let text = fs::read_to_string(file).unwrap();
    let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    for layer in above.iter().chain(&["stack"]) {
        let import = format!("crate::{layer}");
        assert!(
            !code.iter().any(|line| line.contains(&import)),
            "{} imports {layer}",
            file.display()
        );
    }
}
