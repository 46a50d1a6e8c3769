//! `plumb ip explain A B/LEN`: whether two hosts are on one link.

use clap::Args;
use plumb_report::Line;

use crate::args::ip;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Say why two hosts are or are not on one link
///
/// The hosts are neighbours if their addresses AND the mask are the same
/// network. Ends with 0 if they are, with 1 if not.
#[derive(Debug, Args)]
pub struct Explain {
    /// The host that sends, with or without its prefix
    #[arg(value_name = "A[/LEN]")]
    from: String,

    /// The host that it wants to reach, with or without its prefix
    #[arg(value_name = "B[/LEN]")]
    to: String,

    /// The prefix of both, where neither address has one
    #[arg(long, value_name = "LEN|MASK")]
    prefix: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Explain {
    const EXAMPLES: &'static str = "
        plumb ip explain 192.168.1.10 192.168.2.20/24";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip explain")?;
        let (from, to) = (ip::network(&self.from)?, ip::network(&self.to)?);
        session.lines(&[Line::plain(format!("{from} {to}"))])?;
        session.end(ExitStatus::GOOD)
    }
}
