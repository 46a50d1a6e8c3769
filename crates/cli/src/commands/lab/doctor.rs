//! `plumb lab doctor`.

use clap::Args;
use plumb_lab::doctor::{self, Examination, Step, StepResult};
use plumb_report::text::{COLUMNS_MAX, Mark};
use plumb_report::{Line, Tone, styled};

use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Try what a lab needs of the kernel, and say what is missing
///
/// Exits with 1 where only the smaller lab on loopback addresses can run.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Taken as by every command of the lab: the answer is the same for each
    #[arg(long, value_name = "LAB", hide = true)]
    name: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Doctor {
    const EXAMPLES: &'static str = "
        plumb lab doctor
        plumb lab doctor --json";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "lab doctor")?;
        let examination = doctor::examine()
            .map_err(|error| CommandError::not_measured(format!("cannot try anything: {error}")))?;
        session.record("examination", &examination)?;
        let unicode = session.output().layout.unicode;
        session.lines(&lines(&examination, unicode))?;
        session.end(if examination.is_good() { ExitStatus::GOOD } else { ExitStatus::NO })
    }
}

/// Where the purpose begins: behind the mark and the longest name of a step.
const PURPOSE_COLUMN: usize = 24;

/// A line per step, and the remedy of the one that failed.
fn lines(examination: &Examination, unicode: bool) -> Vec<Line> {
    let mut lines: Vec<Line> =
        examination.steps.iter().flat_map(|step| step_lines(step, unicode)).collect();
    lines.push(Line::new());
    lines.push(match examination.is_good() {
        true => Line::new().and(Tone::Good, "everything is there: the full lab runs here"),
        false => Line::new()
            .and(Tone::Warning, "only the smaller lab on loopback addresses can run here"),
    });
    lines
}

fn step_lines(step: &Step, unicode: bool) -> Vec<Line> {
    let (mark, result) = match &step.result {
        StepResult::Ok => (Mark::Good, String::new()),
        StepResult::NotNeeded => (Mark::Idle, " (not needed)".to_owned()),
        StepResult::Failed { message, .. } => (Mark::Bad, format!(": {message}")),
        StepResult::NotTried => (Mark::Idle, " (not tried)".to_owned()),
    };
    let symbol = format!(" {} ", mark.symbol(unicode));
    let first = Line::new().and(mark.tone(), symbol).and(Tone::Strong, &step.name);
    let text = format!("{}{result}", step.purpose);
    let mut lines: Vec<Line> = styled::wrap(&text, COLUMNS_MAX - PURPOSE_COLUMN)
        .iter()
        .enumerate()
        .map(|(i, part)| {
            if i == 0 { first.clone() } else { Line::new() }
                .pad_to(PURPOSE_COLUMN)
                .and(Tone::Plain, part)
        })
        .collect();
    if lines.is_empty() {
        lines.push(first);
    }
    if let Some(remedy) = &step.remedy {
        lines.extend(crate::lab_client::remedy_lines(remedy));
    }
    lines
}
