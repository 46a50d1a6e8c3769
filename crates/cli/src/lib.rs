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
mod seeded;
mod services;
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
    let arguments = args::tls_server::without_ambiguity(arguments);
    let definition = command();
    let asked = args::output::asked_for_records(&definition, &arguments);
    let is_http = arguments.get(1).is_some_and(|command| command == "http");
    let parsed = definition
        .try_get_matches_from(arguments)
        .and_then(|matches| TopCommand::from_arg_matches(&matches));
    let error = match parsed {
        Ok(command) => match command.run() {
            Ok(status) => return status,
            Err(error) => {
                output::show_error(&error);
                error
            }
        },
        Err(error) => match commands::http::instead(&error).filter(|_| is_http) {
            Some(error) => {
                output::show_error(&error);
                error
            }
            None => {
                // A reader that went away needs no help.
                let _ = output::show_clap_error(&error);
                // Help and versions are asked for and good.
                if !error.use_stderr() {
                    return ExitStatus::GOOD;
                }
                CommandError::from_clap(&error)
            }
        },
    };
    let status = error.exit_status();
    output::break_off(Some(&error), status, asked.as_deref());
    status
}
