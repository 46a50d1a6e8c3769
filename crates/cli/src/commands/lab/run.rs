//! `plumb lab run -- CMD...`.

use std::ffi::OsString;

use clap::Args;

use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client::{self, Started};
use crate::loopback;

/// Start a lab, run a program in it, and end the lab with it
///
/// The lab is this command's own: two of them never meet. The program's exit
/// status is passed on as lab exec does.
#[derive(Debug, Args)]
pub struct RunIn {
    /// A topology file, or one inside plumb [default: internet]
    #[arg(value_name = "FILE|BUILTIN")]
    topology: Option<String>,

    /// Run the program on this machine
    #[arg(long, value_name = "HOST", default_value = "h1")]
    at: String,

    /// Break this first: NAME[@PLACE][,key=value...] (can be repeated)
    #[arg(long = "break", value_name = "FAULT")]
    faults: Vec<String>,

    /// Give the lab a name that other commands can use meanwhile
    #[arg(long, value_name = "LAB")]
    name: Option<String>,

    /// Without any capability
    #[arg(long)]
    unprivileged: bool,

    /// The program and its arguments
    #[arg(value_name = "CMD", last = true, required = true)]
    command: Vec<OsString>,
}

impl Run for RunIn {
    const EXAMPLES: &'static str = "
        plumb lab run -- curl https://www.example.com/
        plumb lab run --at www -- ip address
        plumb lab run --break dns.servfail -- dig www.example.com";

    fn run(self) -> Result<ExitStatus, CommandError> {
        // A mistake of the command line is no failure of plumb's.
        lab_client::check_words(self.topology.as_deref(), &self.faults)?;
        self.run_it().map_err(CommandError::not_passed_on)
    }
}

impl RunIn {
    fn run_it(self) -> Result<ExitStatus, CommandError> {
        let wanted = lab_client::Wanted {
            name: self.name.as_deref(),
            topology: self.topology.as_deref(),
            faults: &self.faults,
            machine: Some(&self.at),
        };
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| CommandError::usage("there is no program to run"))?;
        match lab_client::start(&wanted)? {
            Started::Lab(lab) => {
                let mut command = match self.unprivileged {
                    true => lab.unprivileged_command(&self.at, program),
                    false => lab.command(&self.at, program),
                };
                command.args(arguments);
                lab_client::run_to_its_end(command)
            }
            Started::Loopback(lab) => {
                let mut command = loopback::command(&lab, program);
                command.args(arguments);
                lab_client::run_to_its_end(command)
            }
        }
    }
}
