//! `plumb lab ls`.

use clap::Args;
use plumb_report::{Line, Tone};

use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};

/// Room for the names that people give; a longer one shifts its line.
const NAME_COLUMNS: usize = 16;

/// List the labs that run, and clear away what dead ones left
#[derive(Debug, Args)]
pub struct Ls {
    /// List this lab only
    #[arg(long, value_name = "LAB")]
    name: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Ls {
    const EXAMPLES: &'static str = "
        plumb lab ls
        plumb lab ls --json";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "lab ls")?;
        let mut labs = lab_client::list()?;
        labs.retain(|lab| self.name.as_ref().is_none_or(|name| *name == lab.name));
        let mut lines = Vec::new();
        for lab in &labs {
            session.record("lab", lab)?;
            let owned = if lab.owned { ", ends with the program that started it" } else { "" };
            lines.push(
                Line::new()
                    .and(Tone::Strong, &lab.name)
                    .pad_to(NAME_COLUMNS)
                    .and(Tone::Plain, format!("{}, process {}{owned}", lab.topology, lab.pid)),
            );
        }
        if labs.is_empty() {
            lines.push(Line::plain("no lab is running"));
        }
        session.lines(&lines)?;
        session.end(ExitStatus::GOOD)
    }
}
