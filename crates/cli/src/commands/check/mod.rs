//! `plumb check TARGET...`.

mod in_lab;
mod run;
mod saved;

use std::path::PathBuf;

use clap::Args;
use plumb_check::Request;
use plumb_probe::credentials;

use super::Run;
use crate::args::net::NetArgs;
use crate::args::output::OutputArgs;
use crate::args::request::{HTTP_PROXY, RequestArgs};
use crate::args::target::{self, ParsedTarget};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output;

/// Most retries of one walk: more would be load, not diagnosis.
const RETRIES_MAX: i64 = 20;

/// Find the layer that is broken, and say why
///
/// A TARGET is a URL, an ADDR (tcp://host:port, tls://host:port,
/// udp://host:port), or host[:port]: bare host and host:443 mean https, host:80
/// http, any other port tcp.
///
/// The exit code is 0 when all is well or it works all the same, else that of
/// the broken layer: link 11, net 12, dns 13, tcp and udp 14, tls 15, http 16.
/// It is 3 when plumb could not tell.
#[derive(Debug, Args)]
pub struct Check {
    /// What to check (can be repeated)
    #[arg(value_name = "TARGET", required_unless_present = "replay")]
    targets: Vec<String>,

    /// Exit with the layer's code also where it works but something is wrong
    #[arg(long)]
    strict: bool,

    /// Try again up to N times where trying again can help
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=RETRIES_MAX))]
    retries: u32,

    /// Seed of the jitter between retries
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Fetch a missing issuer from the address in the certificate
    #[arg(long)]
    aia: bool,

    /// Keep the evidence in FILE
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Judge the evidence in FILE instead of looking
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "save", "lab"])]
    replay: Option<PathBuf>,

    #[command(flatten)]
    lab: LabOptions,

    #[command(flatten)]
    net: NetArgs,

    #[command(flatten)]
    request: RequestArgs,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Lab")]
struct LabOptions {
    /// Check in a lab of its own, from the machine HOST
    #[arg(long, value_name = "HOST", num_args = 0..=1, require_equals = true, default_missing_value = "h1")]
    lab: Option<String>,

    /// Break this in the lab first: NAME[@PLACE][,key=value...] (can be repeated)
    #[arg(long = "break", value_name = "FAULT", requires = "lab")]
    faults: Vec<String>,

    /// Give the lab a name that other commands can use meanwhile
    #[arg(long, value_name = "LAB", requires = "lab")]
    name: Option<String>,
}

impl Run for Check {
    const EXAMPLES: &'static str = "
        plumb check https://www.example.com/
        plumb check www.example.com mail.example.com:25  # several targets
        plumb check --lab https://www.example.com/       # in a tiny Internet
        plumb check --lab --break tls.cert-expired https://www.example.com/
        plumb check --json https://www.example.com/      # for a program
        plumb check --save run.json https://www.example.com/
        plumb check --replay run.json                    # judge it again";

    fn run(self) -> Result<ExitStatus, CommandError> {
        if let Some(file) = &self.replay {
            return saved::replay(file, &self);
        }
        if self.save.is_some() && self.targets.len() > 1 {
            return Err(CommandError::usage("--save keeps the evidence of one target"));
        }
        // All that can be wrong with the command line is found before anything
        // is built or sent.
        if let Some(file) = &self.save {
            saved::check_place(file)?;
        }
        let targets =
            self.targets.iter().map(|text| target::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let requests =
            targets.iter().map(|target| self.request_for(target)).collect::<Result<Vec<_>, _>>()?;
        // In a lab the copy of plumb that looks says it.
        let shown = self.request.shows_secret() || targets.iter().any(|t| t.credentials.is_some());
        if shown && self.lab.lab.is_none() {
            output::note(
                "a secret in an argument can be read by everybody on this machine; -H @FILE, \
                 --user-file FILE and PLUMB_USER keep it to you",
            );
        }
        match &self.lab.lab {
            Some(host) => in_lab::run(&self, host, requests),
            None => run::run(&self, requests),
        }
    }
}

impl Check {
    fn request_for(&self, parsed: &ParsedTarget) -> Result<Request, CommandError> {
        let timeout_ms = u64::try_from(self.net.timeout.as_millis()).unwrap_or(u64::MAX).max(1);
        let target = parsed.target(self.request.insecure, self.aia, timeout_ms);
        let mut request = Request::new(target, parsed.url.clone(), plumb_sys::clock::unix_s());
        request.method = self.request.method()?;
        request.headers = self.request.headers()?;
        let named =
            request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let Some(user) = parsed.credentials.as_deref().filter(|_| !named) {
            request.headers.extend(credentials::header(user));
        }
        request.body = self.request.body()?;
        request.overrides = self.request.overrides()?;
        request.roots = self.request.roots()?;
        request.identity = self.request.identity()?;
        request.proxies = self.request.proxies(HTTP_PROXY)?;
        request.redirects_max = self.request.max_redirects;
        request.family = self.net.family();
        request.timeout = self.net.timeout;
        request.retries = self.retries;
        request.seed = self.seed;
        Ok(request)
    }

    fn lab_name(&self) -> Option<&str> {
        self.lab.name.as_deref()
    }
}
