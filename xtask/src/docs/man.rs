//! `docs/man/*.1`: a man page per command, from the definition of the help.

use std::path::PathBuf;

use clap::Command;
use clap_mangen::Man;

use super::Files;
use crate::Error;

/// Renders the page of plumb and of every command below it.
pub(super) fn render(files: &mut Files) -> Result<(), Error> {
    let mut top = plumb::command().disable_help_subcommand(true);
    top.build();
    page(&top, "plumb", files)
}

fn page(command: &Command, name: &str, files: &mut Files) -> Result<(), Error> {
    let mut text = Vec::new();
    let named = command.clone().name(name.to_owned()).bin_name(name.replace('-', " "));
    Man::new(named).render(&mut text)?;
    files.insert(PathBuf::from(format!("docs/man/{name}.1")), text);
    for sub in command.get_subcommands() {
        page(sub, &format!("{name}-{}", sub.get_name()), files)?;
    }
    Ok(())
}
