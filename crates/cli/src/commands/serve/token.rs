//! `plumb serve token ...`: the tokens of `--token-file` and `--jwt-key`.

mod issue;
mod key;
mod show;

use clap::Args;

use crate::commands::{Entry, Run, command_table};
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Make and read the tokens that a server takes
///
/// Opaque tokens are random and stand in a file (--token-file). JSON Web
/// Tokens say who somebody is and until when, and are signed (--jwt-key).
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Token {
    #[command(subcommand)]
    command: TokenCommand,
}

command_table! {
    TokenCommand {
        "serve": Issue(issue::Issue),
        "serve": Show(show::Show),
        "serve": Key(key::Key),
    }
}

impl Run for Token {
    const EXAMPLES: &'static str = "
        plumb serve token key --alg HS256 > key.txt
        plumb serve token issue --key key.txt --sub alice > token.txt
        plumb serve token show token.txt --key key.txt
        plumb serve token issue --opaque --sub alice > tokens.txt";
    const SUBCOMMANDS: &'static [Entry] = TokenCommand::TABLE;

    fn run(self) -> Result<ExitStatus, CommandError> {
        self.command.run()
    }
}
