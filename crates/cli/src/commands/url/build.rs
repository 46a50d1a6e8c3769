//! `plumb url build`.

use clap::Args;
use fluent_uri::UriRef;
use plumb_report::Line;
use plumb_wire::http::url::{self, Keep, is_scheme};
use serde::Serialize;

use super::encode::pair;
use super::join::covered;
use super::reading::Url;
use super::{Notice, Run, risk};
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Build a URL from its parts, each encoded as its place demands
///
/// What is left out is not there: with --query alone a relative reference
/// comes out.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct Build {
    /// The scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: Option<String>,

    /// A user's name (never a password)
    #[arg(long, value_name = "NAME")]
    username: Option<String>,

    /// A name, also beyond ASCII, or an address
    #[arg(long, value_name = "HOST")]
    host: Option<String>,

    /// The port
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// A path whose slashes divide it
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// A segment behind the path, its slashes encoded (can be repeated)
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    path_segment: Vec<String>,

    /// A pair of the query (can be repeated)
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    query: Vec<String>,

    /// Write blanks of the query as %20, not as + like a form
    #[arg(long)]
    no_plus: bool,

    /// The fragment
    #[arg(long, value_name = "TEXT")]
    fragment: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The data of a `built` record.
#[derive(Debug, Serialize)]
pub(super) struct Built {
    url: String,
    notices: Vec<Notice>,
}

impl Run for Build {
    const EXAMPLES: &'static str = "
        plumb url build --scheme https --host bücher.example --path /v2 --query q=café
        plumb url build --host h --scheme http --path-segment 'a/b' --fragment top
        plumb url build --query page=2 --query limit=20";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let text = self.text()?;
        finish(&text, &self.output, "url build")
    }
}

impl Build {
    fn text(&self) -> Result<String, CommandError> {
        let mut text = String::new();
        if let Some(scheme) = &self.scheme {
            if let Some(at) = (!is_scheme(scheme)).then(|| wrong_in_scheme(scheme)) {
                return Err(CommandError::usage(
                    "a scheme is a letter, then letters, digits and +-.",
                )
                .at(scheme, at..(at + 1).min(scheme.len())));
            }
            text.push_str(&scheme.to_ascii_lowercase());
            text.push(':');
        }
        match &self.host {
            Some(host) => {
                text.push_str("//");
                if let Some(name) = &self.username {
                    text.push_str(&format!("{}@", url::encode(name, Keep::Userinfo)));
                }
                text.push_str(&host_text(host)?);
                if let Some(port) = self.port {
                    text.push_str(&format!(":{port}"));
                }
            }
            None if self.port.is_some() || self.username.is_some() => {
                return Err(CommandError::usage("a port or a user's name belongs to a host")
                    .hint("add --host HOST"));
            }
            None => {}
        }
        text.push_str(&self.path_text());
        let keep = if self.no_plus { Keep::Query } else { Keep::Form };
        let pairs: Result<Vec<_>, _> = self.query.iter().map(|text| pair(text, keep)).collect();
        let pairs = pairs?;
        if !pairs.is_empty() {
            text.push_str(&format!("?{}", pairs.join("&")));
        }
        if let Some(fragment) = &self.fragment {
            text.push_str(&format!("#{}", url::encode(fragment, Keep::Fragment)));
        }
        Ok(text)
    }

    fn path_text(&self) -> String {
        let mut path = self.path.as_deref().map(encode_path).unwrap_or_default();
        for segment in &self.path_segment {
            if !path.ends_with('/') {
                path.push('/');
            }
            // A segment of dots alone would climb, however it is encoded: it
            // cannot be written in a URL, and is left to the check below.
            path.push_str(&url::encode(segment, Keep::Segment));
        }
        if self.host.is_some() && !path.is_empty() && !path.starts_with('/') {
            path.insert(0, '/');
        }
        path
    }
}

/// Encodes what may not stand, and keeps escapes that are there already.
pub(super) fn encode_path(path: &str) -> String {
    keep_escapes(path, Keep::Path)
}

/// Encodes around the percent-encodings that are right already.
pub(super) fn keep_escapes(text: &str, keep: Keep) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let escape = rest.get(at..at + 3).filter(|escape| url::decode(escape).broken.is_empty());
        out.push_str(&url::encode(&rest[..at], keep));
        out.push_str(escape.unwrap_or("%25"));
        rest = &rest[at + escape.map_or(1, str::len)..];
    }
    out + &url::encode(rest, keep)
}

fn wrong_in_scheme(scheme: &str) -> usize {
    let first = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    if !first {
        return 0;
    }
    scheme.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(0)
}

/// A host as it stands in a URL: names in ASCII, IPv6 in brackets.
pub(super) fn host_text(host: &str) -> Result<String, CommandError> {
    let bracketed = match host.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_owned(),
    };
    let forbidden = host.find(|c: char| "/?#@\\ %".contains(c) || c.is_control());
    if let Some(at) = forbidden.or(host.is_empty().then_some(0)) {
        let end = at + host[at..].chars().next().map_or(0, char::len_utf8);
        return Err(CommandError::usage("this cannot stand in a host").at(host, at..end));
    }
    match url::Parts::rfc3986(&format!("//{bracketed}")).port {
        Some(_) => {
            let at = host.rfind(':').unwrap_or(0);
            Err(CommandError::usage("a host holds no port")
                .at(host, at..host.len())
                .hint("give it as the port"))
        }
        None => ::url::Host::parse(&bracketed).map(|host| host.to_string()).map_err(|error| {
            CommandError::usage(format!("this cannot be a host: {error}")).at(host, 0..host.len())
        }),
    }
}

/// Prints a URL that was made, with what is to be said about it on stderr; one
/// that no standard takes is a mistake.
pub(super) fn finish(
    text: &str,
    options: &OutputArgs,
    command: &str,
) -> Result<ExitStatus, CommandError> {
    let read = Url::read(text);
    if let (Err(_), Some(refused)) = (UriRef::parse(text), &read.rfc3986.refused) {
        let (shown, place) = read.shown();
        let message = format!("this would be no URL: {}", refused.why);
        return Err(CommandError::usage(message).at(&shown, place(refused.start..refused.end)));
    }
    if let Some(refused) = read.whatwg.refused.as_ref().filter(|_| !read.is_relative()) {
        let (shown, place) = read.shown();
        let message = format!("browsers would refuse it: {}", refused.why);
        return Err(CommandError::usage(message).at(&shown, place(refused.start..refused.end)));
    }
    let notices = risk::notices(&read);
    let mut output = Output::open(options)?;
    let mut session = Session::begin(&mut output, command)?;
    let covered = covered(text);
    if covered != text {
        output::note("what stands before the @ is not shown");
    }
    for notice in notices.iter().filter(|notice| notice.level == risk::Level::Warning) {
        output::note(&notice.claim);
    }
    session.lines(&[Line::plain(&covered)])?;
    session.record("built", &Built { url: covered, notices })?;
    session.end(ExitStatus::GOOD)
}
