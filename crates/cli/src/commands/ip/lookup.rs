//! `plumb ip lookup`.

mod table;

use std::borrow::Cow;
use std::ops::Range;

use clap::{Args, ValueEnum};
use plumb_report::{Line, sanitize};
use plumb_wire::addr::find;
use plumb_wire::addr::longest::Found;
use plumb_wire::addr::scan::{self, Address};
use plumb_wire::addr::set::Number;
use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::{Pen, spell_network};
use super::input::{self, Lines, Source};
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};
use table::{Nets, Reading};

/// Join the addresses of a log with a table of prefixes
///
/// Behind each line come the longest prefix that has the first address in it and
/// the other columns of the table, with tabs between. Ends with 0 if any address
/// has a prefix, and else with 1.
///
/// The table is CSV, TSV or words with blanks between, with a header line or
/// without. The prefix is the first column that reads as one, or that of --key.
/// Of rows with the same prefix the first counts. Lines that begin with # or ;
/// are comments.
#[derive(Debug, Args)]
pub struct Lookup {
    /// Logs, addresses, or - for stdin (which is read if there is none)
    #[arg(value_name = "FILE")]
    files: Vec<String>,

    /// The table of prefixes
    #[arg(long, value_name = "TABLE", required = true)]
    nets: String,

    /// The column of the table that is the prefix, by number or name
    #[arg(long, value_name = "N|NAME")]
    key: Option<String>,

    /// Look in the Nth column of each line only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    column: Option<u16>,

    /// Look up every address of a line, and print the line for each
    #[arg(long)]
    all: bool,

    /// What to do with lines whose address has no prefix, or that have none
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Missing::Keep)]
    missing: Missing,

    /// Print the address instead of the line
    #[arg(long)]
    only: bool,

    /// Go on without the rows that have no prefix, and count them
    #[arg(long)]
    skip_bad: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// What happens to lines without a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Missing {
    /// Print them with - as prefix
    Keep,
    /// Print only what matched
    Drop,
    /// Print only them
    Only,
}

impl Run for Lookup {
    const EXAMPLES: &'static str = "
        plumb ip lookup --nets networks.csv access.log
        plumb ip lookup --nets networks.csv 10.1.2.3           # one address
        plumb ip lookup --nets asn.tsv --only --missing drop access.log
        plumb ip lookup --nets asn.tsv --column 3 --json < flows.txt
        plumb ip lookup --nets own.txt --missing only access.log    # strangers";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let table = Source::of(&self.nets);
        let sources = input::sources_or_stdin(&self.files)?;
        let both: Vec<Source> = sources.iter().chain([&table]).cloned().collect();
        input::check(&both)?;
        let reading =
            Reading { key: self.key.as_deref(), skip_bad: self.skip_bad, quiet: self.output.quiet };
        let nets = Nets::read(&table, reading)?;
        if !self.output.quiet {
            warn(&nets, &self.nets);
        }
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip lookup")?;
        let (json, live) = (session.output().json, session.output().live);
        let mut joining = Joining {
            options: &self,
            nets: &nets,
            json,
            live,
            none: [&b"\t-"[..]].repeat(nets.columns + 1).concat(),
            row: Vec::new(),
            waiting: Waiting::default(),
            tally: Tally { prefixes: nets.table.len(), ..Tally::default() },
            pen: Pen::new(session.output()),
        };
        // A bar and an answer that grows do not share a terminal.
        let quiet = self.output.quiet || live;
        for source in &sources {
            joining.tally.lines += input::each_line(source, quiet, &mut joining)?;
            joining.settle()?;
        }
        joining.pen.flush()?;
        let tally = joining.tally;
        session.record("summary", &tally)?;
        if self.output.verbose > 0 {
            output::tell(&tally.told());
        }
        session.end(if tally.matched > 0 { ExitStatus::GOOD } else { ExitStatus::NO })
    }
}

/// What is odd about the table, on stderr.
fn warn(nets: &Nets, name: &str) {
    nets.masked.warn();
    if nets.table.is_empty() {
        output::note(&format!("{name} has no prefixes"));
    }
    if nets.repeated > 0 {
        let many = if nets.repeated == 1 { "row repeats a" } else { "rows repeat the" };
        let text = format!("{name}: {} {many} prefix of an earlier one", nets.repeated);
        output::note(&format!("{text}, which counts"));
    }
    if nets.skipped > 0 {
        output::note(&format!("{name}: rows without a prefix, skipped: {}", nets.skipped));
    }
}

/// The last record before `end`.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Tally {
    prefixes: usize,
    lines: u64,
    /// Looked up.
    addresses: u64,
    matched: u64,
    lines_without_address: u64,
}

impl Tally {
    fn told(&self) -> [Line; 1] {
        let Tally { prefixes, lines, addresses, matched, lines_without_address } = self;
        let without = match lines_without_address {
            0 => String::new(),
            without => format!("; {without} lines without an address"),
        };
        let text = format!("{matched} of {addresses} addresses on {lines} lines have one of");
        [Line::plain(format!("{text} {prefixes} prefixes{without}"))]
    }
}

/// The data of a `lookup` record.
#[derive(Debug, Serialize)]
struct Record<'a> {
    /// From 1.
    line: u64,
    /// Null where the line has none.
    address: Option<std::net::IpAddr>,
    /// Null where no prefix has it.
    prefix: Option<ipnet::IpNet>,
    /// The other columns of the table.
    columns: Option<Map<String, Value>>,
    text: Cow<'a, str>,
}

/// Lines that are looked up at a time: enough that their waits for memory overlap.
const WAITING_LINES: usize = 256;
/// Bytes of them, at most one line more.
const WAITING_BYTES: usize = 64 << 10;

/// Lines that are read and not yet looked up.
#[derive(Debug, Default)]
struct Waiting {
    text: Vec<u8>,
    lines: Vec<Pending>,
    v4: Vec<u32>,
    v6: Vec<u128>,
}

/// An address of a line.
#[derive(Debug)]
struct Pending {
    number: u64,
    /// The line, in the text.
    place: Range<usize>,
    address: Option<Address>,
}

struct Joining<'a> {
    options: &'a Lookup,
    nets: &'a Nets,
    json: bool,
    live: bool,
    /// What stands in the place of prefix and columns.
    none: Vec<u8>,
    /// The line that is made.
    row: Vec<u8>,
    waiting: Waiting,
    tally: Tally,
    pen: Pen<'a>,
}

impl Lines for Joining<'_> {
    #[inline]
    fn line(&mut self, number: u64, line: &[u8]) -> Result<(), CommandError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let within = match self.options.column {
            None => 0..line.len(),
            Some(number) => match scan::column(line, number.into()) {
                None => line.len()..line.len(),
                Some(place) => place,
            },
        };
        let mut found = find::next(&line[..within.end], within.start);
        let start = self.waiting.text.len();
        self.waiting.text.extend_from_slice(line);
        let place = start..start + line.len();
        if found.is_none() {
            self.tally.lines_without_address += 1;
            self.waiting.lines.push(Pending { number, place: place.clone(), address: None });
        }
        while let Some((address, Range { end, .. })) = found {
            self.tally.addresses += 1;
            self.waiting.lines.push(Pending {
                number,
                place: place.clone(),
                address: Some(address),
            });
            match address {
                Address::V4(address) => self.waiting.v4.push(address),
                Address::V6(address) => self.waiting.v6.push(address),
            }
            found = match self.options.all {
                true => find::next(&line[..within.end], end),
                false => None,
            };
        }
        let full =
            self.waiting.lines.len() >= WAITING_LINES || self.waiting.text.len() >= WAITING_BYTES;
        if full { self.settle() } else { Ok(()) }
    }

    fn pause(&mut self) -> Result<bool, CommandError> {
        self.settle()?;
        self.pen.flush()?;
        Ok(!self.pen.is_closed())
    }
}

impl Joining<'_> {
    /// Looks up what waits, and writes it.
    fn settle(&mut self) -> Result<(), CommandError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        self.nets.table.v4.find_all(&waiting.v4, &mut v4);
        self.nets.table.v6.find_all(&waiting.v6, &mut v6);
        let (mut v4, mut v6) = (v4.into_iter(), v6.into_iter());
        for Pending { number, place, address } in waiting.lines.drain(..) {
            let line = &waiting.text[place];
            match address {
                None => self.missing(number, None, line)?,
                Some(Address::V4(at)) => self.join(number, at, v4.next().flatten(), line)?,
                Some(Address::V6(at)) => self.join(number, at, v6.next().flatten(), line)?,
            }
        }
        waiting.text.clear();
        waiting.v4.clear();
        waiting.v6.clear();
        self.waiting = waiting;
        Ok(())
    }

    #[inline]
    fn join<T: Number>(
        &mut self,
        number: u64,
        address: T,
        found: Option<Found<T>>,
        line: &[u8],
    ) -> Result<(), CommandError> {
        let Some(found) = found else {
            return self.missing(number, Some(address.address()), line);
        };
        self.tally.matched += 1;
        if self.options.missing == Missing::Only {
            return Ok(());
        }
        if self.json {
            return self.record(number, address.address(), found, line);
        }
        self.begin(line, |out| address.spell(out));
        self.row.push(b'\t');
        spell_network(&mut self.row, found.first, found.length);
        if self.nets.columns > 0 {
            self.row.push(b'\t');
            self.row.extend_from_slice(self.nets.row(found.value));
        }
        self.write()
    }

    /// The line, or the address in its place, or both where a line has several.
    #[inline]
    fn begin(&mut self, line: &[u8], spell: impl FnOnce(&mut Vec<u8>)) {
        self.row.clear();
        if !self.options.only {
            self.row.extend_from_slice(line);
        }
        if self.options.only || self.options.all {
            if !self.options.only {
                self.row.push(b'\t');
            }
            spell(&mut self.row);
        }
    }

    #[inline]
    fn write(&mut self) -> Result<(), CommandError> {
        if self.live {
            let text = String::from_utf8_lossy(&self.row);
            let columns: Vec<Cow<'_, str>> = text.split('\t').map(sanitize::text).collect();
            return self.pen.line(columns.join("\t").as_bytes());
        }
        self.pen.line(&self.row)
    }

    fn missing(
        &mut self,
        number: u64,
        address: Option<std::net::IpAddr>,
        line: &[u8],
    ) -> Result<(), CommandError> {
        if self.options.missing == Missing::Drop {
            return Ok(());
        }
        if self.json {
            let text = String::from_utf8_lossy(line);
            let record = Record { line: number, address, prefix: None, columns: None, text };
            return self.pen.record("lookup", &record);
        }
        self.begin(line, |out| match address {
            Some(address) => out.extend_from_slice(address.to_string().as_bytes()),
            None => out.push(b'-'),
        });
        self.row.extend_from_slice(&self.none);
        self.write()
    }

    fn record<T: Number>(
        &mut self,
        number: u64,
        address: std::net::IpAddr,
        found: Found<T>,
        line: &[u8],
    ) -> Result<(), CommandError> {
        let row = String::from_utf8_lossy(self.nets.row(found.value));
        let mut columns = Map::new();
        let texts = row.split('\t').take(self.nets.columns);
        for (at, text) in texts.enumerate() {
            let name = self.nets.names.get(at).cloned();
            let name = name.unwrap_or_else(|| format!("column_{}", at + 2));
            columns.insert(name, text.into());
        }
        let record = Record {
            line: number,
            address: Some(address),
            prefix: Some(found.first.network(found.length)),
            columns: Some(columns),
            text: String::from_utf8_lossy(line),
        };
        self.pen.record("lookup", &record)
    }
}
