//! `plumb ip minus`.

use clap::Args;

use super::answer::SetArgs;
use super::input::{self, SETS};
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Take addresses out of a set
///
/// What is in the first SET and in none of the others, as the fewest networks.
#[derive(Debug, Args)]
#[command(after_long_help = SETS)]
pub struct Minus {
    /// What is there
    #[arg(value_name = "SET")]
    from: String,

    /// What is taken out
    #[arg(value_name = "OUT", required = true)]
    out: Vec<String>,

    #[command(flatten)]
    args: SetArgs,
}

impl Run for Minus {
    const EXAMPLES: &'static str = "
        plumb ip minus 10.0.0.0/24 10.0.0.64/26          # two networks are left
        plumb ip minus allowed.txt blocked.txt 192.0.2.1 # files and addresses
        plumb ip minus 10.0.0.0/8,192.168.0.0/16 @used   # a list, and a file";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let words: Vec<String> = std::iter::once(self.from).chain(self.out).collect();
        let sources = input::sources(&words)?;
        self.args.answer("ip minus", |reader| {
            let from = reader.set(&sources[..1])?;
            Ok(from.minus(&reader.set(&sources[1..])?))
        })
    }
}
