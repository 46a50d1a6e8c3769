//! `plumb ip intersect`.

use clap::Args;

use super::answer::SetArgs;
use super::input::{self, SETS};
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Find the addresses that sets have in common
///
/// What is in every SET, as the fewest networks. Nothing in common is an empty
/// answer, not an error.
#[derive(Debug, Args)]
#[command(after_long_help = SETS)]
pub struct Intersect {
    /// Two or more sets
    #[arg(value_name = "SET", required = true, num_args = 2..)]
    sets: Vec<String>,

    #[command(flatten)]
    args: SetArgs,
}

impl Run for Intersect {
    const EXAMPLES: &'static str = "
        plumb ip intersect 10.0.0.0/8 10.1.2.0/24,172.16.0.0/12  # 10.1.2.0/24
        plumb ip intersect ours.txt theirs.txt                   # where plans collide";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let sources = input::sources(&self.sets)?;
        self.args
            .answer("ip intersect", |reader| reader.fold(&sources, |all, set| all.intersect(&set)))
    }
}
