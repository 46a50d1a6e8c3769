//! What the tests of running labs share.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub, clippy::print_stdout)]

use std::path::PathBuf;
use std::process::{Command, Output};

use plumb_lab::Lab;

/// Where the labs of tests are found.
pub fn runtime_dir() -> PathBuf {
    std::env::temp_dir().join(format!("plumb-test-{}", plumb_sys::process::uid()))
}

/// A name that no other run of the tests takes.
pub fn own(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

/// Runs the tests of this binary again as a user who may nothing, if this user
/// is root; `this` is the name of the test that asks.
pub fn again_as_an_ordinary_user(this: &str) {
    if plumb_sys::process::uid() != 0 || !installed("setpriv") {
        return;
    }
    // The directory that the binary is built in may be closed to others.
    let copy = std::env::temp_dir().join(format!("plumb-test-{this}-{}", std::process::id()));
    std::fs::copy(std::env::current_exe().expect("this binary"), &copy).expect("a copy");
    let output = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&copy)
        .args(["--skip", this, "--nocapture"])
        .current_dir("/")
        .output()
        .expect("it starts");
    std::fs::remove_file(&copy).expect("the copy goes");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A fresh Internet.
pub fn internet() -> Lab {
    Lab::builder().runtime_dir(runtime_dir()).start().expect("the lab comes up")
}

/// Runs a command line on a machine and gives what it printed; it must succeed.
pub fn run(lab: &Lab, machine: &str, line: &[&str]) -> String {
    let output = output(lab, machine, line);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{line:?} on {machine} ended with {}\n{stdout}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

pub fn output(lab: &Lab, machine: &str, line: &[&str]) -> Output {
    let mut command = lab.command(machine, line[0]);
    command.args(&line[1..]);
    foreign(&mut command).output().expect("it starts")
}

/// Without what the surroundings say about certificates and proxies: the lab
/// must be trusted with no environment variable set.
pub fn foreign(command: &mut Command) -> &mut Command {
    for variable in [
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Whether a program is installed; says so when it is not.
pub fn installed(program: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    });
    if !found {
        println!("SKIP: {program} is not installed");
    }
    found
}
