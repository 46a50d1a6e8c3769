//! How a set is written: networks or ranges, as text or records.

use clap::Args;
use plumb_report::Line;
use plumb_report::json::JsonLines;
use plumb_wire::addr::set::{AddressSet, Number, Span, Spans};
use serde::Serialize;

use super::facts;
use super::input::{ReadArgs, Reader, Tally};
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Bytes that are written at once.
const WRITE_BYTES: usize = 64 << 10;
/// Longest record or line of one network, with room to spare.
const RECORD_BYTES_MAX: usize = 512;

/// What all commands that answer with a set take.
#[derive(Debug, Clone, Args)]
pub(super) struct SetArgs {
    /// Print ranges (10.0.0.0-10.0.0.255) instead of networks
    #[arg(long)]
    ranges: bool,

    /// Keep IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,

    /// Keep IPv6 only
    #[arg(short = '6', long)]
    ipv6: bool,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// The last record before `end`.
#[derive(Debug, Serialize)]
struct Summary {
    lines: u64,
    networks_read: u64,
    lines_skipped: u64,
    networks_masked: u64,
    written: u64,
    #[serde(serialize_with = "facts::count")]
    ipv4_addresses: facts::Count,
    #[serde(serialize_with = "facts::count")]
    ipv6_addresses: facts::Count,
}

impl SetArgs {
    /// Reads all, then answers with the set that `make` makes of it: nothing is
    /// written before everything is read.
    pub(super) fn answer(
        &self,
        command: &str,
        make: impl FnOnce(&mut Reader) -> Result<AddressSet, CommandError>,
    ) -> Result<ExitStatus, CommandError> {
        let mut reader = Reader::new(&self.read, self.output.quiet);
        let mut set = make(&mut reader)?;
        if self.ipv4 {
            set.v6 = Spans::default();
        }
        if self.ipv6 {
            set.v4 = Spans::default();
        }
        reader.tally.warn_unless(self.output.quiet);
        // The answer may go to a file that was read.
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, command)?;
        let form = Form { json: session.output().json, ranges: self.ranges };
        let written = Pen::new(session.output()).write(&set, form)?;
        let summary = summary(&reader.tally, &set, written);
        session.record("summary", &summary)?;
        if self.output.verbose > 0 {
            output::tell(&summary.lines(self.ranges));
        }
        session.end(ExitStatus::GOOD)
    }
}

fn summary(tally: &Tally, set: &AddressSet, written: u64) -> Summary {
    Summary {
        lines: tally.lines,
        networks_read: tally.items,
        lines_skipped: tally.skipped,
        networks_masked: tally.masked.count,
        written,
        ipv4_addresses: set.v4.count().exact(),
        ipv6_addresses: set.v6.count().exact(),
    }
}

impl Summary {
    /// For a person, on stderr.
    fn lines(&self, ranges: bool) -> Vec<Line> {
        let what = if ranges { "ranges" } else { "networks" };
        let lines = match (self.lines, self.lines_skipped) {
            (0, _) => String::new(),
            (lines, 0) => format!(" on {lines} lines"),
            (lines, skipped) => format!(" on {lines} lines, {skipped} of them skipped"),
        };
        let [v4, v6] = [self.ipv4_addresses, self.ipv6_addresses].map(facts::count_text);
        vec![
            Line::plain(format!("read     {} networks{lines}", self.networks_read)),
            Line::plain(format!("written  {} {what}", self.written)),
            Line::plain(format!("holds    {v4} addresses of IPv4, {v6} of IPv6")),
        ]
    }
}

/// How a set is to look.
#[derive(Debug, Clone, Copy)]
struct Form {
    json: bool,
    ranges: bool,
}

/// A buffer before the answer.
pub(super) struct Pen<'a> {
    output: &'a mut Output,
    buffer: Vec<u8>,
}

impl<'a> Pen<'a> {
    pub(super) fn new(output: &'a mut Output) -> Pen<'a> {
        Pen { output, buffer: Vec::with_capacity(WRITE_BYTES + RECORD_BYTES_MAX) }
    }

    /// Writes the set; how many networks or ranges it has.
    fn write(mut self, set: &AddressSet, form: Form) -> Result<u64, CommandError> {
        let written = self.family(&set.v4, form)? + self.family(&set.v6, form)?;
        self.flush()?;
        Ok(written)
    }

    fn family<T: Number>(&mut self, spans: &Spans<T>, form: Form) -> Result<u64, CommandError> {
        let mut written = 0;
        for span in spans.as_slice() {
            if form.ranges {
                self.range(*span, form.json)?;
                written += 1;
                continue;
            }
            for (first, length) in span.prefixes() {
                self.network(first, length, form.json)?;
                written += 1;
            }
        }
        Ok(written)
    }

    /// A network, as a line or a `prefix` record.
    #[inline]
    pub(super) fn network<T: Number>(
        &mut self,
        at: T,
        length: u8,
        json: bool,
    ) -> Result<(), CommandError> {
        let out = &mut self.buffer;
        if json {
            out.extend_from_slice(br#"{"v":1,"type":"prefix","data":{"prefix":""#);
            spell_network(out, at, length);
            let Span { first, last } = Span::of_network(at, length);
            out.extend_from_slice(br#"","first":""#);
            first.spell(out);
            out.extend_from_slice(br#"","last":""#);
            last.spell(out);
            out.extend_from_slice(b"\"}}\n");
        } else {
            spell_network(out, at, length);
            out.push(b'\n');
        }
        self.flush_if_full()
    }

    /// A range, as a line or a `range` record.
    pub(super) fn range<T: Number>(
        &mut self,
        span: Span<T>,
        json: bool,
    ) -> Result<(), CommandError> {
        let out = &mut self.buffer;
        if json {
            out.extend_from_slice(br#"{"v":1,"type":"range","data":{"first":""#);
            span.first.spell(out);
            out.extend_from_slice(br#"","last":""#);
            span.last.spell(out);
            out.extend_from_slice(b"\"}}\n");
        } else {
            span.first.spell(out);
            out.push(b'-');
            span.last.spell(out);
            out.push(b'\n');
        }
        self.flush_if_full()
    }

    /// An address, as a line or an `address` record.
    #[inline]
    pub(super) fn address<T: Number>(&mut self, at: T, json: bool) -> Result<(), CommandError> {
        let out = &mut self.buffer;
        if json {
            out.extend_from_slice(br#"{"v":1,"type":"address","data":{"address":""#);
            at.spell(out);
            out.extend_from_slice(b"\"}}\n");
        } else {
            at.spell(out);
            out.push(b'\n');
        }
        self.flush_if_full()
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), CommandError> {
        self.buffer.extend_from_slice(line);
        self.buffer.push(b'\n');
        self.flush_if_full()
    }

    /// A line with a meaning instead of colours.
    pub(super) fn styled(&mut self, line: &Line) -> Result<(), CommandError> {
        self.line(line.render(self.output.color).as_bytes())
    }

    /// A record, which is not passed on at once.
    pub(super) fn record(&mut self, kind: &str, data: &impl Serialize) -> Result<(), CommandError> {
        JsonLines::new(&mut self.buffer).record(kind, data).map_err(|error| {
            CommandError::not_measured(format!("cannot write the answer: {error}"))
        })?;
        self.flush_if_full()
    }

    #[inline]
    fn flush_if_full(&mut self) -> Result<(), CommandError> {
        if self.buffer.len() < WRITE_BYTES { Ok(()) } else { self.flush() }
    }

    /// Passes on what is in the buffer.
    pub(super) fn flush(&mut self) -> Result<(), CommandError> {
        if !self.buffer.is_empty() {
            self.output.raw(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Whether nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.output.is_closed()
    }
}

/// Adds `10.0.0.0/8`.
#[inline]
pub(super) fn spell_network<T: Number>(out: &mut Vec<u8>, first: T, length: u8) {
    first.spell(out);
    out.push(b'/');
    plumb_wire::addr::spell::octet(out, length);
}
