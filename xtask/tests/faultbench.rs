//! One case of each kind, measured for real: the part of FaultBench that is in
//! the tests. CI runs the whole.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::process::Command;

#[test]
fn check_names_what_the_lab_breaks() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["faultbench", "--quick", "--jobs", "2"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("namespaces are denied") || said.contains("make a namespace") {
        println!("SKIP: this kernel denies namespaces\n{said}");
        return;
    }
    assert!(output.status.success(), "{said}");
}
