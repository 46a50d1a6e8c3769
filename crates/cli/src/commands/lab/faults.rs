//! `plumb lab faults`.

use clap::Args;
use plumb_report::text::COLUMNS_MAX;
use plumb_report::{Line, Tone};

use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};

/// List what can be broken, how to show it, and what a diagnosis owes it
#[derive(Debug, Args)]
pub struct Faults {
    /// Taken as by every command of the lab: the answer is the same for each
    #[arg(long, value_name = "LAB", hide = true)]
    name: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Faults {
    const EXAMPLES: &'static str = "
        plumb lab faults
        plumb lab faults --json
        plumb explain net.mtu-blackhole         # the page of one of them";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "lab faults")?;
        let mut lines = Vec::new();
        let mut last = "";
        let width = lab_client::fault_names().map(str::len).max().unwrap_or(0);
        for fault in lab_client::faults() {
            session.record("fault", &fault.record())?;
        }
        let mut by_layer = lab_client::faults().to_vec();
        by_layer.sort_by_key(|fault| fault.layer());
        for fault in by_layer {
            let layer = fault.name.split('.').next().unwrap_or_default();
            if layer != last && !last.is_empty() {
                lines.push(Line::new());
            }
            last = layer;
            let line = Line::new().and(Tone::Strong, fault.name).pad_to(width + 2);
            lines.push(line.and(Tone::Plain, fault.title).cut(COLUMNS_MAX));
        }
        session.lines(&lines)?;
        session.end(ExitStatus::GOOD)
    }
}
