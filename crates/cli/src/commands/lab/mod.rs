//! `plumb lab ...`.

pub mod break_;
pub mod capture;
pub mod doctor;
pub mod down;
pub mod exec;
pub mod faults;
pub mod heal;
pub mod ls;
pub mod map;
pub mod run;
pub mod up;

use clap::Args;

use super::{Entry, Run, command_table};
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Build, use and break a tiny Internet on this machine
///
/// Twelve machines with real network stacks, cables, name servers, web servers
/// and a certificate authority of their own, as an ordinary user, without any
/// other program, and gone without a trace afterwards.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Lab {
    #[command(subcommand)]
    command: LabCommand,
}

command_table! {
    LabCommand {
        "lab": Up(up::Up),
        "lab": Run(run::RunIn),
        "lab": Exec(exec::Exec),
        "lab": Break(break_::Break),
        "lab": Heal(heal::Heal),
        "lab": Faults(faults::Faults),
        "lab": Map(map::Map),
        "lab": Capture(capture::Capture),
        "lab": Down(down::Down),
        "lab": Ls(ls::Ls),
        "lab": Doctor(doctor::Doctor),
    }
}

impl Run for Lab {
    const EXAMPLES: &'static str = "
        plumb lab up                            # a dozen machines
        plumb lab exec h1 -- curl https://www.example.com/
        plumb lab break tls.cert-expired        # now try again
        plumb lab heal
        plumb lab down";
    const SUBCOMMANDS: &'static [Entry] = LabCommand::TABLE;

    fn run(self) -> Result<ExitStatus, CommandError> {
        self.command.run()
    }
}
