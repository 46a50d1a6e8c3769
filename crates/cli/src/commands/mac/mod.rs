//! `plumb mac ...`.

mod facts;
mod random;
mod read;
mod show;
mod vendor;
mod vendors;

use std::path::PathBuf;

use clap::Args;
use plumb_report::Line;
use plumb_report::text::Detail;

use super::{Entry, Run, command_table};
use crate::args::output::OutputArgs;
use crate::args::texts::each_text;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};
use facts::Facts;
use vendors::Lists;

/// Take a hardware address apart
///
/// Shows whether it is of one interface or of a group, bought or made up, who
/// bought it, what it is known for, and its notations; and the IPv6 addresses
/// that are made of it. Read is every notation, the EUI-64 of 8 octets, an IPv6
/// address that was made of one, and an IP group, whose frames go to one.
/// Vendors are those of a list on this machine. Nothing is sent.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct MacCommand {
    /// Hardware addresses in any notation, or IPv6 addresses; - reads lines
    #[arg(value_name = "MAC")]
    texts: Vec<String>,

    #[command(flatten)]
    vendors: VendorsArg,

    #[command(flatten)]
    output: OutputArgs,

    #[command(subcommand)]
    command: Option<Below>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct VendorsArg {
    /// The list of vendors: as the IEEE, Wireshark, nmap or arp-scan have it
    #[arg(long, value_name = "FILE")]
    vendors: Option<PathBuf>,
}

command_table! {
    Below {
        "address": Random(random::Random),
        "address": Vendor(vendor::Vendor),
    }
}

impl Run for MacCommand {
    const EXAMPLES: &'static str = "
        plumb mac 00:0c:29:01:02:03
        plumb mac 0:c:29:1:2:3 000c.2901.0203    # as BSD and as Cisco write it
        plumb mac 01:00:5e:00:00:fb              # a group, and who is in it
        plumb mac fe80::fcfd:4aff:fecf:ea4e      # out of an IPv6 address
        plumb mac --json - < macs.txt            # one per line";
    const SUBCOMMANDS: &'static [Entry] = Below::TABLE;

    fn run(self) -> Result<ExitStatus, CommandError> {
        if let Some(command) = self.command {
            return command.run();
        }
        let lists = Lists::of(self.vendors.vendors.as_deref())?;
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "mac")?;
        let mut shown = 0;
        each_text(&self.texts, |text| {
            let text = text.trim();
            let facts = Facts::of(text, read::address(text)?, &lists);
            session.record("mac", &facts)?;
            let layout = session.output().layout;
            let mut lines = show::lines(&facts, &layout);
            if shown > 0 && layout.detail != Detail::Quiet {
                lines.insert(0, Line::new());
            }
            shown += 1;
            session.lines(&lines)
        })?;
        session.end(ExitStatus::GOOD)
    }
}
