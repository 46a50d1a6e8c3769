//! `plumb ip split`.

use clap::Args;
use ipnet::IpNet;
use plumb_report::{Line, Tone};
use plumb_wire::addr::set::{AnySpan, Number, Span};
use serde::Serialize;

use super::answer::Pen;
use super::facts::{self, Network, count_text};
use super::net;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Split a network into smaller ones
///
/// By length (/26), or into a number of networks that together are the whole.
/// Where that number is no power of two, some of them are half as large as the
/// others; the larger ones come first. What follows # are the first and the last
/// host, so the answer is a list that other commands read.
#[derive(Debug, Args)]
pub struct Split {
    /// The network
    #[arg(value_name = "NET")]
    network: String,

    /// /LENGTH, or: into N
    #[arg(value_name = "/LENGTH|into N", required = true, num_args = 1..=2)]
    how: Vec<String>,

    /// Stop behind N networks
    #[arg(long, value_name = "N")]
    limit: Option<u128>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Split {
    const EXAMPLES: &'static str = "
        plumb ip split 10.0.0.0/24 /26
        plumb ip split 10.0.0.0/24 into 4
        plumb ip split 10.0.0.0/24 into 3              # a /25 and two /26
        plumb ip split 2001:db8::/32 /64 --limit 10    # 4294967296 in all
        plumb ip split -q 192.168.0.0/16 /24           # the networks only";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let network = net::masked(&self.network, self.output.quiet)?;
        let parts = parts(network, &self.how)?;
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip split")?;
        let form = Form {
            json: session.output().json,
            bare: self.output.quiet || network.addr().is_ipv6(),
            color: session.output().color,
        };
        let limit = self.limit.unwrap_or(u128::MAX);
        let mut pen = Pen::new(session.output());
        let written = match AnySpan::from(network) {
            AnySpan::V4(span) => write(&mut pen, span, &parts, limit, form)?,
            AnySpan::V6(span) => write(&mut pen, span, &parts, limit, form)?,
        };
        pen.flush()?;
        let cut = (!pen.is_closed()).then_some(written).filter(|cut| Some(*cut) != parts.count());
        if !self.output.quiet {
            tell(&parts, cut, self.output.verbose > 0);
        }
        let summary = Summary {
            network,
            networks: parts.count(),
            written,
            length: parts.length,
            larger: parts.larger,
        };
        session.record("summary", &summary)?;
        session.end(ExitStatus::GOOD)
    }
}

/// The last record before `end`.
#[derive(Debug, Serialize)]
struct Summary {
    network: IpNet,
    /// All there are; more than `written` where `--limit` ended it.
    #[serde(serialize_with = "facts::count")]
    networks: facts::Count,
    written: u128,
    /// Of the smallest.
    length: u8,
    /// So many of them are one bit shorter.
    larger: u128,
}

/// Into what a network is split.
#[derive(Debug, Clone, Copy)]
struct Parts {
    /// Of the smaller networks.
    length: u8,
    /// Bits more than the network has.
    more_bits: u8,
    /// How many at the beginning are of one bit less, and so twice as large.
    larger: u128,
}

impl Parts {
    /// None for 2^128.
    fn count(&self) -> facts::Count {
        1u128.checked_shl(self.more_bits.into()).map(|all| all - self.larger)
    }
}

/// Reads `/26`, or `into 4`.
fn parts(network: IpNet, how: &[String]) -> Result<Parts, CommandError> {
    let (own, most) = (network.prefix_len(), network.max_prefix_len());
    let (text, is_count) = match how {
        [word, number] if word == "into" => (number, true),
        [word] if word == "into" => {
            return Err(CommandError::usage("into how many networks? A number is missing")
                .hint(format!("plumb ip split {network} into 4")));
        }
        [length] => (length, false),
        [_, more] | [_, _, more, ..] => {
            return Err(CommandError::usage("this is one word too many").at(more, 0..more.len()));
        }
        [] => return Err(CommandError::usage("split into what? Say /LENGTH or: into N")),
    };
    if is_count { into(network, text) } else { by_length(own, most, text) }
}

fn by_length(own: u8, most: u8, text: &str) -> Result<Parts, CommandError> {
    let digits = text.strip_prefix('/').unwrap_or(text);
    let at = text.len() - digits.len()..text.len();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || !text.starts_with('/') {
        let mask = digits.parse::<std::net::Ipv4Addr>().ok().filter(|_| most == 32);
        let mask = mask.and_then(|mask| ipnet::ip_mask_to_prefix(mask.into()).ok());
        let hint = match (digits.parse::<u128>(), mask) {
            (Ok(_), _) => format!("write /{digits} for that length, or: into {digits}"),
            (Err(_), Some(length)) => format!("write /{length}"),
            (Err(_), None) => format!("write a length such as /{}, or: into 4", most.min(own + 2)),
        };
        return Err(CommandError::usage("this is no prefix length").at(text, at).hint(hint));
    }
    match digits.parse::<u8>() {
        Ok(length) if length < own => {
            Err(CommandError::usage(format!("a /{own} has no networks as large as /{length}"))
                .at(text, at)
                .hint(format!("write /{own} to /{most}")))
        }
        Ok(length) if length <= most => Ok(Parts { length, more_bits: length - own, larger: 0 }),
        _ => Err(CommandError::usage(format!("prefix lengths end at /{most} here"))
            .at(text, at)
            .hint(format!("write /{own} to /{most}"))),
    }
}

fn into(network: IpNet, text: &str) -> Result<Parts, CommandError> {
    let host_bits = network.max_prefix_len() - network.prefix_len();
    let at = 0..text.len();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = text.trim_start_matches('0');
    if !is_number || digits.is_empty() {
        return Err(CommandError::usage("this is no number of networks")
            .at(text, at)
            .hint("write a whole number, 1 or more: into 4"));
    }
    // 2^128 is the one number of networks that u128 does not hold.
    let most = count_text(1u128.checked_shl(host_bits.into()));
    if host_bits == 128 && digits == most {
        return Ok(Parts { length: 128, more_bits: 128, larger: 0 });
    }
    let count = digits.parse::<u128>().ok();
    let more_bits = count.map_or(129, |count| 128 - (count - 1).leading_zeros());
    let more_bits = u8::try_from(more_bits).unwrap_or(u8::MAX);
    let Some(count) = count.filter(|_| more_bits <= host_bits) else {
        let addresses = most;
        let plural = if host_bits == 0 { "address" } else { "addresses" };
        return Err(CommandError::usage(format!(
            "{network} has {addresses} {plural}, fewer than {digits}"
        ))
        .at(text, at));
    };
    let larger = 1u128.checked_shl(more_bits.into()).map_or(0, |all| all - count);
    Ok(Parts { length: network.prefix_len() + more_bits, more_bits, larger })
}

/// How the parts are shown.
#[derive(Debug, Clone, Copy)]
struct Form {
    json: bool,
    /// Without hosts.
    bare: bool,
    color: bool,
}

/// Writes the parts one by one; how many.
fn write<T: Number>(
    pen: &mut Pen<'_>,
    whole: Span<T>,
    parts: &Parts,
    limit: u128,
    form: Form,
) -> Result<u128, CommandError> {
    let column = width(whole) + NOT_ADDRESS;
    let (mut at, mut written) = (Some(whole.first), 0u128);
    while let Some(first) = at.filter(|first| written < limit && *first <= whole.last) {
        let length = parts.length - u8::from(written < parts.larger);
        let part = Span::of_network(first, length);
        if form.json {
            pen.record("subnet", &Network::of(first.network(length)))?;
        } else if form.bare {
            pen.network(first, length, false)?;
        } else {
            let hosts = hosts(&Network::of(first.network(length)), column - NOT_ADDRESS);
            let name = format!("{}/{length}", first.address());
            if form.color {
                let line = Line::plain(name).pad_to(column).and(Tone::Faint, hosts);
                pen.styled(&line)?;
            } else {
                pen.line(format!("{name:column$}{hosts}").as_bytes())?;
            }
        }
        written += 1;
        if pen.is_closed() {
            break;
        }
        at = part.last.next();
    }
    Ok(written)
}

/// `# 10.0.0.1  - 10.0.0.62   62 hosts`.
fn hosts(network: &Network, width: usize) -> String {
    let count = count_text(network.hosts);
    let Network { first_host, last_host, .. } = network;
    if first_host == last_host {
        return format!("# {first_host}");
    }
    format!("# {first_host:width$} - {last_host:width$}  {count} hosts")
}

/// Columns of a part's name beside its address: the length, and blanks.
const NOT_ADDRESS: usize = 6;

/// Columns that no part's address exceeds.
fn width<T: Number>(whole: Span<T>) -> usize {
    let (std::net::IpAddr::V4(first), std::net::IpAddr::V4(last)) =
        (whole.first.address(), whole.last.address())
    else {
        return 0;
    };
    let mut same = true;
    let octets = first.octets().into_iter().zip(last.octets()).map(|(first, last)| {
        let most = if same { last } else { u8::MAX };
        same &= first == last;
        most.to_string().len()
    });
    octets.sum::<usize>() + "...".len()
}

/// What the parts are, where that is not plain; and that more would follow.
fn tell(parts: &Parts, cut: Option<u128>, verbose: bool) {
    let count = count_text(parts.count());
    if parts.larger > 0 {
        let (small, large) = (parts.length, parts.length - 1);
        let smaller = parts.count().map_or(0, |count| count - parts.larger);
        output::note(&format!(
            "{count} is no power of two: {} of /{large}, then {smaller} of /{small}",
            parts.larger
        ));
    } else if verbose {
        output::note(&format!("{count} networks of /{}", parts.length));
    }
    if let Some(written) = cut {
        output::note(&format!("these are {written} of {count}: --limit"));
    }
}
