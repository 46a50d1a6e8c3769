//! `plumb http [METHOD] URL [ITEM...]`.

mod attend;
mod build;
mod download;
mod foreign;
mod item;
mod json;
mod messages;
mod multipart;
mod narrate;
mod netrc;
mod phases;
mod raw;
mod records;
mod run;
mod session;
mod show;
mod sink;
mod stdin;
mod words;

pub(crate) use foreign::instead;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Run;
use crate::args::duration;
use crate::args::net::NetArgs;
use crate::args::output::OutputArgs;
use crate::args::request::RequestArgs;
use crate::args::socket::SocketArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Most retries of one request.
const RETRIES_MAX: i64 = 20;

/// Make HTTP requests, and see what comes back
///
/// An ITEM is name=value (a JSON string, or a form field), name:=json,
/// Header:value, param==value, or field@file; Header: unsets one that is sent
/// by default, Header; sends it empty; =@ and :=@ take the value from a file; a
/// backslash makes a separator ordinary. a[b][]=1 makes nested JSON. @file
/// alone is the whole body, and - is stdin.
///
/// The METHOD is GET, or POST where there is data. A URL may be :8080/path or
/// /path on this host, and http:// may be left out. Several URLs that begin
/// with a scheme are asked one after the other, over one connection if they
/// can.
///
/// To a terminal go the response's headers and body, coloured and indented; into
/// a pipe or a file the body alone, byte for byte. Redirects are followed with
/// --follow only.
///
/// Stdin is read where it is asked for (-, --data @-), where it is a file, and,
/// for POST, PUT and PATCH without a body, where it is a pipe on which something
/// comes within a second; a pipe that stays silent is left alone.
///
/// The exit code is 0 when a response came whole, 1 when it did not or, with
/// --check-status, when it says 4xx or 5xx.
#[derive(Debug, Args)]
#[command(mut_arg("timeout", |arg| arg.default_value("30s")))]
pub struct Http {
    /// What to ask, of whom, and with what
    #[arg(value_name = "[METHOD] URL [ITEM]", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    message: MessageOptions,

    #[command(flatten)]
    shown: ShownOptions,

    #[command(flatten)]
    way: WayOptions,

    #[command(flatten)]
    net: NetArgs,

    #[command(flatten)]
    request: RequestArgs,

    #[command(flatten)]
    socket: SocketArgs,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Message")]
struct MessageOptions {
    /// How items become a body [default: json, or multipart with files]
    #[arg(long, value_name = "KIND", value_enum)]
    body: Option<BodyKind>,

    /// The same as --body form
    #[arg(short, long, conflicts_with = "body")]
    form: bool,

    /// The same as --body multipart
    #[arg(long, conflicts_with_all = ["body", "form"])]
    multipart: bool,

    /// Part multipart bodies by this text
    #[arg(long, value_name = "TEXT")]
    boundary: Option<String>,

    /// Send the body in chunks, without its length
    #[arg(long)]
    chunked: bool,

    /// Wait for the server's 100 Continue before the body, at most this long
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, default_missing_value = "1s", value_parser = duration::parse)]
    expect: Option<Duration>,

    /// Send Host and what is given, no headers of one's own accord
    #[arg(long)]
    bare: bool,

    /// Take no body from stdin
    #[arg(long)]
    ignore_stdin: bool,

    /// Build the request and print it, and send nothing
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What is shown")]
struct ShownOptions {
    /// Print these parts: H and B of the request, h and b of the response, m
    /// the times
    #[arg(short, long, value_name = "PARTS")]
    print: Option<String>,

    /// Print the response's headers alone
    #[arg(long = "headers", conflicts_with_all = ["print", "only_body"])]
    only_headers: bool,

    /// Print the response's body alone
    #[arg(short = 'b', long, conflicts_with = "print")]
    only_body: bool,

    /// Indent and colour, or not [default: all on a terminal, else none]
    #[arg(long, value_name = "HOW", value_enum)]
    pretty: Option<Pretty>,

    /// Print the bytes as they pass both ways; of HTTP/2 its frames by name
    #[arg(long, conflicts_with = "json")]
    raw: bool,

    /// Tell how long each phase took, and what a reused connection saved
    #[arg(long)]
    phases: bool,

    /// Tell each step as it happens
    #[arg(long)]
    narrate: bool,

    /// Tell of each cookie why it was accepted, rejected, sent or held back
    #[arg(long)]
    explain_cookies: bool,

    /// Show credentials and cookies of requests as they are
    #[arg(long)]
    show_secrets: bool,

    /// Exit with 1 where the status is 4xx or 5xx
    #[arg(long)]
    check_status: bool,

    /// Save the body to a file, named by -o, by the server or by the URL
    #[arg(long)]
    download: bool,

    /// Go on with a download where it was cut (implies --download)
    #[arg(short = 'c', long = "continue")]
    resume: bool,

    /// Let a download replace a file
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "On the way")]
struct WayOptions {
    /// Follow redirects
    #[arg(short = 'L', long, visible_short_alias = 'F')]
    follow: bool,

    /// Keep cookies and headers in a session of this name, or in this file
    #[arg(long, value_name = "NAME|PATH")]
    session: Option<String>,

    /// Use a session without changing it
    #[arg(long, value_name = "NAME|PATH", conflicts_with = "session")]
    session_read_only: Option<String>,

    /// How the secret of --user-file, PLUMB_USER or PLUMB_TOKEN is shown
    #[arg(short = 'A', long, value_name = "TYPE", value_enum)]
    auth_type: Option<AuthType>,

    /// Take credentials from this file in place of ~/.netrc
    #[arg(long, value_name = "FILE")]
    netrc_file: Option<PathBuf>,

    /// Do not look into ~/.netrc
    #[arg(long, conflicts_with = "netrc_file")]
    no_netrc: bool,

    /// Try again up to N times what may be repeated
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=RETRIES_MAX))]
    retries: u32,

    /// Wait this long before each retry [default: from 500ms on, doubling]
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    retry_delay: Option<Duration>,

    /// Try again also what is not idempotent
    #[arg(long)]
    retry_all: bool,

    /// Seed of the jitter between retries
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Speak HTTP/1.1
    #[arg(long = "http1.1", conflicts_with = "http2")]
    http11: bool,

    /// Speak HTTP/2, without TLS too
    #[arg(long)]
    http2: bool,

    /// Wait at most this long for a connection
    #[arg(long, value_name = "DUR", default_value = duration::text(plumb_probe::http::CONNECT_TIMEOUT_DEFAULT), value_parser = duration::parse)]
    connect_timeout: Duration,

    /// Take at most this long for each URL, retries, redirects and body
    /// included
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    max_time: Option<Duration>,
}

/// How items become a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BodyKind {
    Json,
    Form,
    Multipart,
}

/// What is done for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pretty {
    All,
    Colors,
    Format,
    None,
}

/// How a secret is shown to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AuthType {
    Basic,
    Digest,
    Bearer,
}

impl Http {
    fn body_kind(&self) -> Option<BodyKind> {
        match (self.message.form, self.message.multipart) {
            (true, _) => Some(BodyKind::Form),
            (_, true) => Some(BodyKind::Multipart),
            _ => self.message.body,
        }
    }

    fn downloads(&self) -> bool {
        self.shown.download || self.shown.resume
    }
}

impl Run for Http {
    const EXAMPLES: &'static str = "
        plumb http www.example.com                          # GET, headers and body
        plumb http :8080/users name=Ada langs[]=en age:=36  # POST JSON to this host
        plumb http --form POST :8080/login user=ada         # a form
        plumb http --follow --phases https://www.example.com/
        plumb http --session me :8080/cookies/set?test=value
        plumb http --download --continue http://www.example.com/big.iso
        plumb http --retries 2 --retry-delay 1s --timeout 5s --check-status :8080/health
        plumb http --offline example.com Accept:text/html   # print it, send nothing";

    fn run(self) -> Result<ExitStatus, CommandError> {
        run::run(&self)
    }
}
