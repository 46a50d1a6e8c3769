//! `plumb ip xor`.

use clap::Args;

use super::answer::SetArgs;
use super::input::{self, SETS};
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Find the addresses in which two sets differ
///
/// What is in one of two SETs and not in the other, as the fewest networks; of
/// more than two, what is in an odd number of them.
#[derive(Debug, Args)]
#[command(after_long_help = SETS)]
pub struct Xor {
    /// Two or more sets
    #[arg(value_name = "SET", required = true, num_args = 2..)]
    sets: Vec<String>,

    #[command(flatten)]
    args: SetArgs,
}

impl Run for Xor {
    const EXAMPLES: &'static str = "
        plumb ip xor yesterday.txt today.txt  # what came and what went
        plumb ip xor 10.0.0.0/24 10.0.0.0/25  # 10.0.0.128/25";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let sources = input::sources(&self.sets)?;
        self.args.answer("ip xor", |reader| reader.fold(&sources, |all, set| all.xor(&set)))
    }
}
