//! `plumb ip list`.

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use plumb_wire::addr::scan::Item;
use plumb_wire::addr::set::{AnySpan, Number, Span};
use serde::Serialize;

use super::answer::Pen;
use super::input::{self, ReadArgs, Reader, SETS, Visit};
use super::random::hosts;
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Addresses between two looks at whether somebody still reads.
const LOOK_AFTER: u128 = 1 << 16;
/// A list is long from here on: it takes a moment that is noticed.
const LONG: u128 = 1 << 22;
/// How often the bar is drawn.
const DRAWN_HZ: u8 = 10;

/// List the addresses of networks
///
/// One per line, in order, for as long as somebody reads.
#[derive(Debug, Args)]
#[command(after_long_help = SETS)]
pub struct List {
    /// Networks, files of them, or - for stdin (which is read if there is none)
    #[arg(value_name = "NET")]
    networks: Vec<String>,

    /// Only addresses that a host can have
    #[arg(long, alias = "host")]
    hosts: bool,

    /// Stop behind N addresses
    #[arg(long, value_name = "N")]
    limit: Option<u128>,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for List {
    const EXAMPLES: &'static str = "
        plumb ip list 192.0.2.0/29
        plumb ip list --hosts 192.0.2.0/29               # .1 to .6
        plumb ip list 10.0.0.250-10.0.1.5                # a range
        plumb ip list 2001:db8::/64 --limit 5";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let sources = input::sources_or_stdin(&self.networks)?;
        let mut reader = Reader::new(&self.read, true);
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip list")?;
        let (json, live) = (session.output().json, session.output().live);
        let mut listing = Listing {
            hosts: self.hosts,
            left: self.limit.unwrap_or(u128::MAX),
            json,
            written: 0,
            cut: false,
            shows_bar: !self.output.quiet && !live,
            pen: Pen::new(session.output()),
        };
        for source in &sources {
            reader.read(source, &mut listing)?;
        }
        listing.pen.flush()?;
        let (written, cut) = (listing.written, listing.cut && !listing.pen.is_closed());
        reader.tally.warn_unless(self.output.quiet);
        if cut && !self.output.quiet {
            output::note(&format!("these are the first {written}: --limit"));
        }
        session.record("summary", &Summary { written, complete: !cut })?;
        session.end(ExitStatus::GOOD)
    }
}

/// The last record before `end`.
#[derive(Debug, Serialize)]
struct Summary {
    written: u128,
    /// False where `--limit` ended it.
    complete: bool,
}

struct Listing<'a> {
    hosts: bool,
    left: u128,
    json: bool,
    written: u128,
    cut: bool,
    shows_bar: bool,
    pen: Pen<'a>,
}

impl Visit for Listing<'_> {
    fn item(&mut self, item: Item, _: &[u8]) -> Result<(), CommandError> {
        // Of a range that is no network, all addresses are hosts'.
        let network = self.hosts && item.span.networks().nth(1).is_none();
        match item.span {
            AnySpan::V4(span) => self.span(if network { hosts(span, 1) } else { span }),
            AnySpan::V6(span) => self.span(if network { hosts(span, 0) } else { span }),
        }
    }

    fn pause(&mut self) -> Result<bool, CommandError> {
        self.pen.flush()?;
        Ok(!self.pen.is_closed() && !self.cut)
    }
}

impl Listing<'_> {
    fn span<T: Number>(&mut self, span: Span<T>) -> Result<(), CommandError> {
        let bar = self.bar(span);
        let mut at = Some(span.first);
        while let Some(address) = at {
            if self.left == 0 {
                self.cut = true;
                break;
            }
            self.pen.address(address, self.json)?;
            self.left -= 1;
            self.written += 1;
            if self.written.is_multiple_of(LOOK_AFTER) {
                if self.pen.is_closed() {
                    break;
                }
                if let Some(bar) = &bar {
                    bar.inc(LOOK_AFTER as u64);
                }
            }
            at = if address < span.last { address.next() } else { None };
        }
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        Ok(())
    }

    /// The bar of a long list that does not itself go to the terminal.
    fn bar<T: Number>(&self, span: Span<T>) -> Option<ProgressBar> {
        let all = span.last.minus(span.first).wide().min(self.left);
        if !self.shows_bar || all < LONG {
            return None;
        }
        let target = ProgressDrawTarget::stderr_with_hz(DRAWN_HZ);
        let bar = ProgressBar::with_draw_target(u64::try_from(all).ok(), target);
        let template = "{wide_bar:.cyan} {human_pos}/{human_len} {per_sec} {eta}";
        bar.set_style(ProgressStyle::with_template(template).ok()?);
        Some(bar)
    }
}
