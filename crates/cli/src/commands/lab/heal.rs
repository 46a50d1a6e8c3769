//! `plumb lab heal [FAULT]`.

use clap::Args;
use plumb_report::{Line, Tone};

use crate::args::lab::LabArgs;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};

/// Mend one fault of a lab, or all
#[derive(Debug, Args)]
pub struct Heal {
    /// Which; all of them unless said
    #[arg(value_name = "FAULT")]
    fault: Option<String>,

    #[command(flatten)]
    lab: LabArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Heal {
    const EXAMPLES: &'static str = "
        plumb lab heal
        plumb lab heal tls.cert-expired";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "lab heal")?;
        let client = lab_client::connect(&self.lab.name)?;
        let healed = client.heal(self.fault.as_deref()).map_err(lab_client::error)?;
        let mut lines = Vec::new();
        for fault in &healed {
            session.record("healed", &serde_json::json!({ "fault": fault }))?;
            lines
                .push(Line::new().and(Tone::Good, "healed").and(Tone::Plain, format!(": {fault}")));
        }
        if healed.is_empty() {
            lines.push(Line::plain("nothing was broken"));
        }
        if !self.output.quiet {
            session.lines(&lines)?;
        }
        session.end(ExitStatus::GOOD)
    }
}
