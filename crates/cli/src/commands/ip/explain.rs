//! `plumb ip explain A B/LEN`: whether two hosts are on one link.

use std::net::IpAddr;

use clap::Args;
use ipnet::IpNet;
use plumb_report::text::{COLUMNS_MAX, COLUMNS_MIN, Detail, Layout};
use plumb_report::{Line, Tone, styled};

use super::binary::{self, Place, Row};
use super::link::{Link, Side};
use crate::args::ip;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Columns before everything, and where values begin.
const INDENT: usize = 2;
const VALUE: usize = 14;

/// Say why two hosts are or are not on one link
///
/// A host asks only one question of a destination: is its address AND my mask
/// the same as my address AND my mask? If so it asks for the neighbour (ARP,
/// for IPv6 neighbour discovery), else it hands the packet to a gateway. Ends
/// with 0 if both hosts find each other on their link, with 1 if not.
#[derive(Debug, Args)]
pub struct Explain {
    /// A host, with or without its prefix
    #[arg(value_name = "A[/LEN]")]
    from: String,

    /// The other host, with or without its prefix
    #[arg(value_name = "B[/LEN]")]
    to: String,

    /// The prefix of a host that is given without one
    #[arg(long, value_name = "LEN|MASK")]
    prefix: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Explain {
    const EXAMPLES: &'static str = "
        plumb ip explain 192.168.1.10 192.168.2.20/24
        plumb ip explain 10.0.1.5/24 10.0.2.5/16       # the masks disagree
        plumb ip explain 2001:db8::1 2001:db8::2 --prefix 64";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let (from, to) = self.hosts()?;
        let link = Link::between(from, to);
        let mut session = Session::begin(&mut output, "ip explain")?;
        session.record("link", &link)?;
        let layout = session.output().layout;
        session.lines(&lines(&link, &layout))?;
        session.end(if link.same_link { ExitStatus::GOOD } else { ExitStatus::NO })
    }
}

impl Explain {
    /// Both hosts with their prefixes: its own, else `--prefix`, else the
    /// other's.
    fn hosts(&self) -> Result<(IpNet, IpNet), CommandError> {
        let (from, to) = (ip::network(&self.from)?, ip::network(&self.to)?);
        let (own, others) = (self.from.contains('/'), self.to.contains('/'));
        if from.addr().is_ipv4() != to.addr().is_ipv4() {
            return Err(CommandError::usage("one host has IPv4 and the other IPv6")
                .at(&self.to, 0..self.to.len())
                .hint("two hosts that share no family cannot speak to each other directly"));
        }
        let given = self.prefix.as_deref().map(|prefix| {
            let prefix = prefix.strip_prefix('/').unwrap_or(prefix);
            ip::network(&format!("{}/{prefix}", from.addr()))
        });
        let given = given.transpose()?;
        let of_given =
            |host: IpNet, net: IpNet| IpNet::new(host.addr(), net.prefix_len()).unwrap_or(host);
        Ok(match (own, others, given) {
            (true, true, None) => (from, to),
            (true, true, Some(_)) => {
                return Err(CommandError::usage("both hosts have a prefix, and --prefix is given")
                    .hint("leave --prefix out"));
            }
            (true, false, given) => (from, of_given(to, given.unwrap_or(from))),
            (false, true, given) => (of_given(from, given.unwrap_or(to)), to),
            (false, false, Some(net)) => (of_given(from, net), of_given(to, net)),
            (false, false, None) => {
                let usual = if from.addr().is_ipv4() { 24 } else { 64 };
                return Err(CommandError::usage("the prefix decides, and there is none")
                    .at(&self.to, self.to.len()..self.to.len())
                    .hint(format!("write {}/{usual} if that is the prefix", self.to)));
            }
        })
    }
}

fn lines(link: &Link, layout: &Layout) -> Vec<Line> {
    let tone = if link.same_link { Tone::Good } else { Tone::Bad };
    let answer = Line::new().and(tone, link.answer());
    if layout.detail == Detail::Quiet {
        return vec![answer];
    }
    let columns = layout.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    let place = Place { indent: INDENT, value: VALUE, columns, unicode: layout.unicode };
    let mut lines = vec![answer, Line::new()];
    lines.extend(view(link, &link.from, ["A", "B"], &place));
    if link.from.prefix_length != link.to.prefix_length {
        let words = format!("B is /{}, and sees it so:", link.to.prefix_length);
        lines.push(Line::plain(" ".repeat(INDENT)).and(Tone::Strong, words));
        lines.push(Line::new());
        lines.extend(view(link, &link.to, ["B", "A"], &place));
    }
    for (name, text) in link.words() {
        for (i, piece) in styled::wrap(&text, columns - VALUE).into_iter().enumerate() {
            let line = Line::plain(" ".repeat(INDENT));
            let tone = if name == "careful" { Tone::Warning } else { Tone::Hint };
            let line = line.and(tone, if i == 0 { name } else { "" }).pad_to(VALUE);
            lines.push(line.and(Tone::Plain, piece));
        }
    }
    lines
}

/// Both ANDs with the mask of one host, and where they differ.
fn view(link: &Link, side: &Side, names: [&'static str; 2], place: &Place) -> Vec<Line> {
    let other = if side.address == link.from.address { link.to.address } else { link.from.address };
    let length = side.prefix_length;
    let mut lines = Vec::new();
    let networks = [side.network.network(), side.sees_other_in.network()];
    for ((name, address), network) in names.into_iter().zip([side.address, other]).zip(networks) {
        let operands = [Row { name, address }, Row { name: "netmask", address: side.netmask }];
        let results = [Row { name: "network", address: network }];
        lines.extend(binary::and(&operands, &results, length, place));
        if name == names[0] {
            lines.push(Line::new());
        }
    }
    let [one, two]: [IpAddr; 2] = networks;
    if one != two {
        lines.push(binary::difference(one, two, "differ", place));
    }
    lines.push(binary::ruler(one, length, place));
    lines.push(Line::new());
    lines
}
