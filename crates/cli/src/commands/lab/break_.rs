//! `plumb lab break FAULT`.

use clap::Args;
use plumb_report::{Line, Tone};

use crate::args::lab::LabArgs;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};

/// Break something in a lab
///
/// A FAULT is NAME[@PLACE][,key=value...]; a PLACE is a machine (h1), an
/// interface (h1:eth1), a LAN (homeA) or a cable (isp-modemA).
#[derive(Debug, Args)]
pub struct Break {
    /// What to break (can be repeated)
    #[arg(value_name = "FAULT", required = true)]
    faults: Vec<String>,

    #[command(flatten)]
    lab: LabArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Break {
    const EXAMPLES: &'static str = "
        plumb lab break tls.cert-expired
        plumb lab break net.mtu-blackhole@example,mtu=700
        plumb lab faults                        # what can be broken";

    fn run(self) -> Result<ExitStatus, CommandError> {
        for fault in &self.faults {
            lab_client::check_fault_name(fault)?;
        }
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "lab break")?;
        let client = lab_client::connect(&self.lab.name)?;
        for fault in &self.faults {
            client.break_fault(fault).map_err(lab_client::error)?;
            session.record("broken", &serde_json::json!({ "fault": fault }))?;
            if !self.output.quiet {
                session.lines(&[Line::new()
                    .and(Tone::Bad, "broken")
                    .and(Tone::Plain, format!(": {fault}"))])?;
            }
        }
        session.end(ExitStatus::GOOD)
    }
}
