//! One case: a fresh lab, the check, and curl beside it.

use std::path::Path;
use std::process::{Command, Output};

use plumb_lab::Lab;
use serde_json::Value;

use super::case::Case;
use crate::Error;

/// What came of a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// The verdict that check printed.
    pub(crate) verdict: Option<Value>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) duration_ns: Option<u64>,
    /// Packets that met the fault's filters, by the lab's own counters, where
    /// it has any.
    pub(crate) packets: Option<u64>,
    pub(crate) curl: Option<Curl>,
    /// Why the case could not be measured.
    pub(crate) failed: Option<String>,
    /// A program that the case needs is not installed.
    pub(crate) skipped: Option<String>,
}

/// What curl said of the same page.
#[derive(Debug, Clone)]
pub(crate) struct Curl {
    pub(crate) exit_code: Option<i32>,
    pub(crate) text: String,
}

/// Longest that curl may take; check gives up after its own time-outs.
const CURL_SECONDS_MAX: &str = "10";
/// What a shell says when a program is not there.
const NOT_FOUND: i32 = 127;

pub(crate) fn measure(case: &Case, plumb: &Path, directory: &Path, seed: u64) -> Measured {
    let mut measured = Measured::default();
    if let Err(error) = measure_into(&mut measured, case, plumb, directory, seed) {
        measured.failed = Some(error.to_string());
    }
    measured
}

fn measure_into(
    measured: &mut Measured,
    case: &Case,
    plumb: &Path,
    directory: &Path,
    seed: u64,
) -> Result<(), Error> {
    let lab = case
        .faults
        .iter()
        .fold(Lab::builder().runtime_dir(directory.join("run")), |lab, fault| lab.fault(fault))
        .start()?;
    for setup in &case.setup {
        let (program, arguments) = setup.command.split_first().ok_or("an empty command")?;
        let output = run(lab.command(setup.at, *program).args(arguments))?;
        if output.status.code() == Some(NOT_FOUND) {
            measured.skipped = Some(format!("{program} is not installed"));
            return Ok(());
        }
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("{program} on {}: {said}", setup.at).into());
        }
    }
    check(measured, case, plumb, &lab, seed)?;
    let hits = lab.client()?.hits()?;
    // The first fault is the root; another may lie behind it.
    measured.packets = hits.first().and_then(|hits| hits.packets);
    measured.curl = curl(case, &lab)?;
    Ok(())
}

/// Runs check on the machine, without any capability.
fn check(
    measured: &mut Measured,
    case: &Case,
    plumb: &Path,
    lab: &Lab,
    seed: u64,
) -> Result<(), Error> {
    let mut command = lab.unprivileged_command(&case.at, plumb);
    command.args(["check", "--json", "--seed", &seed.to_string()]).args(&case.args);
    command.envs(case.env.iter().map(|(name, value)| (name, value)));
    let output = run(&mut command)?;
    measured.exit_code = output.status.code();
    for line in output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let record: Value = serde_json::from_slice(line)?;
        match record["type"].as_str() {
            Some("verdict") => measured.verdict = Some(record["data"].clone()),
            Some("end") => measured.duration_ns = record["data"]["duration_ns"].as_u64(),
            _ => {}
        }
    }
    if measured.verdict.is_none() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("check printed no verdict: {said}").into());
    }
    Ok(())
}

/// Asks curl for the same page; it stays `None` where there is no URL or curl.
fn curl(case: &Case, lab: &Lab) -> Result<Option<Curl>, Error> {
    let Some(url) = case.args.last().filter(|arg| arg.starts_with("http")) else { return Ok(None) };
    let mut command = lab.unprivileged_command(&case.at, "curl");
    command.args(["-sSL", "-o", "/dev/null", "--max-time", CURL_SECONDS_MAX, url]);
    command.envs(case.env.iter().map(|(name, value)| (name, value)));
    let output = run(&mut command)?;
    if output.status.code() == Some(NOT_FOUND) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let text = text.lines().next().unwrap_or_default().to_owned();
    Ok(Some(Curl { exit_code: output.status.code(), text }))
}

fn run(command: &mut Command) -> Result<Output, Error> {
    Ok(command.stdin(std::process::Stdio::null()).output()?)
}
