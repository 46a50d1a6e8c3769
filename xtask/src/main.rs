//! Tasks of the project: `cargo xtask docs`, `cargo xtask faultbench`.

#![forbid(unsafe_code)]

mod docs;
mod faultbench;
mod program;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the project
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Tasks {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Write the generated documents: docs/findings.md, docs/json.md, docs/reference/,
    /// docs/man/, docs/check.svg
    Docs(docs::Docs),
    /// Break the lab in every way and see what check makes of it
    Faultbench(faultbench::Faultbench),
}

/// What went wrong, for the person at the terminal.
type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let result = match Tasks::parse().task {
        Task::Docs(docs) => docs.run(),
        Task::Faultbench(bench) => bench.run(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::from(3)
        }
    }
}

/// One line on stderr.
fn say(text: &str) {
    // There is nowhere left to say that stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
