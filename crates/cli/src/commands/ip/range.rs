//! `plumb ip range`.

use clap::Args;
use plumb_wire::addr::scan::Item;
use plumb_wire::addr::set::AnySpan;
use serde::Serialize;

use super::answer::Pen;
use super::input::{self, ReadArgs, Reader, Source, Visit};
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Turn a range into networks, or a network into its range
///
/// Of FIRST-LAST come the fewest networks that together are exactly this range;
/// of a network comes FIRST-LAST. Of a file or of - each line is turned, in its
/// order.
#[derive(Debug, Args)]
pub struct Range {
    /// FIRST-LAST, FIRST LAST, a network, a file of these, or - for stdin
    #[arg(value_name = "RANGE|NET", required = true, num_args = 1..)]
    words: Vec<String>,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Range {
    const EXAMPLES: &'static str = "
        plumb ip range 192.0.2.3-192.0.2.9       # as networks
        plumb ip range 2001:db8::1 2001:db8::ff
        plumb ip range 10.0.0.0/22               # 10.0.0.0-10.0.3.255
        plumb ip range - < ranges.txt            # each line";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let sources = sources(&self.words)?;
        let mut reader = Reader::new(&self.read, self.output.quiet);
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "ip range")?;
        let json = session.output().json;
        let mut turn = Turn { json, written: 0, pen: Pen::new(session.output()) };
        for source in &sources {
            reader.read(source, &mut turn)?;
        }
        turn.pen.flush()?;
        let summary = Summary {
            read: reader.tally.items,
            written: turn.written,
            lines_skipped: reader.tally.skipped,
            networks_masked: reader.tally.masked.count,
        };
        reader.tally.warn_unless(self.output.quiet);
        session.record("summary", &summary)?;
        session.end(ExitStatus::GOOD)
    }
}

/// The last record before `end`.
#[derive(Debug, Serialize)]
struct Summary {
    read: u64,
    written: u64,
    lines_skipped: u64,
    networks_masked: u64,
}

/// What the words name. Two addresses are the ends of one range, with a dash
/// between them or without.
fn sources(words: &[String]) -> Result<Vec<Source>, CommandError> {
    let ends = match words {
        [first, last] => Some((first, last)),
        [first, dash, last] if dash == "-" => Some((first, last)),
        _ => None,
    };
    if let Some((first, last)) = ends {
        let texts = [Source::of(first), Source::of(last)];
        let plain = |text: &str| !text.contains(['-', '/', ',']);
        if texts.iter().all(|source| matches!(source, Source::Text(text) if plain(text))) {
            return Ok(vec![Source::Text(format!("{first}-{last}"))]);
        }
    }
    input::sources(words)
}

struct Turn<'a> {
    json: bool,
    written: u64,
    pen: Pen<'a>,
}

impl Visit for Turn<'_> {
    fn item(&mut self, item: Item, line: &[u8]) -> Result<(), CommandError> {
        // In files a comment may follow, which may have dashes of its own.
        let end = line.iter().position(|byte| matches!(byte, b'#' | b';')).unwrap_or(line.len());
        let is_range = line[..end].contains(&b'-');
        match (item.span, is_range) {
            (AnySpan::V4(span), true) => {
                for (first, length) in span.prefixes() {
                    self.pen.network(first, length, self.json)?;
                    self.written += 1;
                }
            }
            (AnySpan::V6(span), true) => {
                for (first, length) in span.prefixes() {
                    self.pen.network(first, length, self.json)?;
                    self.written += 1;
                }
            }
            (AnySpan::V4(span), false) => self.pen.range(span, self.json)?,
            (AnySpan::V6(span), false) => self.pen.range(span, self.json)?,
        }
        self.written += u64::from(!is_range);
        Ok(())
    }

    fn pause(&mut self) -> Result<bool, CommandError> {
        self.pen.flush()?;
        Ok(!self.pen.is_closed())
    }
}
