//! `plumb lab down`.

use clap::Args;
use plumb_report::Line;

use crate::args::lab::LabArgs;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};

/// End a lab and everything in it
#[derive(Debug, Args)]
pub struct Down {
    #[command(flatten)]
    lab: LabArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Down {
    const EXAMPLES: &'static str = "
        plumb lab down
        plumb lab down --name mine";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "lab down")?;
        lab_client::connect(&self.lab.name)?.down().map_err(lab_client::error)?;
        if !self.output.quiet {
            session.lines(&[Line::plain(format!("down: lab {}", self.lab.name))])?;
        }
        session.end(ExitStatus::GOOD)
    }
}
