//! `plumb lab up`.

use clap::Args;
use plumb_report::{Line, Tone};

use crate::args::lab::LabArgs;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};

/// Start a lab that stays until it is told to go down
#[derive(Debug, Args)]
pub struct Up {
    /// A topology file, or one inside plumb [default: internet]
    #[arg(value_name = "FILE|BUILTIN")]
    topology: Option<String>,

    /// Break this first: NAME[@PLACE][,key=value...] (can be repeated)
    #[arg(long = "break", value_name = "FAULT")]
    faults: Vec<String>,

    #[command(flatten)]
    lab: LabArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Up {
    const EXAMPLES: &'static str = "
        plumb lab up
        plumb lab up my-network.toml --name mine
        plumb lab up --break net.mtu-blackhole";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "lab up")?;
        let wanted = lab_client::Wanted {
            name: Some(&self.lab.name),
            topology: self.topology.as_deref(),
            faults: &self.faults,
            machine: None,
        };
        let status = lab_client::up(&wanted)?;
        session.record("lab", &status)?;
        let again = if self.lab.name == crate::args::lab::NAME_DEFAULT {
            String::new()
        } else {
            format!("--name {} ", self.lab.name)
        };
        if !self.output.quiet {
            session.lines(&[
                Line::new().and(Tone::Good, "up").and(
                    Tone::Plain,
                    format!(": lab {}, {} machines", status.name, status.machines.len()),
                ),
                Line::new().and(Tone::Plain, "try ").and(
                    Tone::Hint,
                    format!("plumb lab exec {again}h1 -- curl https://www.example.com/"),
                ),
            ])?;
        }
        session.end(ExitStatus::GOOD)
    }
}
