//! `plumb ip ...`.

mod answer;
mod binary;
mod chunks;
mod complement;
mod contains;
mod embedded;
mod explain;
mod facts;
mod input;
mod intersect;
mod link;
mod list;
mod lookup;
mod merge;
mod minus;
mod neighbours;
mod net;
mod numbers;
mod plan;
mod random;
mod range;
mod reverse;
mod show;
mod special;
mod split;
mod xor;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use plumb_report::Line;
use plumb_report::text::Detail;

use super::{Entry, Run, command_table};
use crate::args::ip;
use crate::args::output::OutputArgs;
use crate::args::texts::each_text;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};
use crate::suggest;
use facts::Facts;

/// Take an address or a network apart
///
/// Shows the AND of address and mask in binary, the network that it gives with
/// its hosts and counts, the address in every notation, its name in the reverse
/// tree, and where it belongs. Only the strict notations are read: what the C
/// library reads otherwise is refused, and it is said what would be right.
/// Nothing is sent.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Ip {
    /// ADDR, NET/LEN, NET/NETMASK, NET/WILDCARD or NET NETMASK; - reads lines
    #[arg(value_name = "ADDR|NET")]
    texts: Vec<String>,

    /// The addresses are decimal integers
    #[arg(long, conflicts_with = "from_hex")]
    from_int: bool,

    /// The addresses are hexadecimal, with or without 0x, colons and blanks
    #[arg(long)]
    from_hex: bool,

    /// A small integer is an IPv6 address
    #[arg(short = '6', long = "ipv6")]
    ipv6: bool,

    /// A prefix of a NAT64 translator, to take apart and to make what it stands for
    #[arg(long, value_name = "PREFIX")]
    nat64: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(subcommand)]
    command: Option<Below>,
}

command_table! {
    Below {
        "address": Explain(explain::Explain),
        "address": Merge(merge::Merge),
        "address": Minus(minus::Minus),
        "address": Intersect(intersect::Intersect),
        "address": Xor(xor::Xor),
        "address": Complement(complement::Complement),
        "address": Contains(contains::Contains),
        "address": Range(range::Range),
        "address": Split(split::Split),
        "address": Neighbours(neighbours::Neighbours),
        "address": Random(random::Random),
        "address": List(list::List),
        "address": Lookup(lookup::Lookup),
        "address": Plan(plan::PlanCommand),
    }
}

impl Run for Ip {
    const EXAMPLES: &'static str = "
        plumb ip 192.168.1.100/24
        plumb ip 2001:db8:85a3::8a2e:370:7334/64
        plumb ip 10.1.2.3 255.255.252.0    # the mask as a word of its own
        plumb ip --from-int 3232235876
        plumb ip --json - < addresses.txt  # an address or network per line";
    const SUBCOMMANDS: &'static [Entry] = Below::TABLE;

    fn run(mut self) -> Result<ExitStatus, CommandError> {
        if let Some(command) = self.command.take() {
            return command.run();
        }
        join_mask(&mut self.texts);
        let translators: Vec<_> =
            self.nat64.iter().map(|text| ip::nat64(text)).collect::<Result<_, _>>()?;
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip")?;
        let mut shown = 0;
        let has_lines = self.texts.iter().any(|text| text == "-");
        each_text(&self.texts, |text| {
            let text = if has_lines { text.split(['#', ';']).next().unwrap_or(text) } else { text };
            let text = text.trim();
            if has_lines && text.is_empty() {
                return Ok(());
            }
            let (network, alone) = self.read(text)?;
            let mut facts = Facts::of(text, network, alone);
            if !translators.is_empty() {
                facts.inside = embedded::Inside::of(network, &translators);
            }
            session.record("address", &facts)?;
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

impl Ip {
    /// The network that a text says, and whether it is an address alone.
    fn read(&self, text: &str) -> Result<(IpNet, bool), CommandError> {
        if self.from_int {
            return Ok((numbers::integer(text, self.ipv6)?.into(), true));
        }
        if self.from_hex {
            return Ok((numbers::hexadecimal(text, self.ipv6)?.into(), true));
        }
        let network = ip::network(text).map_err(|error| error.hint_if(command_like(text)))?;
        Ok((network, !text.contains('/')))
    }
}

/// The command that a word which is no address may have been meant as.
fn command_like(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let below = Below::augment_subcommands(clap::Command::new("ip"));
    suggest::did_you_mean(text, below.get_subcommands().map(clap::Command::get_name))
}

/// Makes `NET MASK` one text, where the second word cannot be meant as an
/// address of its own: it is a mask, and neither all ones nor all zeros.
fn join_mask(texts: &mut Vec<String>) {
    let [address, mask] = &texts[..] else { return };
    let (Ok(IpNet::V4(_)), Ok(IpNet::V4(alone))) = (ip::network(address), ip::network(mask)) else {
        return;
    };
    let joined = format!("{address}/{mask}");
    let is_mask = ip::network(&joined).is_ok_and(|net| (1..32).contains(&net.prefix_len()));
    let first = alone.addr().octets()[0];
    if is_mask && matches!(first, 0 | 255) && !address.contains('/') {
        crate::output::note(&format!("read as {joined}"));
        *texts = vec![joined];
    }
}
