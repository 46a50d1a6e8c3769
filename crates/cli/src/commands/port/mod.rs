//! `plumb port ...`.

mod facts;
mod machine;
mod picture;
mod read;
mod show;
mod table;

use std::path::PathBuf;

use clap::Args;
use plumb_report::Line;
use plumb_report::text::Detail;

use super::Run;
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};
use crate::services;
use facts::{Facts, Look};
use machine::Machine;

/// Up to so many ports, binding is tried: it costs four sockets each.
const BINDS_MAX: usize = 1024;

/// Show what a port is for, who listens on it, and whether it can be bound
///
/// Says the service of a port or the port of a service, its range, who listens
/// there, and whether this user may bind it: a socket is bound to it on loopback
/// and closed at once. Without a port, the ranges of this machine are drawn,
/// with the ports that the kernel gives to clients and how many are in use.
#[derive(Debug, Args)]
pub struct PortCommand {
    /// Ports, ranges such as 8000-8010, or services; 53/udp is of one transport
    #[arg(value_name = "N|NAME|RANGE")]
    texts: Vec<String>,

    /// The names of services, instead of /etc/services
    #[arg(long, value_name = "FILE")]
    services: Option<PathBuf>,

    /// Try no binding
    #[arg(long)]
    no_bind: bool,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for PortCommand {
    const EXAMPLES: &'static str = "
        plumb port 443
        plumb port postgresql              # by its name
        plumb port 22 53/udp 8000-8010     # a line each, by number
        plumb port                         # the ranges and listeners of this machine";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let services = services::read(self.services.as_deref())?;
        let asked = read::ports(&self.texts, &services)?;
        let file = self.services.unwrap_or_else(|| services::SERVICES.into());
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "port")?;
        let machine = Machine::read(&asked);
        session.record("port_ranges", &machine.ranges)?;
        let bind = !self.no_bind && asked.len() <= BINDS_MAX;
        let (named, pages) = (facts::named_in(&services), facts::pages());
        let look = Look { machine: &machine, services: &named, pages: &pages, file: &file, bind };
        let all: Vec<Facts> = asked.iter().map(|asked| Facts::of(*asked, &look)).collect();
        for facts in &all {
            session.record("port", facts)?;
        }
        let layout = session.output().layout;
        let lines: Vec<Line> = match &all[..] {
            [] => show::machine(&machine, &services, &layout),
            _ if layout.detail == Detail::Quiet => {
                all.iter().map(|facts| Line::plain(facts.port.to_string())).collect()
            }
            [one] => show::lines(one, &machine.ranges, &layout),
            many => table::lines(many, &layout),
        };
        session.lines(&lines)?;
        session.end(ExitStatus::GOOD)
    }
}
