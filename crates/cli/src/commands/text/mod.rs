//! `plumb text ...`: characters to bytes, and back.

mod charset;
mod decode;
mod encode;
mod guess;
mod input;
mod invalid;
mod list;
mod scheme;
mod table;
mod transfer;

use clap::Args;

use super::{Entry, Run, command_table};
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Turn characters into bytes, and back
///
/// In every encoding of the WHATWG standard, and in hex, base64,
/// percent-encoding and punycode.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct Text {
    #[command(subcommand)]
    command: Below,
}

command_table! {
    Below {
        "address": Encode(encode::Encode),
        "address": Decode(decode::Decode),
        "address": List(list::List),
    }
}

impl Run for Text {
    const EXAMPLES: &'static str = "
        plumb text encode 'café'             # the bytes in UTF-8
        plumb text decode fffe340031003300   # the encoding is found, and it is said how
        plumb text decode --as koi8-r - < old.txt";
    const SUBCOMMANDS: &'static [Entry] = Below::TABLE;

    fn run(self) -> Result<ExitStatus, CommandError> {
        self.command.run()
    }
}
