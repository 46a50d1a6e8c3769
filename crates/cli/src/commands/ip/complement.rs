//! `plumb ip complement`.

use clap::Args;
use plumb_wire::addr::set::AddressSet;

use super::answer::SetArgs;
use super::input::{self, SETS};
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Find the addresses that are not in a set
///
/// All addresses of both families but those of the SETs; -4 and -6 keep one
/// family, and --in takes a smaller world than all.
#[derive(Debug, Args)]
#[command(after_long_help = SETS)]
pub struct Complement {
    /// Networks, files of them, or - for stdin (which is read if there is none)
    #[arg(value_name = "SET")]
    sets: Vec<String>,

    /// What is all
    #[arg(long = "in", value_name = "SET", default_value = "0.0.0.0/0,::/0")]
    all: String,

    #[command(flatten)]
    args: SetArgs,
}

impl Run for Complement {
    const EXAMPLES: &'static str = "
        plumb ip complement -4 10.0.0.0/8                   # the rest of IPv4
        plumb ip complement --in 192.0.2.0/24 192.0.2.64/26 # what is free in it
        plumb ip complement --in 2001:db8::/32 < used.txt   # gaps of a plan";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut sources = input::sources_or_stdin(&self.sets)?;
        sources.push(input::Source::of(&self.all));
        input::check(&sources)?;
        self.args.answer("ip complement", |reader| {
            let Some((all, sets)) = sources.split_last() else { return Ok(AddressSet::all()) };
            let set = reader.set(sets)?;
            Ok(reader.set(std::slice::from_ref(all))?.minus(&set))
        })
    }
}
