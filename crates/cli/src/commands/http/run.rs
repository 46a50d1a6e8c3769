//! Sends the requests one after the other and shows what comes back.

mod body;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumb_probe::http::{
    Auth, BodyFailure, Client, Config, Failure, Fate, Jar, Request, Response, Told, Versions,
};
use plumb_probe::{Network, Recorder, Retry, credentials};
use plumb_report::{Line, Tone};
use plumb_sys::options::Effective;

use super::attend::attended;
use super::build::{self, Job};
use super::download::Download;
use super::messages::Messages;
use super::records::{
    FailureRecord, RedirectRecord, RemarkRecord, RequestRecord, ResponseRecord, RetryRecord,
};
use super::session::Session;
use super::show::{self, Look, Parts};
use super::{Http, raw, words};
use crate::args::request::EVERY_PROXY;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output};

/// How long the end of the process waits for threads that a lookup or stdin
/// still holds: not at all, they have nothing left to tell.
const THREADS_WAIT: Duration = Duration::ZERO;

pub(super) fn run(http: &Http) -> Result<ExitStatus, CommandError> {
    let mut session = Session::open(http)?;
    let mut jobs = build::jobs(http)?;
    if http.request.shows_secret() || words::show_secret(&http.words) {
        output::note(
            "a secret in an argument can be read by everybody on this machine; -H @FILE, \
             --user-file FILE, PLUMB_USER and PLUMB_TOKEN keep it to you",
        );
    }
    if let Some(session) = &mut session {
        for job in &mut jobs {
            session.dress(&mut job.request);
        }
    }
    let jar = session.as_mut().map(|session| std::mem::take(&mut session.kept.cookies));
    let jar = Arc::new(Mutex::new(jar.unwrap_or_default()));
    let config = config(http, Arc::clone(&jar))?;
    let download = http.downloads().then(|| Download::new(http)).transpose()?;
    let mut options = http.output.clone();
    if download.is_some() {
        options.output = None;
    }
    let mut output = Output::open(&options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::not_measured(format!("cannot start: {error}")))?;
    let is_head = jobs.iter().all(|job| job.request.method == "HEAD");
    let parts = Parts::of(http, output.live, is_head)?;
    let look = Look::of(http, &output);
    let talk = Talk {
        http,
        parts,
        look,
        download,
        recorder: Recorder::new(),
        saved: None,
        trouble: None,
        status: ExitStatus::GOOD,
        answer: output::Session::begin(&mut output, "http")?,
    };
    let status = runtime.block_on(talk.all(config, jobs));
    runtime.shutdown_timeout(THREADS_WAIT);
    let status = status?;
    if let Some(session) = session.filter(|_| !http.message.offline) {
        let cookies =
            std::mem::take(&mut *jar.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        session.save(cookies)?;
    }
    Ok(status)
}

fn config(http: &Http, jar: Arc<Mutex<Jar>>) -> Result<Config, CommandError> {
    let way = &http.way;
    let retry = Retry::walk(way.retries, way.seed);
    let retry = match way.retry_delay {
        // As long as was asked for: no more each time, and no jitter.
        Some(base) => Retry { base, factor: 1, max: base, jitter_percent: 0, ..retry },
        None => retry,
    };
    Ok(Config {
        timeout: http.net.timeout,
        connect_timeout: way.connect_timeout.min(http.net.timeout),
        retry,
        retry_all: way.retry_all,
        redirects_max: way.follow.then_some(http.request.max_redirects),
        versions: match (way.http11, way.http2) {
            (true, _) => Versions::Http1,
            (_, true) => Versions::Http2,
            _ => Versions::Any,
        },
        proxies: http.request.proxies(EVERY_PROXY)?,
        overrides: http.request.overrides()?,
        network: Arc::new(Network {
            family: http.net.family(),
            socket: http.socket.options.clone(),
            ..Network::default()
        }),
        roots: http.request.roots()?,
        insecure: http.request.insecure,
        identity: http.request.identity()?,
        jar,
        ..Config::default()
    })
}

/// All exchanges of the command.
struct Talk<'a> {
    http: &'a Http,
    parts: Parts,
    look: Look,
    download: Option<Download>,
    recorder: Recorder,
    /// What the connection of the exchange under way saved by being there.
    saved: Option<Duration>,
    /// Why the answer cannot be written, met where nothing could be returned.
    trouble: Option<CommandError>,
    status: ExitStatus,
    answer: output::Session<'a>,
}

impl Talk<'_> {
    async fn all(mut self, mut config: Config, jobs: Vec<Job>) -> Result<ExitStatus, CommandError> {
        if self.http.shown.raw && !self.http.message.offline {
            let out = self.raw_target()?;
            config.tap = Some(raw::tap(out, self.look.terminal, self.look.secrets));
        }
        let messages = Messages::default();
        if self.http.shown.narrate {
            config.handshake_tap = Some(messages.tap(&self.recorder));
            // Raw frames are named already.
            config.tap = config.tap.or_else(|| Some(messages.tap(&self.recorder)));
        }
        let client = Client::recording(config, self.recorder.clone());
        let mut events = self.http.shown.narrate.then(|| self.recorder.subscribe());
        for job in jobs {
            if self.http.message.offline {
                self.offline(&client, job).await?;
            } else if !attended(&mut events, &messages, self.in_time(&client, job)).await? {
                output::note("interrupted");
                self.status = ExitStatus::INTERRUPTED;
                break;
            }
            if self.answer.output().is_closed() {
                break;
            }
        }
        let status = self.status;
        self.answer.end(status)
    }

    /// Where raw bytes go: past the answer's own writer, which is not used then.
    fn raw_target(&self) -> Result<std::fs::File, CommandError> {
        use std::os::fd::AsFd as _;
        if let Some(path) = &self.http.output.output {
            let opened = std::fs::OpenOptions::new().append(true).open(path);
            return opened.map_err(|error| CommandError::file("write", path, error));
        }
        let own = std::io::stdout().as_fd().try_clone_to_owned();
        own.map(Into::into)
            .map_err(|error| CommandError::not_measured(format!("cannot write to stdout: {error}")))
    }

    /// Prints the request and sends nothing.
    async fn offline(&mut self, client: &Client, job: Job) -> Result<(), CommandError> {
        let message = client.preview(&job.request, job.auth.as_ref(), &mut |told| self.told(&told));
        let record = RequestRecord::of(0, &message, &job.request);
        self.answer.record("request", &record)?;
        if self.answer.output().json {
            return Ok(());
        }
        if self.parts.request_head {
            let head = self.look.request(&message);
            self.print(&head)?;
        }
        if !self.parts.request_body || job.request.body.is_empty() {
            return Ok(());
        }
        let content_type = message.headers.get("content-type").unwrap_or_default();
        let writer = self.answer.output().writer();
        if let Some(body) = show::payload(&job.request.body).filter(|_| !message.is_chunked()) {
            return self.look.body(&body, &content_type, writer).map_err(cannot_show);
        }
        let mut reader = job.request.body.open();
        let cannot = |error: std::io::Error| CommandError::not_measured(error.to_string());
        while let Some(piece) = reader.next().await.map_err(cannot)? {
            if message.is_chunked() {
                write!(writer, "{:x}\r\n", piece.len()).map_err(cannot_show)?;
            }
            writer.write_all(&piece).map_err(cannot_show)?;
            if message.is_chunked() {
                writer.write_all(b"\r\n").map_err(cannot_show)?;
            }
        }
        if message.is_chunked() {
            writer.write_all(b"0\r\n\r\n").map_err(cannot_show)?;
        }
        writer.flush().map_err(cannot_show)
    }

    /// One URL, from the first name to the last byte, in the time there is.
    async fn in_time(&mut self, client: &Client, job: Job) -> Result<(), CommandError> {
        let Some(limit) = self.http.way.max_time else { return self.one(client, job).await };
        let request = job.request.clone();
        match tokio::time::timeout(limit, self.one(client, job)).await {
            Ok(done) => done,
            Err(_) => self.failed(&request, &Failure::OutOfTime { limit_ms: limit.as_millis() }),
        }
    }

    /// One URL, with everything that happens on the way.
    async fn one(&mut self, client: &Client, job: Job) -> Result<(), CommandError> {
        let mut attempt = 0;
        loop {
            let mut request = job.request.clone();
            if let Some(download) = &self.download {
                download.dress(&mut request);
            }
            self.saved = None;
            let auth: Option<Auth> = job.auth.clone();
            let fetched = client.fetch(request, auth, &mut |told| self.told(&told)).await;
            if let Some(trouble) = self.trouble.take() {
                return Err(trouble);
            }
            let mut response = match fetched {
                Ok(response) => response,
                Err(failure) => return self.failed(&job.request, &failure),
            };
            self.head(&response)?;
            let cut = self.body(&mut response).await?;
            let Some(failure) = cut else { return Ok(()) };
            attempt += 1;
            // What has come is kept: only the rest is asked for.
            let again =
                self.download.is_some() && failure.may_pass() && attempt <= self.http.way.retries;
            if !again {
                return self.cut(&failure);
            }
            let wait = self.http.way.retry_delay.unwrap_or(Duration::from_millis(500));
            let why = failure.to_string();
            self.told(&Told::Retry { attempt, wait, why });
            tokio::time::sleep(wait).await;
        }
    }

    /// Something happened on the way.
    fn told(&mut self, told: &Told<'_>) {
        let said = match told {
            Told::Request { hop, message, request } => self.request(*hop, message, request),
            Told::Reused { saved, .. } => {
                self.saved = Some(*saved);
                Ok(())
            }
            Told::Connected { options, .. } => {
                self.socket_options(options);
                Ok(())
            }
            Told::Passed { hop, head } => self.passed(*hop, head),
            Told::Redirect { status, from, to, method, method_after, why_not } => {
                let record = RedirectRecord {
                    status: *status,
                    from: credentials::hidden(from),
                    to,
                    method,
                    method_after,
                    followed: why_not.is_none(),
                    why_not: *why_not,
                };
                self.redirect(&record)
            }
            Told::Retry { attempt, wait, why } => {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                let record = RetryRecord { attempt: *attempt, wait_ms, why };
                self.note(&format!("{why}: try {} in {wait_ms} ms", attempt + 1));
                self.answer.record("retry", &record)
            }
            Told::Cookie(decision) => {
                if self.http.shown.explain_cookies && !self.answer.output().json {
                    let tone = match decision.what {
                        Fate::Rejected | Fate::HeldBack => Tone::Warning,
                        _ => Tone::Good,
                    };
                    output::tell(&[Line::new()
                        .and(Tone::Strong, format!("cookie {} ", decision.name))
                        .and(tone, decision.what.text())
                        .and(Tone::Plain, format!(": {}", decision.why))]);
                }
                self.answer.record("cookie", decision)
            }
            Told::Interim { status, .. } => {
                if self.http.output.verbose > 0 {
                    self.note(&format!("interim response {status}"));
                }
                Ok(())
            }
            Told::Remark(text) => self.remark(text),
            _ => Ok(()),
        };
        if let Err(error) = said {
            self.trouble.get_or_insert(error);
        }
    }

    /// What the kernel made of the options that were asked for; all of them to
    /// who wants to know more.
    fn socket_options(&mut self, options: &[Effective]) {
        let all = self.http.output.verbose > 1 || self.http.shown.narrate;
        let shown = options.iter().filter(|option| all || option.asked.is_some());
        let shown: Vec<String> =
            shown.map(|option| format!("{} {}", option.name, option.value)).collect();
        if !shown.is_empty() && (all || self.http.output.verbose > 0) {
            self.note(&format!("socket options in effect: {}", shown.join(", ")));
        }
    }

    /// A line on stderr, unless only the answer is wanted.
    fn note(&mut self, text: &str) {
        if !self.http.output.quiet && !self.answer.output().json {
            output::note(text);
        }
    }

    fn remark(&mut self, text: &str) -> Result<(), CommandError> {
        self.note(text);
        self.answer.record("remark", &RemarkRecord { text })
    }

    fn redirect(&mut self, record: &RedirectRecord<'_>) -> Result<(), CommandError> {
        let method = match record.method == record.method_after {
            true => record.method.to_owned(),
            false => format!("{} becomes {}", record.method, record.method_after),
        };
        let text = match record.why_not {
            None => format!("{} leads to {}: {method}", record.status, record.to),
            Some(why_not) => {
                format!("{} leads to {}, not followed: {why_not}", record.status, record.to)
            }
        };
        if record.why_not.is_some() {
            self.status = ExitStatus::NO;
        }
        self.note(&text);
        self.answer.record("redirect", record)
    }

    fn request(
        &mut self,
        hop: u16,
        message: &plumb_probe::http::Message,
        request: &Request,
    ) -> Result<(), CommandError> {
        self.saved = None;
        self.answer.record("request", &RequestRecord::of(hop, message, request))?;
        if self.answer.output().json || self.http.shown.raw {
            return Ok(());
        }
        if self.parts.request_head {
            let head = self.look.request(message);
            self.print(&head)?;
        }
        if self.parts.request_body && !request.body.is_empty() {
            let content_type = message.headers.get("content-type").unwrap_or_default();
            match show::payload(&request.body) {
                Some(body) => {
                    let writer = self.answer.output().writer();
                    self.look.body(&body, &content_type, writer).map_err(cannot_show)?;
                    self.print(b"\n\n")?;
                }
                None => self.note("the body is read while it is sent and not shown"),
            }
        }
        Ok(())
    }

    /// The head of a response that is not the last.
    fn passed(
        &mut self,
        _hop: u16,
        head: &plumb_probe::http::ResponseHead,
    ) -> Result<(), CommandError> {
        let shown = self.parts.head && self.http.output.verbose > 0;
        if !shown || self.answer.output().json || self.http.shown.raw {
            return Ok(());
        }
        let head = self.look.response(head);
        self.print(&head)
    }

    /// The head of the last response.
    fn head(&mut self, response: &Response) -> Result<(), CommandError> {
        self.answer.record("response", &ResponseRecord::of(response))?;
        if self.parts.head && !self.answer.output().json && !self.http.shown.raw {
            let head = self.look.response(&response.head);
            self.print(&head)?;
        }
        if self.http.shown.check_status && response.status() >= 400 {
            self.status = ExitStatus::NO;
            self.note(&format!("the status is {} {}", response.status(), response.head.reason));
        }
        Ok(())
    }

    /// There is no response.
    fn failed(&mut self, request: &Request, failure: &Failure) -> Result<(), CommandError> {
        let url = credentials::hidden(&request.url);
        self.answer.record("failure", &FailureRecord { url: &url, error: failure.to_string() })?;
        if failure.is_local() {
            return Err(CommandError::not_measured(failure.to_string()));
        }
        self.status = ExitStatus::NO;
        let hint = match failure {
            Failure::Name { .. } | Failure::Connect { .. } | Failure::Tls { .. } => {
                Some(format!("plumb check {url} finds out why"))
            }
            _ => None,
        };
        output::show_error(&CommandError::not_measured(failure.to_string()).hint_if(hint));
        Ok(())
    }

    /// The body did not come whole.
    fn cut(&mut self, failure: &BodyFailure) -> Result<(), CommandError> {
        self.status = ExitStatus::NO;
        output::show_error(&CommandError::not_measured(failure.to_string()));
        Ok(())
    }

    fn print(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        self.answer.output().raw(bytes)
    }
}

fn cannot_show(error: std::io::Error) -> CommandError {
    CommandError::not_measured(format!("cannot write the answer: {error}"))
}
