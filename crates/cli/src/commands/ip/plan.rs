//! `plumb ip plan`.

mod file;
mod picture;

use std::path::{Path, PathBuf};

use clap::Args;
use ipnet::IpNet;
use plumb_report::text::Detail;
use plumb_report::{Line, Tone};
use plumb_wire::addr::plan::{
    Asked, Changes, Fate, Missing, Outcome, Plan, Subnet, Why, addresses,
};
use plumb_wire::addr::set::{AnySpan, Count};
use serde::Serialize;

use super::facts::{self, Network};
use super::net;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};
use file::PlanFile;

/// Plan subnets of different sizes within a network
///
/// A SIZE is a number of hosts (to which IPv4 adds the network's name and
/// broadcast; in IPv6 it is one /64), a number of subnets (40x/64, in IPv6
/// rounded to a nibble), a length (/26), or a network of its own (10.0.0.64/26).
/// The largest come first, each in the smallest free place that holds it.
///
/// With --plan the plan is kept in a file, and later runs change it: what has
/// its addresses keeps them. A larger SIZE lets a subnet grow where it is; if
/// that cannot be, it is said what is in the way. Ends with 1, and writes
/// nothing, if something does not fit.
#[derive(Debug, Args)]
#[command(name = "plan")]
pub struct PlanCommand {
    /// The network, then NAME=SIZE of each subnet; the network may be in FILE
    #[arg(value_name = "NET|NAME=SIZE")]
    words: Vec<String>,

    /// Read the plan in FILE, if it is there, change it, and write it back
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,

    /// Give up a subnet
    #[arg(long, value_name = "NAME")]
    remove: Vec<String>,

    /// Let a subnet move if it cannot grow where it is
    #[arg(long = "move", value_name = "NAME")]
    may_move: Vec<String>,

    /// Show what would be, and leave FILE as it is
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for PlanCommand {
    const EXAMPLES: &'static str = "
        plumb ip plan 10.0.0.0/24 web=50 db=20 link=/31
        plumb ip plan 2001:db8::/48 berlin=40x/64 web=100
        plumb ip plan 10.0.0.0/24 web=50 db=20 --plan plan.toml    # and keep it
        plumb ip plan --plan plan.toml db=60 mail=5    # db grows, mail is new
        plumb ip plan --plan plan.toml --remove web
        plumb ip plan --plan plan.toml                 # show it";

    fn run(mut self) -> Result<ExitStatus, CommandError> {
        let saved_as = self.saved_as();
        let Wishes { network: given, ask } = self.wishes()?;
        let (file, before) = match &self.plan {
            Some(path) => match PlanFile::read(path, given)? {
                Some((file, plan)) => (file, Some(plan)),
                None => (PlanFile::default(), None),
            },
            None => (PlanFile::default(), None),
        };
        let is_new = before.is_none();
        let before = match (before, given) {
            (Some(plan), _) => plan,
            (None, Some(network)) => Plan::new(network),
            (None, None) => return Err(no_network(self.plan.as_deref())),
        };
        let changes = Changes { remove: self.remove.clone(), ask, may_move: self.may_move.clone() };
        let outcome = before.change(&changes).map_err(|error| {
            let names: Vec<&str> = before.subnets.iter().map(|s| s.name.as_str()).collect();
            let has = (!names.is_empty()).then(|| format!("the plan has {}", names.join(", ")));
            CommandError::usage(error.to_string()).hint_if(has)
        })?;
        let fits = outcome.missing.is_empty();
        let unchanged = !is_new && outcome.plan == before;
        let path = saved_as.or(self.plan.clone()).filter(|_| fits && !self.dry_run);
        let path = path.filter(|path| !unchanged || self.plan.as_ref() != Some(path));
        if let Some(path) = &path {
            file.write(path, &outcome.plan)?;
        }
        self.answer(&before, &outcome, is_new, path.as_deref())
    }
}

/// The network, if it is given, and the subnets.
struct Wishes {
    network: Option<IpNet>,
    ask: Vec<(String, Asked)>,
}

fn no_network(path: Option<&Path>) -> CommandError {
    match path {
        Some(path) => CommandError::usage(format!("there is no {}", path.display()))
            .hint("for a new plan, give the network: plumb ip plan 10.0.0.0/24 web=50 --plan FILE"),
        None => CommandError::usage("which network? The first word is the network")
            .hint("plumb ip plan 10.0.0.0/24 web=50 db=20"),
    }
}

impl PlanCommand {
    /// `-o plan.toml` asks for the plan, not for a picture in such a file.
    fn saved_as(&mut self) -> Option<PathBuf> {
        let is_plan = |path: &Path| path.extension().is_some_and(|extension| extension == "toml");
        let path = self.output.output.as_deref()?;
        if is_plan(path) { self.output.output.take() } else { None }
    }

    /// What the words say.
    fn wishes(&self) -> Result<Wishes, CommandError> {
        let (mut network, mut ask) = (None, Vec::new());
        for word in &self.words {
            match word.split_once('=') {
                Some((name, size)) => ask.push((name_of(name, word)?, size_of(size, word)?)),
                None if network.is_none() => {
                    network = Some(net::masked(word, self.output.quiet)?);
                }
                None => {
                    return Err(CommandError::usage("a subnet is NAME=SIZE")
                        .at(word, 0..word.len())
                        .hint(format!("write {word}=50 for 50 hosts, {word}=/26 for a length")));
                }
            }
        }
        Ok(Wishes { network, ask })
    }

    fn answer(
        &self,
        before: &Plan,
        outcome: &Outcome,
        is_new: bool,
        written: Option<&Path>,
    ) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip plan")?;
        for (subnet, fate) in outcome.plan.subnets.iter().zip(&outcome.fates) {
            session.record("subnet", &SubnetRecord::of(subnet, *fate))?;
        }
        for subnet in &outcome.removed {
            session.record("removed", &Removed { name: &subnet.name, prefix: subnet.network })?;
        }
        for prefix in outcome.plan.free() {
            session.record("free", &Free { prefix })?;
        }
        let would_hold = larger(before, outcome);
        for missing in &outcome.missing {
            session.record("missing", &MissingRecord::of(missing, outcome.plan.network))?;
        }
        session.record("plan", &PlanRecord::of(outcome, would_hold, written))?;
        let layout = session.output().layout;
        if layout.detail == Detail::Quiet {
            let subnets = outcome.plan.subnets.iter();
            let lines = subnets.map(|s| Line::plain(format!("{} {}", s.network, s.name)));
            session.lines(&lines.collect::<Vec<_>>())?;
        } else {
            let mut shown = outcome.clone();
            if is_new {
                // Where all is new, that is no news.
                shown.fates.fill(Fate::Kept);
            }
            session.lines(&picture::lines(&shown, &layout))?;
        }
        let missing: Vec<Line> =
            outcome.missing.iter().flat_map(|missing| told(missing, outcome)).collect();
        output::tell(&missing);
        if let Some(network) = would_hold {
            output::tell(&[Line::new()
                .and(Tone::Hint, "hint")
                .and(Tone::Plain, format!(": {network} would hold all of it"))]);
        }
        if let Some(path) = written.filter(|_| !self.output.quiet) {
            output::note(&format!("the plan is in {}", path.display()));
        } else if self.plan.is_some() && !outcome.missing.is_empty() {
            output::note("the plan was left as it is");
        }
        session.end(if outcome.missing.is_empty() { ExitStatus::GOOD } else { ExitStatus::NO })
    }
}

fn name_of(name: &str, word: &str) -> Result<String, CommandError> {
    let problem = match name {
        "" => "the name is missing",
        _ if name.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            "a name has no blanks and no control characters"
        }
        _ => return Ok(name.to_owned()),
    };
    Err(CommandError::usage(problem).at(word, 0..name.len()))
}

fn size_of(size: &str, word: &str) -> Result<Asked, CommandError> {
    size.parse().map_err(|error: plumb_wire::addr::plan::AskedError| {
        let before = word.len() - size.len();
        CommandError::usage(error.problem)
            .at(word, error.range.start + before..error.range.end + before)
            .hint("a SIZE is hosts (50), subnets (4x/64), a length (/26) or a network")
    })
}

/// The smallest network around that of the plan in which all would fit.
fn larger(before: &Plan, outcome: &Outcome) -> Option<IpNet> {
    let can = |missing: &Missing| {
        missing.length.is_some() && !matches!(missing.why, Why::Outside | Why::InTheWay(_))
    };
    if outcome.missing.is_empty() || !outcome.missing.iter().all(can) {
        return None;
    }
    let ask: Vec<(String, Asked)> =
        outcome.missing.iter().map(|missing| (missing.name.clone(), missing.asked)).collect();
    let changes = Changes { ask, ..Changes::default() };
    let mut around = before.network;
    while let Some(network) = around.supernet() {
        around = network;
        let plan = Plan { network, subnets: outcome.plan.subnets.clone() };
        if plan.change(&changes).is_ok_and(|outcome| outcome.missing.is_empty()) {
            return Some(network);
        }
    }
    None
}

/// What does not fit, and how much is missing, on stderr.
fn told(missing: &Missing, outcome: &Outcome) -> Vec<Line> {
    let plan = &outcome.plan;
    let needs = match missing.length {
        Some(length) => {
            let count = addresses(plan.network, length);
            let unit = if count == Count::of(1) { "address" } else { "addresses" };
            format!(" needs a /{length} ({count} {unit})")
        }
        None => format!(" = {} is more than any network has", missing.asked),
    };
    let free = plan.free_count();
    let why = match &missing.why {
        Why::TooLarge => String::new(),
        Why::Short(short) => format!("; {free} are free, {short} are missing"),
        Why::Pieces => {
            let largest = plan.free().iter().map(IpNet::prefix_len).min().unwrap_or_default();
            format!("; {free} are free, but the largest piece is a /{largest}")
        }
        Why::InTheWay(names) => match &names[..] {
            [name] => format!("; {name} is in the way"),
            [names @ .., last] => format!("; {} and {last} are in the way", names.join(", ")),
            [] => String::new(),
        },
        Why::Edge => format!(", and {} ends before that", plan.network),
        Why::Outside => format!(" that is not within {}", plan.network),
    };
    let mut lines = vec![
        Line::new()
            .and(Tone::Bad, "missing")
            .and(Tone::Plain, ": ")
            .and(Tone::Strong, &missing.name)
            .and(Tone::Plain, format!("{needs}{why}")),
    ];
    if matches!(missing.why, Why::InTheWay(_))
        && plan.subnets.iter().any(|subnet| subnet.name == missing.name)
    {
        let text = format!(": --move {} lets it have another place", missing.name);
        lines.push(Line::new().and(Tone::Hint, "hint").and(Tone::Plain, text));
    }
    lines
}

/// The data of a `subnet` record.
#[derive(Debug, Serialize)]
struct SubnetRecord<'a> {
    name: &'a str,
    prefix: IpNet,
    /// As it was written.
    asked: String,
    /// `kept`, `new`, `grown` or `moved`.
    fate: &'static str,
    /// Null unless it was grown or moved.
    was: Option<IpNet>,
    #[serde(flatten)]
    network: Network,
}

impl SubnetRecord<'_> {
    fn of(subnet: &Subnet, fate: Fate) -> SubnetRecord<'_> {
        let (fate, was) = match fate {
            Fate::Kept => ("kept", None),
            Fate::New => ("new", None),
            Fate::Grown(was) => ("grown", Some(was)),
            Fate::Moved(was) => ("moved", Some(was)),
        };
        SubnetRecord {
            name: &subnet.name,
            prefix: subnet.network,
            asked: subnet.asked.to_string(),
            fate,
            was,
            network: Network::of(subnet.network),
        }
    }
}

/// The data of a `removed` record.
#[derive(Debug, Serialize)]
struct Removed<'a> {
    name: &'a str,
    prefix: IpNet,
}

/// The data of a `free` record.
#[derive(Debug, Serialize)]
struct Free {
    prefix: IpNet,
}

/// The data of a `missing` record.
#[derive(Debug, Serialize)]
struct MissingRecord<'a> {
    name: &'a str,
    asked: String,
    /// Null if no network is large enough.
    prefix_length: Option<u8>,
    /// Addresses that it needs.
    #[serde(serialize_with = "facts::count")]
    needed: facts::Count,
    /// `too_large`, `short`, `pieces`, `in_the_way`, `edge` or `outside`.
    why: &'static str,
    /// So many more would have to be free; null where that is not why.
    missing_addresses: Option<u128>,
    in_the_way: &'a [String],
}

impl MissingRecord<'_> {
    fn of(missing: &Missing, plan: IpNet) -> MissingRecord<'_> {
        let (why, missing_addresses, in_the_way) = match &missing.why {
            Why::TooLarge => ("too_large", None, &[][..]),
            Why::Short(short) => ("short", short.exact(), &[][..]),
            Why::Pieces => ("pieces", None, &[][..]),
            Why::InTheWay(names) => ("in_the_way", None, &names[..]),
            Why::Edge => ("edge", None, &[][..]),
            Why::Outside => ("outside", None, &[][..]),
        };
        MissingRecord {
            name: &missing.name,
            asked: missing.asked.to_string(),
            prefix_length: missing.length,
            needed: missing.length.and_then(|length| addresses(plan, length).exact()),
            why,
            missing_addresses,
            in_the_way,
        }
    }
}

/// The last record before `end`.
#[derive(Debug, Serialize)]
struct PlanRecord<'a> {
    network: IpNet,
    fits: bool,
    #[serde(serialize_with = "facts::count")]
    addresses: facts::Count,
    #[serde(serialize_with = "facts::count")]
    free_addresses: facts::Count,
    /// The smallest network around in which all would fit; null if all fits.
    would_hold: Option<IpNet>,
    /// The file; null if nothing was written.
    written: Option<&'a Path>,
}

impl PlanRecord<'_> {
    fn of<'a>(
        outcome: &Outcome,
        would_hold: Option<IpNet>,
        written: Option<&'a Path>,
    ) -> PlanRecord<'a> {
        let network = outcome.plan.network;
        PlanRecord {
            network,
            fits: outcome.missing.is_empty(),
            addresses: AnySpan::from(network).count().exact(),
            free_addresses: outcome.plan.free_count().exact(),
            would_hold,
            written,
        }
    }
}
