//! `plumb serve ...`.

pub mod echo;
pub mod http;
pub mod token;
pub mod user;

use clap::Args;

use super::{Entry, Run, command_table};
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Serve a protocol, hardened and observed
///
/// Every server has limits, deadlines, logs, metrics, TLS and a graceful stop;
/// it listens on loopback unless told otherwise.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Serve {
    #[command(subcommand)]
    command: ServeCommand,
}

command_table! {
    ServeCommand {
        "serve": Echo(echo::Echo),
        "serve": Http(http::Http),
        "serve": Token(token::Token),
        "serve": User(user::User),
    }
}

impl Run for Serve {
    const EXAMPLES: &'static str = "
        plumb serve echo                        # on 127.0.0.1, port 7007
        plumb serve echo --listen 0 --json      # any free port, as records";
    const SUBCOMMANDS: &'static [Entry] = ServeCommand::TABLE;

    fn run(self) -> Result<ExitStatus, CommandError> {
        self.command.run()
    }
}
