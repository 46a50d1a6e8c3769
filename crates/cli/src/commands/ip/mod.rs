//! `plumb ip ...`.

mod explain;

use std::net::IpAddr;

use clap::Args;
use ipnet::IpNet;
use plumb_report::Line;
use serde::Serialize;

use super::{Entry, Run, command_table};
use crate::args::ip;
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Take an address or a network apart
///
/// Nothing is sent.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Ip {
    /// Addresses and networks (10.0.0.1, 10.0.0.0/8, 2001:db8::/32)
    #[arg(value_name = "ADDR|NET")]
    texts: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(subcommand)]
    command: Option<Below>,
}

command_table! {
    Below {
        "address": Explain(explain::Explain),
    }
}

impl Run for Ip {
    const EXAMPLES: &'static str = "
        plumb ip 192.168.1.100/24";
    const SUBCOMMANDS: &'static [Entry] = Below::TABLE;

    fn run(self) -> Result<ExitStatus, CommandError> {
        if let Some(command) = self.command {
            return command.run();
        }
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip")?;
        for text in &self.texts {
            let network = ip::network(text)?;
            session.record("address", &Record { address: network.addr(), network })?;
            session.lines(&[Line::plain(network.to_string())])?;
        }
        session.end(ExitStatus::GOOD)
    }
}

/// The data of an `address` record.
#[derive(Debug, Serialize)]
struct Record {
    address: IpAddr,
    network: IpNet,
}
