//! `plumb lab capture`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::args::lab::LabArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;

/// Capture packets at places of a lab into one pcapng file
///
/// Each place is an interface of its own in the file, with its name. The
/// capture ends with the program behind --, else with Ctrl-C.
#[derive(Debug, Args)]
pub struct Capture {
    /// Capture here: a machine, an interface (h1:eth1), a LAN or a cable (can
    /// be repeated)
    #[arg(long, value_name = "PLACE", num_args = 1.., required_unless_present = "everywhere")]
    at: Vec<String>,

    /// Capture at every place
    #[arg(long, conflicts_with = "at")]
    everywhere: bool,

    /// Write the packets to FILE; - is stdout
    #[arg(short, long, value_name = "FILE", default_value = "lab.pcapng")]
    output: PathBuf,

    /// Run this program meanwhile, on the machine HOST
    #[arg(long, value_name = "HOST", default_value = "h1")]
    from: String,

    #[command(flatten)]
    lab: LabArgs,

    /// The program and its arguments
    #[arg(value_name = "CMD", last = true)]
    command: Vec<OsString>,
}

impl Run for Capture {
    const EXAMPLES: &'static str = "
        plumb lab capture --at www -o www.pcapng
        plumb lab capture --everywhere -o all.pcapng -- curl https://www.example.com/";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let client = lab_client::connect(&self.lab.name)?;
        let program = match self.command.split_first() {
            Some((program, arguments)) => {
                let mut command =
                    lab_client::exec_command(&self.lab.name, &self.from, false, program)?;
                command.args(arguments);
                Some(command)
            }
            None => None,
        };
        lab_client::capture(&client, &self.at, &self.output, program)
    }
}
