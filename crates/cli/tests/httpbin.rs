//! `serve http --api` beside httpbin itself, field by field.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ground;

use std::process::Command;

use ground::{Serving, second_opinions};

#[test]
fn the_endpoints_answer_as_httpbin_does() {
    let Some(python) = second_opinions() else { return };
    let serving = Serving::start(["serve", "http", "--api"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/httpbin/compare.py");
    let output = Command::new(python).arg(script).arg(serving.url("")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
