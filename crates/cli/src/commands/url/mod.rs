//! `plumb url ...`.

mod build;
mod decode;
mod encode;
mod host;
mod join;
mod picture;
mod query;
mod reading;
mod risk;
mod set;
mod show;

use clap::Args;
use serde::Serialize;

use super::{Entry, Run, command_table};
use crate::args::output::OutputArgs;
use crate::args::texts::each_text;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};
use crate::suggest;
use host::HostFacts;
use reading::{Reading, Url};
use risk::{Level, Notice};

/// The words that are commands and not URLs.
const COMMANDS: &[&str] = &["join", "build", "set", "encode", "decode", "query"];

/// Take a URL apart, and show where programs read it differently
///
/// Shows each part and where it is, the pairs of the query decoded, the public
/// suffix and the other spelling of the host, and how RFC 3986 and browsers
/// (WHATWG) read it. Where they differ, what that leads to is said. Passwords
/// are never shown. Nothing is sent.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct UrlCommand {
    /// URLs, or - for lines on stdin
    #[arg(value_name = "URL")]
    urls: Vec<String>,

    /// End with 1 if anything is to be warned of
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    output: OutputArgs,

    #[command(subcommand)]
    command: Option<Below>,
}

command_table! {
    Below {
        "address": Join(join::Join),
        "address": Build(build::Build),
        "address": Set(set::Set),
        "address": Encode(encode::Encode),
        "address": Decode(decode::Decode),
        "address": Query(query::Query),
    }
}

impl Run for UrlCommand {
    const EXAMPLES: &'static str = "
        plumb url 'https://api.example.com:8443/v2/users?page=1&q=hello+world#top'
        plumb url 'http://www.example.com\\@evil.example/'  # two hosts
        plumb url --json - < access.log                    # a URL per line
        plumb url -- join                                  # no command, a path";
    const SUBCOMMANDS: &'static [Entry] = Below::TABLE;

    fn run(self) -> Result<ExitStatus, CommandError> {
        if let Some(command) = self.command {
            return command.run();
        }
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "url")?;
        let mut worst = ExitStatus::GOOD;
        let many = self.urls.len() > 1 || self.urls.iter().any(|url| url == "-");
        let mut shown = 0;
        each_text(&self.urls, |text| {
            if text.is_empty() {
                return Err(CommandError::usage("the URL is empty")
                    .hint("an empty reference means the document itself: plumb url join BASE ''"));
            }
            let url = Url::read(text);
            if url.rfc3986.refused.is_some() && url.whatwg.refused.is_some() && !many {
                return Err(no_url(&url));
            }
            let notices = risk::notices(&url);
            let warned = notices.iter().any(|notice| notice.level == Level::Warning);
            let refused = url.rfc3986.refused.is_some() && url.whatwg.refused.is_some();
            if refused || (self.strict && warned) {
                worst = ExitStatus::NO;
            }
            session.record("url", &record(&url, &notices))?;
            let layout = session.output().layout;
            let mut lines = show::lines(&url, &notices, &layout);
            if shown > 0 && layout.detail != plumb_report::text::Detail::Quiet {
                lines.insert(0, plumb_report::Line::new());
            }
            shown += 1;
            if url.is_relative()
                && let Some(hint) = suggest::did_you_mean(text, COMMANDS.to_vec())
            {
                crate::output::note(&hint);
            }
            session.lines(&lines)
        })?;
        session.end(worst)
    }
}

/// The data of a `url` record.
#[derive(Debug, Serialize)]
struct Record<'a> {
    /// As it was written, secrets covered. Offsets are those of the original.
    url: String,
    parts: Vec<Part>,
    pairs: Vec<Pair>,
    rfc3986: &'a Reading,
    whatwg: &'a Reading,
    /// Both take it, and read the same host, port and path.
    agree: bool,
    host: Option<&'a HostFacts>,
    /// What kind of scheme it is, in words; null for one without a class.
    scheme_class: Option<&'static str>,
    origin: Option<String>,
    notices: &'a [Notice],
}

#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    /// In bytes of the URL as it was written.
    start: usize,
    end: usize,
    text: String,
    decoded: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Pair {
    name: String,
    value: Option<String>,
}

impl Pair {
    /// What is not UTF-8 stands as `\xNN`.
    fn of(pair: &plumb_wire::http::url::Pair) -> Pair {
        let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => plumb_report::sanitize::bytes(bytes, usize::MAX),
        };
        Pair { name: text(&pair.name), value: pair.value.as_deref().map(text) }
    }
}

fn record<'a>(url: &'a Url, notices: &'a [Notice]) -> Record<'a> {
    let (rfc, whatwg) = (&url.rfc3986, &url.whatwg);
    let named = rfc.parts.as_ref().map(|parts| parts.named()).unwrap_or_default();
    let parts = named
        .into_iter()
        .map(|(name, range)| {
            let text = url.shown_part(range.clone());
            let decoded = plumb_wire::http::url::decode(&text).bytes;
            let decoded = String::from_utf8_lossy(&decoded).into_owned();
            Part { name, start: range.start, end: range.end, text, decoded }
        })
        .collect();
    let query = rfc.query.clone().or(whatwg.query.clone()).unwrap_or_default();
    Record {
        url: url.shown().0,
        parts,
        pairs: plumb_wire::http::url::pairs(&query).iter().map(Pair::of).collect(),
        rfc3986: rfc,
        whatwg,
        agree: rfc.refused.is_none()
            && whatwg.refused.is_none()
            && (&rfc.host, rfc.port, &rfc.query) == (&whatwg.host, whatwg.port, &whatwg.query),
        host: url.host.as_ref(),
        scheme_class: url.parsed.as_ref().and_then(|url| reading::scheme_class(url.scheme())),
        origin: url.parsed.as_ref().map(|parsed| parsed.origin().ascii_serialization()),
        notices,
    }
}

/// Why `text`, which browsers refuse, is no URL.
pub(in crate::commands) fn refusal(text: &str) -> CommandError {
    no_url(&Url::read(text))
}

/// What neither standard takes is a mistake of the command line.
fn no_url(url: &Url) -> CommandError {
    let refused = url.rfc3986.refused.as_ref().or(url.whatwg.refused.as_ref());
    let whatwg = url.whatwg.refused.as_ref();
    let Some(refused) = refused else { return CommandError::usage("this is no URL") };
    let (text, place) = url.shown();
    let error = CommandError::usage(format!("no URL: {}", refused.why))
        .at(&text, place(refused.start..refused.end));
    let also = whatwg.filter(|whatwg| whatwg.why != refused.why && !url.is_relative());
    error.hint_if(also.map(|whatwg| format!("browsers refuse it too: {}", whatwg.why)))
}
