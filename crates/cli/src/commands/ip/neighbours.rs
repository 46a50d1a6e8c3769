//! `plumb ip neighbours`.

use clap::Args;
use ipnet::IpNet;
use plumb_report::text::Detail;
use plumb_report::{Line, Tone};
use plumb_wire::addr::set::{AnySpan, Number, Span};
use serde::Serialize;

use super::net;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Columns of the names at the left, with what stands before them.
const NAME: usize = 14;

/// Show the networks beside a network
///
/// Those of the same length before and behind it, and which of the two is its
/// sibling: the other half of the parent. Only siblings merge into one network.
#[derive(Debug, Args)]
#[command(alias = "neighbors")]
pub struct Neighbours {
    /// The network
    #[arg(value_name = "NET", required = true)]
    networks: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Neighbours {
    const EXAMPLES: &'static str = "
        plumb ip neighbours 10.0.0.64/26
        plumb ip neighbours 2001:db8:0:4::/64
        plumb ip neighbours -q 10.0.0.64/26    # the networks only";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip neighbours")?;
        for (at, text) in self.networks.iter().enumerate() {
            let network = net::masked(text, self.output.quiet)?;
            let neighbours = match AnySpan::from(network) {
                AnySpan::V4(span) => Beside::of(span, network),
                AnySpan::V6(span) => Beside::of(span, network),
            };
            session.record("neighbours", &neighbours)?;
            let is_quiet = session.output().layout.detail == Detail::Quiet;
            let mut lines = if is_quiet { neighbours.bare() } else { neighbours.lines() };
            if at > 0 && !is_quiet {
                lines.insert(0, Line::new());
            }
            session.lines(&lines)?;
        }
        session.end(ExitStatus::GOOD)
    }
}

/// The data of a `neighbours` record.
#[derive(Debug, Serialize)]
struct Beside {
    network: IpNet,
    /// Null at the beginning of the family.
    before: Option<IpNet>,
    /// Null at its end.
    after: Option<IpNet>,
    /// The one of the two that it merges with; null for the whole family.
    sibling: Option<IpNet>,
    /// What it merges to.
    parent: Option<IpNet>,
    /// The halves of the network; null of a single address.
    halves: Option<[IpNet; 2]>,
}

impl Beside {
    fn of<T: Number>(span: Span<T>, network: IpNet) -> Beside {
        let length = network.prefix_len();
        let same = |address: T| Span::of_network(address, length).first.network(length);
        let before = span.first.previous().map(same);
        let after = span.last.next().map(same);
        let parent = network.supernet();
        let in_parent = |net: &IpNet| parent.is_some_and(|parent| parent.contains(net));
        let halves = (length < T::BITS).then(|| {
            let first = Span::of_network(span.first, length + 1);
            let second = Span::of_network(span.last, length + 1);
            [first, second].map(|half| half.first.network(length + 1))
        });
        Beside {
            network,
            before,
            after,
            sibling: [before, after].into_iter().flatten().find(in_parent),
            parent,
            halves,
        }
    }

    /// The networks on both sides, for other commands to read.
    fn bare(&self) -> Vec<Line> {
        let sides = [self.before, self.after].into_iter().flatten();
        sides.map(|net| Line::plain(net.to_string())).collect()
    }

    fn lines(&self) -> Vec<Line> {
        let name = |name: &str| Line::plain("  ").and(Tone::Hint, name).pad_to(NAME);
        let texts = [self.before, self.after, self.parent].into_iter().flatten();
        let width = texts.map(|net| net.to_string().len()).max().unwrap_or_default();
        let mut lines = vec![Line::new().and(Tone::Strong, self.network.to_string()), Line::new()];
        for (side, net) in [("before", self.before), ("after", self.after)] {
            lines.push(match net {
                None => name(side).and(Tone::Faint, "none: here the family ends"),
                Some(net) => {
                    let line = name(side).and(Tone::Plain, net.to_string());
                    self.merging(line.pad_to(NAME + width + 2), net)
                }
            });
        }
        if let (Some(parent), Some(sibling)) = (self.parent, self.sibling) {
            let (low, high) = match sibling < self.network {
                true => (sibling, self.network),
                false => (self.network, sibling),
            };
            lines.push(name("sibling").and(Tone::Plain, sibling.to_string()));
            let line = name("parent").and(Tone::Plain, parent.to_string());
            let sum = format!("{low} + {high}");
            // Both names of IPv6 in full do not fit beside the parent.
            lines.push(match NAME + width + 2 + sum.len() <= 80 {
                true => line.pad_to(NAME + width + 2).and(Tone::Faint, sum),
                false => line,
            });
        }
        if let Some([first, second]) = self.halves {
            lines.push(name("halves").and(Tone::Plain, first.to_string()));
            lines.push(name("").and(Tone::Plain, second.to_string()));
        }
        lines
    }

    /// Whether the network merges with a neighbour, and if not why.
    fn merging(&self, line: Line, beside: IpNet) -> Line {
        if self.sibling == Some(beside) {
            let parent = self.parent.map(|parent| parent.to_string()).unwrap_or_default();
            return line.and(Tone::Good, "merges").and(Tone::Faint, format!(" into {parent}"));
        }
        let other = beside.supernet().map(|parent| parent.to_string()).unwrap_or_default();
        line.and(Tone::Faint, format!("does not merge: it is in {other}"))
    }
}
