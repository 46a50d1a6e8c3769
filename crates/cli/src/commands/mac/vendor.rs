//! `plumb mac vendor`.

use clap::Args;
use plumb_report::text::Detail;
use plumb_report::{Line, Tone};
use serde::Serialize;

use super::VendorsArg;
use super::vendors::{self, Lists, NO_LIST};
use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Columns of the longest prefix, `00:1b:c5:00:0/36`, and a gap.
const PREFIX: usize = 18;

/// Find the prefixes of a vendor
///
/// Those whose owner has all of the words in its name, in any case. The list is
/// the one that plumb mac asks.
#[derive(Debug, Args)]
pub struct Vendor {
    /// Parts of the name
    #[arg(value_name = "WORD", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    vendors: VendorsArg,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Vendor {
    const EXAMPLES: &'static str = "
        plumb mac vendor raspberry
        plumb mac vendor --json cisco meraki
        plumb mac vendor -q vmware            # the prefixes alone";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let lists = Lists::of(self.vendors.vendors.as_deref())?;
        if lists.paths().is_empty() {
            return Err(CommandError::not_measured(format!("vendor: {NO_LIST}"))
                .hint("or name one: --vendors FILE"));
        }
        let words: Vec<String> = self.words.iter().map(|word| word.to_lowercase()).collect();
        let mut found = Vec::new();
        lists.each(|vendor, list| {
            let name = String::from_utf8_lossy(vendor.name).to_lowercase();
            if words.iter().all(|word| name.contains(word)) {
                found.push(vendors::bought(vendor, list));
            }
        });
        found.sort_by(|a, b| a.prefix.cmp(&b.prefix));
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "mac vendor")?;
        let quiet = session.output().layout.detail == Detail::Quiet;
        let mut lines = Vec::new();
        for vendor in &found {
            let prefix = format!("{}/{}", vendor.prefix, vendor.prefix_length);
            session.record(
                "vendor",
                &Record {
                    prefix: &vendor.prefix,
                    prefix_length: vendor.prefix_length,
                    name: &vendor.name,
                },
            )?;
            let line = Line::plain(prefix);
            lines.push(if quiet {
                line
            } else {
                line.pad_to(PREFIX).and(Tone::Strong, &vendor.name)
            });
        }
        let status = if found.is_empty() { ExitStatus::NO } else { ExitStatus::GOOD };
        if !quiet {
            let of = lists.paths().iter().map(|path| path.display().to_string());
            let of = of.collect::<Vec<_>>().join(", ");
            let said = match found.len() {
                0 => format!("no vendor has that in its name ({of})"),
                1 => format!("1 prefix in {of}"),
                n => format!("{n} prefixes in {of}"),
            };
            lines.push(Line::new().and(Tone::Faint, said));
        }
        session.lines(&lines)?;
        session.end(status)
    }
}

/// The data of a `vendor` record.
#[derive(Debug, Serialize)]
struct Record<'a> {
    prefix: &'a str,
    prefix_length: u8,
    name: &'a str,
}
