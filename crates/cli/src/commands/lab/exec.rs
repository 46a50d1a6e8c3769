//! `plumb lab exec HOST -- CMD...`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use clap::Args;

use crate::args::lab::LabArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;

/// Run a program on a machine of a lab
///
/// The program has your user id, terminal, environment, directory and files,
/// except for the resolver, the hosts file, the trusted roots, /run and /sys,
/// which are the machine's. It holds every capability over the lab's network.
///
/// Its exit status is passed on: a signal as 128 and its number, 126 and 127 as
/// a shell does, 125 when plumb itself failed.
#[derive(Debug, Args)]
pub struct Exec {
    /// The machine
    #[arg(value_name = "HOST")]
    host: String,

    /// Without any capability
    #[arg(long)]
    unprivileged: bool,

    #[command(flatten)]
    lab: LabArgs,

    /// The program and its arguments
    #[arg(value_name = "CMD", last = true, required = true)]
    command: Vec<OsString>,
}

impl Run for Exec {
    const EXAMPLES: &'static str = "
        plumb lab exec h1 -- curl https://www.example.com/
        plumb lab exec h1 -- traceroute www.example.com
        plumb lab exec www -- tcpdump -n -i eth0
        plumb lab exec h1 --unprivileged -- id";

    fn run(self) -> Result<ExitStatus, CommandError> {
        self.become_it().map_err(CommandError::not_passed_on)
    }
}

impl Exec {
    fn become_it(self) -> Result<ExitStatus, CommandError> {
        // Asked first, so that a wrong name is one clear line.
        let status = lab_client::connect(&self.lab.name)?.status().map_err(lab_client::error)?;
        lab_client::require_machine_of(&status.machines, &self.host)?;
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| CommandError::usage("there is no program to run"))?;
        let mut command =
            lab_client::exec_command(&self.lab.name, &self.host, self.unprivileged, program)?;
        // This process becomes the one in front of the program.
        let error = command.args(arguments).exec();
        Err(CommandError::not_measured(format!("cannot start plumb again: {error}")))
    }
}
