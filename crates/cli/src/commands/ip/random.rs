//! `plumb ip random`.

use clap::Args;
use ipnet::IpNet;
use plumb_wire::addr::set::{AnySpan, Number, Span};
use serde::Serialize;

use super::answer::Pen;
use super::net;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};
use crate::seeded::{self, Generator};

/// Print random addresses of a network
///
/// Each address is as likely as any other, and may come twice. The same seed
/// gives the same addresses, in every version and on every machine. They are
/// test data: the generator is not meant for secrets.
#[derive(Debug, Args)]
pub struct Random {
    /// The network
    #[arg(value_name = "NET")]
    network: String,

    /// How many
    #[arg(long, visible_short_alias = 'n', value_name = "N", default_value_t = 1)]
    count: u64,

    /// Where the generator begins
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    /// Only addresses that a host can have
    #[arg(long, alias = "hosts", conflicts_with = "prefix")]
    host: bool,

    /// Networks of this length instead of addresses
    #[arg(long, value_name = "/LENGTH", value_parser = length)]
    prefix: Option<u8>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Reads `/26` or `26`.
fn length(text: &str) -> Result<u8, String> {
    text.strip_prefix('/').unwrap_or(text).parse().map_err(|_| "this is no prefix length".into())
}

impl Run for Random {
    const EXAMPLES: &'static str = "
        plumb ip random 10.0.0.0/8
        plumb ip random 2001:db8::/48 -n 5 --seed 7     # the same five each time
        plumb ip random --host 192.168.1.0/24           # not .0, not .255
        plumb ip random 10.0.0.0/8 --prefix /24 -n 3    # networks of it";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let network = net::masked(&self.network, self.output.quiet)?;
        let (own, most) = (network.prefix_len(), network.max_prefix_len());
        if let Some(length) = self.prefix.filter(|length| !(own..=most).contains(length)) {
            return Err(CommandError::usage(format!("{network} has no networks of /{length}"))
                .hint(format!("write --prefix /{own} to /{most}")));
        }
        let seed = self.seed.unwrap_or_else(seeded::any_seed);
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip random")?;
        let json = session.output().json;
        let mut pen = Pen::new(session.output());
        match AnySpan::from(network) {
            AnySpan::V4(span) => {
                self.write(&mut pen, if self.host { hosts(span, 1) } else { span }, seed, json)?;
            }
            AnySpan::V6(span) => {
                self.write(&mut pen, if self.host { hosts(span, 0) } else { span }, seed, json)?;
            }
        }
        pen.flush()?;
        if self.output.verbose > 0 {
            output::note(&format!("--seed {seed} gives these again"));
        }
        session.record("summary", &Summary { network, count: self.count, seed })?;
        session.end(ExitStatus::GOOD)
    }
}

/// The last record before `end`.
#[derive(Debug, Serialize)]
struct Summary {
    network: IpNet,
    count: u64,
    seed: u64,
}

impl Random {
    fn write<T: Number>(
        &self,
        pen: &mut Pen<'_>,
        span: Span<T>,
        seed: u64,
        json: bool,
    ) -> Result<(), CommandError> {
        let mut generator = Generator(seed);
        let distance = span.last.minus(span.first).wide();
        for _ in 0..self.count {
            let offset = generator.up_to(distance);
            let address = T::narrow(offset).plus(span.first);
            match self.prefix {
                Some(length) => {
                    pen.network(Span::of_network(address, length).first, length, json)?;
                }
                None => pen.address(address, json)?,
            }
            if pen.is_closed() {
                break;
            }
        }
        Ok(())
    }
}

/// The addresses of a network that a host can have: without the first, and
/// without so many at the end. A network of one or two has no others.
pub(super) fn hosts<T: Number>(span: Span<T>, at_end: u8) -> Span<T> {
    let size = span.last.minus(span.first).wide();
    if size < 2 {
        return span;
    }
    let last = match at_end {
        0 => span.last,
        _ => span.last.previous().unwrap_or(span.last),
    };
    Span { first: span.first.next().unwrap_or(span.first), last }
}
