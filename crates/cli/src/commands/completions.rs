//! `plumb completions SHELL`.

use clap::Args;
use clap_complete::Shell;

use super::Run;
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::Output;

/// Print the completions for a shell
#[derive(Debug, Args)]
pub struct Completions {
    /// For this shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Completions {
    const EXAMPLES: &'static str = "
        plumb completions bash > ~/.local/share/bash-completion/completions/plumb
        plumb completions zsh -o _plumb";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "plumb", &mut script);
        Output::open(&self.output)?.raw(&script)?;
        Ok(ExitStatus::GOOD)
    }
}
