//! Which crate may use which, and what no crate below the command line does.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// The edges that design and compiler agree on. Any other edge is a mistake.
const ALLOWED: &[(&str, &[&str])] = &[
    ("plumb-wire", &[]),
    ("plumb-evidence", &["plumb-wire"]),
    ("plumb-sys", &["plumb-wire"]),
    ("plumb-probe", &["plumb-sys", "plumb-evidence", "plumb-wire"]),
    ("plumb-serve", &["plumb-sys", "plumb-evidence", "plumb-wire"]),
    ("plumb-diag", &["plumb-evidence", "plumb-wire"]),
    ("plumb-report", &["plumb-evidence", "plumb-wire"]),
    ("plumb-check", &["plumb-probe", "plumb-diag", "plumb-evidence", "plumb-wire"]),
    ("plumb-lab", &["plumb-serve", "plumb-sys", "plumb-evidence", "plumb-wire"]),
];

/// These may use whatever they need.
const FREE: &[&str] = &["plumb", "xtask", "plumb-bench", "plumb-examples"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn packages() -> Vec<Package> {
    let mut metadata = MetadataCommand::new();
    metadata.manifest_path(workspace().join("Cargo.toml")).no_deps();
    metadata.exec().unwrap().packages
}

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let packages = packages();
    let ours: BTreeSet<String> = packages.iter().map(|package| package.name.to_string()).collect();
    for package in &packages {
        let name = package.name.to_string();
        if FREE.contains(&name.as_str()) {
            continue;
        }
        let allowed = allowed.get(name.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("{name} is a new crate: what may it use?"));
        let normal =
            package.dependencies.iter().filter(|edge| edge.kind != DependencyKind::Development);
        for edge in normal.filter(|edge| ours.contains(&edge.name)) {
            assert!(allowed.contains(&edge.name.as_str()), "{name} must not use {}", edge.name);
        }
    }
    for (name, _) in ALLOWED {
        assert!(ours.contains(*name), "{name} is gone");
    }
}

#[test]
fn there_is_one_crypto_provider() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "--offline",
            "--workspace",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("aws-lc-rs "), "the tree is not what was expected");
    assert!(!tree.lines().any(|line| line.starts_with("ring ")), "ring is in the graph");
}

#[test]
fn the_binary_has_no_features() {
    let plumb = packages().into_iter().find(|package| package.name.as_str() == "plumb").unwrap();
    assert!(plumb.features.is_empty(), "{:?}", plumb.features);
}

/// The Rust files of a crate, without those that are only tests.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The lines that run in the product: without comments, and without the test
/// modules, which stand last in every file.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn no_crate_below_the_command_line_prints_exits_or_reads_the_environment() {
    const BANNED: &[&str] = &[
        "println!",
        "print!(",
        "eprintln!",
        "eprint!(",
        "process::exit(",
        "env::var",
        "env::vars",
        "env::args",
        "env::current_exe",
        "io::stdout()",
        "io::stderr()",
    ];
    /// A lab's own processes begin before `main`, in the place of one: they
    /// have a name to read, a word to say and a status to end with.
    const PROCESSES: &[&str] = &["lab/src/entry.rs"];
    let mut wrong = Vec::new();
    for (name, _) in ALLOWED {
        let directory = workspace().join("crates").join(name.trim_start_matches("plumb-"));
        for path in sources(&directory.join("src")) {
            if PROCESSES.iter().any(|process| path.ends_with(process)) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for (number, line) in product_lines(&text) {
                if BANNED.iter().any(|banned| line.contains(banned)) {
                    wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_in_sys_alone() {
    for (name, _) in ALLOWED.iter().filter(|(name, _)| *name != "plumb-sys") {
        let directory = workspace().join("crates").join(name.trim_start_matches("plumb-"));
        for path in sources(&directory.join("src")) {
            let text = fs::read_to_string(&path).unwrap();
            for (number, line) in product_lines(&text) {
                // `ctor` asks for the word at the one hook before main.
                let hook = line.contains("ctor(unsafe)");
                assert!(hook || !line.contains("unsafe {"), "{}:{}", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn no_module_is_a_grab_bag() {
    for directory in ["crates", "xtask", "bench", "examples"] {
        for path in sources(&workspace().join(directory)) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let parent = path
                .parent()
                .and_then(Path::file_name)
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            for name in [stem, parent] {
                assert!(
                    !["util", "utils", "common", "helpers", "misc"].contains(&name.as_str()),
                    "{}",
                    path.display()
                );
            }
        }
    }
}
