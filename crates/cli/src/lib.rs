//! The command line of plumb: parse, run, report, exit.
//!
//! * [`commands`]: one file per command, one line each in the table;
//! * [`args`]: the groups of options that mean the same everywhere;
//! * [`error`] and [`exit`]: what can go wrong, and the one place that knows
//!   exit codes;
//! * [`output`]: who owns the terminal;
//! * [`environment`]: every variable that is read.
//!
//! The library exists so that help, man pages, completions and tests come from
//! the one definition that [`command`] gives.

#![forbid(unsafe_code)]

pub mod args;
pub mod commands;
mod converse;
pub mod environment;
pub mod error;
pub mod exit;
mod lab_client;
mod loopback;
pub mod output;
mod panic;
mod serving;
mod suggest;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

use commands::TopCommand;
pub use commands::command;
use error::CommandError;
use exit::ExitStatus;

/// Runs the program's own arguments.
pub fn main() -> ExitCode {
    panic::caught(|| run(std::env::args_os())).into()
}

/// Parses and runs the arguments, the program's name first, and shows what
/// went wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let parsed = command()
        .try_get_matches_from(args::tls_server::without_ambiguity(arguments))
        .and_then(|matches| TopCommand::from_arg_matches(&matches));
    let result = match parsed {
        Ok(command) => command.run(),
        Err(error) => return shown_by_clap(&error),
    };
    result.unwrap_or_else(|error| {
        output::show_error(&error);
        output::end_unfinished(error.exit_status());
        error.exit_status()
    })
}

/// Help and versions are asked for and good; everything else is a wrong use.
fn shown_by_clap(error: &clap::Error) -> ExitStatus {
    // A reader that went away needs no help.
    let _ = error.print();
    if error.use_stderr() { CommandError::usage("").exit_status() } else { ExitStatus::GOOD }
}
