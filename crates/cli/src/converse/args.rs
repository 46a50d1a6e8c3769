//! The options that a conversation has on either side.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Manner;
use super::near::Near;
use super::tell::{Detail, Hex, Teller};
use super::text::Lines;
use crate::args::duration;
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::output::Output;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Conversation")]
pub(crate) struct ConverseArgs {
    /// Pass on whole lines: over UDP each is a datagram without its line end
    #[arg(long)]
    pub(crate) lines: bool,

    /// Send lines that end with CR LF
    #[arg(long)]
    pub(crate) crlf: bool,

    /// Show both directions as a hexadecimal dump
    #[arg(
        long,
        value_name = "WHERE",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "instead"
    )]
    pub(crate) hex: Option<Hex>,

    /// Write what passed, both directions with times, to FILE as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Let a program of the shell converse, with the connection as its stdin
    /// and stdout
    #[arg(long, value_name = "CMD")]
    pub(crate) exec: Option<String>,

    /// Tell each step as it happens: what is done, which call does it, what it
    /// means
    #[arg(long, conflicts_with_all = ["quiet", "verbose"])]
    pub(crate) narrate: bool,

    /// End when nothing has come for this long
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    pub(crate) read_timeout: Option<Duration>,
}

impl ConverseArgs {
    pub(crate) fn manner(&self, keep_open: bool, so_rcvtimeo: Option<Duration>) -> Manner {
        Manner {
            lines: Lines { whole: self.lines, crlf: self.crlf },
            keep_open,
            // A socket that is waited for never feels its own time-out.
            read_timeout: self.read_timeout.or(so_rcvtimeo),
        }
    }

    /// Opens the outputs.
    pub(crate) fn teller(
        &self,
        command: &str,
        options: &OutputArgs,
    ) -> Result<Teller, CommandError> {
        let json = if options.json { Some(Output::open(options)?) } else { None };
        let detail = match (self.narrate, options.quiet, options.verbose) {
            (true, ..) => Detail::Narrate,
            (false, true, _) => Detail::Quiet,
            (false, false, 0) => Detail::Normal,
            (false, false, _) => Detail::Verbose,
        };
        Teller::begin(command, json, self.record.as_deref(), self.hex, detail)
    }

    /// This side, where it is not a program.
    pub(crate) fn near(&self, options: &OutputArgs) -> Result<Near, CommandError> {
        match &options.output {
            _ if options.json => Ok(Near::only_input()),
            None => Ok(Near::standard()),
            Some(path) => Near::to_file(path).map_err(|e| CommandError::file("write", path, e)),
        }
    }

    /// The program that converses, once for each connection.
    pub(crate) fn program(&self, peer: &str, local: &str) -> Result<Option<Near>, CommandError> {
        let Some(command) = &self.exec else { return Ok(None) };
        Near::program(command, peer, local).map(Some).map_err(|error| {
            CommandError::not_measured(format!("cannot start {command:?}: {error}"))
        })
    }
}
