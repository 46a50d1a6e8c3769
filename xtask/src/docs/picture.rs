//! `docs/check.svg`: a check that found something, from a real run in the lab.

use std::path::Path;
use std::process::Command;

use plumb_evidence::Evidence;
use plumb_report::text::{self, Layout};
use plumb_report::{Line, Tone, svg};

use crate::{Error, program};

/// Where the picture lies in the workspace.
pub(super) const PATH: &str = "docs/check.svg";

/// What is broken in the picture: a cause that no error message names.
const FAULT: &str = "net.mtu-blackhole";
const URL: &str = "https://www.example.com/";

/// Runs the check, reads the evidence that it kept, and draws the report.
pub(super) fn render(plumb: Option<&Path>) -> Result<String, Error> {
    let plumb = program::plumb(plumb)?;
    let directory = program::scratch_directory()?;
    let result = run(&plumb, &directory);
    std::fs::remove_dir_all(&directory)?;
    let evidence = result?;
    let verdict = plumb_diag::judge(&evidence);
    let command = format!("plumb check --lab --break {FAULT} {URL}");
    let mut lines =
        vec![Line::new().and(Tone::Faint, "$ ").and(Tone::Strong, &command), Line::new()];
    lines.extend(text::report(&evidence.target, &evidence.events, &verdict, &Layout::default()));
    Ok(svg::terminal("plumb check", &lines))
}

fn run(plumb: &Path, directory: &Path) -> Result<Evidence, Error> {
    let kept = directory.join("run.json");
    let mut command = Command::new(plumb);
    command
        .args(["check", "--quiet", "--lab", "--break", FAULT, "--save"])
        .arg(&kept)
        .arg(URL)
        .env("TMPDIR", directory)
        .env_remove("XDG_RUNTIME_DIR")
        .stdout(std::process::Stdio::null());
    program::as_ordinary_user(&mut command).status()?;
    Ok(serde_json::from_slice(&std::fs::read(kept)?)?)
}
