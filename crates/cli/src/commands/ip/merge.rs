//! `plumb ip merge`.

use clap::Args;

use super::answer::SetArgs;
use super::input::{self, SETS};
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Merge networks into the fewest
///
/// Overlaps are swallowed and neighbours joined: what comes out are exactly the
/// addresses that went in, as the fewest networks, sorted, IPv4 first. Bits
/// behind a prefix are masked, with a warning.
#[derive(Debug, Args)]
#[command(after_long_help = SETS)]
pub struct Merge {
    /// Networks, files of them, or - for stdin (which is read if there is none)
    #[arg(value_name = "SET")]
    sets: Vec<String>,

    #[command(flatten)]
    args: SetArgs,
}

impl Run for Merge {
    const EXAMPLES: &'static str = "
        plumb ip merge 10.0.0.0/25 10.0.0.128/25    # 10.0.0.0/24
        plumb ip merge nets.txt more.txt            # files, a network on each line
        plumb ip merge 192.0.2.3-192.0.2.9          # a range as networks
        plumb ip merge --column 1 - < access.log    # the first column of a log";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let sources = input::sources_or_stdin(&self.sets)?;
        self.args.answer("ip merge", |reader| reader.set(&sources))
    }
}
