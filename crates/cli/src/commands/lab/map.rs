//! `plumb lab map`.

use clap::Args;
use plumb_report::map;

use crate::args::lab::LabArgs;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};

/// Draw a lab: machines, links, addresses, and what is broken
#[derive(Debug, Args)]
pub struct Map {
    #[command(flatten)]
    lab: LabArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Map {
    const EXAMPLES: &'static str = "
        plumb lab map
        plumb lab map --json";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "lab map")?;
        let drawn = lab_client::connect(&self.lab.name)?.map().map_err(lab_client::error)?;
        session.record("map", &drawn)?;
        session.lines(&map::draw(&drawn))?;
        session.end(ExitStatus::GOOD)
    }
}
