//! `plumb ip contains`.

use clap::Args;
use ipnet::IpNet;
use plumb_report::{Line, Tone};
use plumb_wire::addr::scan::Item;
use plumb_wire::addr::set::{AddressSet, AnySpan};
use serde::Serialize;

use super::answer::Pen;
use super::input::{self, ReadArgs, Reader, SETS, Source, Visit};
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Say whether a set contains addresses
///
/// Ends with 0 if it contains every address asked about, and else with 1. A
/// network is contained if all of it is. Of what is read from a file or stdin,
/// the lines that are in the set are printed as they come, as grep would;
/// blank lines, comments and --column are for those lines.
#[derive(Debug, Args)]
#[command(after_long_help = SETS)]
pub struct Contains {
    /// The set: a network, or any SET
    #[arg(value_name = "NET")]
    set: String,

    /// What is asked about: addresses, or any SET; stdin if there is none
    #[arg(value_name = "ADDR")]
    asked: Vec<String>,

    /// Ask about each line of FILE
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    /// Print what is not in the set instead
    #[arg(long)]
    not: bool,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Contains {
    const EXAMPLES: &'static str = "
        plumb ip contains 10.0.0.0/8 10.1.2.3      # exit 0: it does
        plumb ip contains 10.0.0.0/8 192.0.2.1     # exit 1: it does not
        plumb ip contains nets.txt --file seen.txt # the lines that are in it
        plumb ip contains nets.txt --not --column 1 < access.log  # those not";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let (source, asked) = self.sources()?;
        let mut reader = Reader::new(&self.read.of_lists(), self.output.quiet);
        let set = reader.set(std::slice::from_ref(&source))?;
        let masked_in_set = reader.tally.warn_unless(self.output.quiet);
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip contains")?;
        // A bar and an answer that grows do not share a terminal.
        let quiet = self.output.quiet || session.output().live;
        let mut reader = Reader::new(&self.read, quiet);
        let mut asking = Asking {
            name: &self.set,
            set: &set,
            show: self.show(session.output().json),
            not: self.not,
            is_argument: false,
            asked: 0,
            contained: 0,
            pen: Pen::new(session.output()),
        };
        for source in &asked {
            asking.is_argument = matches!(source, Source::Text(_));
            reader.read(source, &mut asking)?;
        }
        asking.pen.flush()?;
        let (asked, contained) = (asking.asked, asking.contained);
        let masked = reader.tally.warn_unless(self.output.quiet) + masked_in_set;
        let (lines, lines_skipped) = (reader.tally.lines, reader.tally.skipped);
        let summary = Summary { lines, asked, contained, lines_skipped, networks_masked: masked };
        session.record("summary", &summary)?;
        if asked == 0 && !self.output.quiet {
            output::warning("nothing was asked about: no line holds an address");
        }
        if self.output.verbose > 0 {
            let text =
                format!("{contained} of {asked} are contained, {lines_skipped} lines skipped");
            output::tell(&[Line::plain(text)]);
        }
        session.end(if contained == asked { ExitStatus::GOOD } else { ExitStatus::NO })
    }
}

impl Contains {
    /// The set, and what is asked about.
    fn sources(&self) -> Result<(Source, Vec<Source>), CommandError> {
        let mut words = vec![self.set.clone()];
        words.extend(self.asked.iter().cloned());
        words.extend(self.file.as_deref().map(Source::word_of_file));
        let mut sources = input::sources(&words)?;
        if sources.len() == 1 {
            sources.extend(input::sources_or_stdin(&[])?);
            input::check(&sources)?;
        }
        let set = sources.remove(0);
        Ok((set, sources))
    }

    fn show(&self, json: bool) -> Show {
        match (json, self.output.quiet) {
            (true, _) => Show::Records,
            (false, true) => Show::Nothing,
            (false, false) => Show::Text,
        }
    }
}

/// How each answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    Text,
    Records,
    Nothing,
}

/// The data of a `contains` record.
#[derive(Debug, Serialize)]
struct Record {
    /// What was asked about: an address, a network or a range.
    asked: String,
    contained: bool,
    /// Some of it is in the set.
    overlaps: bool,
    /// The largest network of the set that it is in.
    within: Option<IpNet>,
}

/// The last record before `end`.
#[derive(Debug, Serialize)]
struct Summary {
    lines: u64,
    asked: u64,
    contained: u64,
    lines_skipped: u64,
    networks_masked: u64,
}

struct Asking<'a> {
    /// The set, as it was written.
    name: &'a str,
    set: &'a AddressSet,
    show: Show,
    not: bool,
    /// What is asked about stands in the command line.
    is_argument: bool,
    asked: u64,
    contained: u64,
    pen: Pen<'a>,
}

impl Visit for Asking<'_> {
    fn item(&mut self, item: Item, line: &[u8]) -> Result<(), CommandError> {
        let contained = self.set.contains(item.span);
        self.asked += 1;
        self.contained += u64::from(contained);
        match self.show {
            Show::Nothing => Ok(()),
            Show::Records => self.pen.record("contains", &self.record(item.span, contained)),
            Show::Text if self.is_argument && self.not && contained => Ok(()),
            Show::Text if self.is_argument => self.sentence(item.span, contained),
            Show::Text if contained != self.not => self.pen.line(line),
            Show::Text => Ok(()),
        }
    }

    fn pause(&mut self) -> Result<bool, CommandError> {
        self.pen.flush()?;
        Ok(!self.pen.is_closed())
    }
}

impl Asking<'_> {
    fn record(&self, span: AnySpan, contained: bool) -> Record {
        Record {
            asked: text_of(span),
            contained,
            overlaps: contained || self.set.overlaps(span),
            within: contained.then(|| self.within(span)).flatten(),
        }
    }

    fn within(&self, span: AnySpan) -> Option<IpNet> {
        let around = self.set.around(span)?;
        around.networks().find(|network| {
            let network = AnySpan::from(*network);
            network.first() <= span.first() && span.last() <= network.last()
        })
    }

    fn sentence(&mut self, span: AnySpan, contained: bool) -> Result<(), CommandError> {
        let record = self.record(span, contained);
        let within = record.within.map(|within| within.to_string());
        let within = within.filter(|within| within != self.name && *within != record.asked);
        let (tone, verb) = match (contained, record.overlaps) {
            (true, _) => (Tone::Good, "contains"),
            (false, true) => (Tone::Bad, "contains only a part of"),
            (false, false) => (Tone::Bad, "does not contain"),
        };
        let line = Line::plain(self.name)
            .and(tone, format!(" {verb} "))
            .and(Tone::Plain, record.asked)
            .and(Tone::Faint, within.map(|within| format!("  (in {within})")).unwrap_or_default());
        self.pen.styled(&line)
    }
}

/// An address, a network or a range.
fn text_of(span: AnySpan) -> String {
    if span.first() == span.last() {
        return span.first().to_string();
    }
    let mut networks = span.networks();
    match (networks.next(), networks.next()) {
        (Some(network), None) => network.to_string(),
        _ => format!("{}-{}", span.first(), span.last()),
    }
}
