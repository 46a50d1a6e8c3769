//! `plumb explain TOPIC`.

mod list;
mod machine;
mod record;
mod search;
mod topic;

use clap::Args;
use plumb_evidence::reference::{Choice, Subject};
use plumb_report::text::{COLUMNS_MAX, Detail};
use plumb_report::{Line, Tone, page};

use self::record::Explanation;
use self::topic::Asked;
use super::Run;
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output::{Output, Session};

/// Explain a status code, port, record type, alert, errno or finding
///
/// A topic is a word in any case, or a prefix and a key where a word is
/// ambiguous: status:404, header:etag, rtype:mx, alert:48, suite:0xc02f,
/// icmp:3/4, errno:ECONNREFUSED, sockopt:so_linger, port:443, proto:6,
/// tcp:time-wait, layer:transport, finding:tls.cert.expired. A prefix alone
/// lists its pages. Without a topic, the prefixes and every finding are listed.
///
/// Exit codes: 0 explained, 1 nothing has the words of --search, 2 no such
/// topic.
#[derive(Debug, Args)]
pub struct Explain {
    /// What to explain: 404, etag, ECONNREFUSED, port:443, tls.cert.expired
    #[arg(value_name = "TOPIC", allow_negative_numbers = true)]
    topic: Vec<String>,

    /// Find the pages that have all of these words
    #[arg(long, value_name = "WORD", num_args = 1.., conflicts_with = "topic")]
    search: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Explain {
    const EXAMPLES: &'static str = "
        plumb explain 404                # a status code
        plumb explain ECONNREFUSED       # an errno
        plumb explain alert:48           # by its number
        plumb explain layer:transport    # a layer, with its protocols
        plumb explain tls.cert.expired   # a finding
        plumb explain net.mtu-blackhole  # a fault of the lab
        plumb explain header:            # every page of a kind
        plumb explain --search half open # pages by their words
        plumb explain                    # what there is";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let quiet = output.layout.detail == Detail::Quiet;
        let mut session = Session::begin(&mut output, "explain")?;
        let status = match (self.search.as_slice(), self.topic.join(" ").trim()) {
            ([], "") => list::overview(&mut session)?,
            ([], topic) => explain(&mut session, topic, quiet)?,
            (words, _) => search::search(&mut session, words)?,
        };
        session.end(status)
    }
}

fn explain(
    session: &mut Session<'_>,
    topic: &str,
    quiet: bool,
) -> Result<ExitStatus, CommandError> {
    let asked = Asked::parse(topic);
    if let Asked::All(collection) = asked {
        return list::all(session, collection);
    }
    match asked.choose() {
        Choice::One(subject, others) => {
            let others: Vec<String> = others.iter().map(Subject::topic).collect();
            session.record("explanation", &Explanation::of(&subject, topic, &others))?;
            let mut lines = lines_of(&subject);
            if quiet {
                // Heading and facts; the text begins behind the second gap.
                let gaps = lines.iter().enumerate().filter(|(_, line)| line.width() == 0);
                let end = gaps.map(|(at, _)| at).nth(1);
                lines.truncate(end.unwrap_or(lines.len()));
            } else if !others.is_empty() {
                let also = format!("also    {}", others.join(", "));
                lines.push(Line::new().and(Tone::Faint, also).cut(COLUMNS_MAX));
            }
            session.lines(&lines)?;
        }
        Choice::Several(subjects) => list::readings(session, topic, &subjects)?,
        Choice::Nothing => return Err(topic::nothing(topic, &asked)),
    }
    Ok(ExitStatus::GOOD)
}

fn lines_of(subject: &Subject) -> Vec<Line> {
    match subject {
        Subject::Page(found) => page::reference(*found),
        Subject::Unlisted(found) => page::unlisted(*found, &machine::facts(*found)),
        Subject::Finding(id) => page::finding(*id),
        Subject::Fault { name, .. } => {
            let text = lab_client::fault(name).map(|fault| fault.page_text());
            page::markdown(&text.unwrap_or_default())
        }
    }
}
