//! What every `plumb serve X` stands on: check everything, bind everything,
//! give up what is not needed, say so, serve, drain, end.

mod bind;
mod metrics;
mod record;
mod sink;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use plumb_report::{Line, Tone};
use plumb_serve::auth::Gatekeeper;
use plumb_serve::core::{
    Context, Datagram, DatagramService, EventKind, Limits, Policy, Proxies, Server, Service,
};
use plumb_serve::tls::Terminator;
use plumb_sys::confine::{self, Allowed};
use plumb_sys::{process, usage};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::serve::{ListenArgs, ProxyProtocol, ServeArgs};
use crate::args::tls_server::{ServerTls, TlsServerArgs};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output;

/// What a command serves.
#[derive(Debug)]
pub(crate) struct Plan<T, D> {
    /// The command, as `begin` has it: `serve echo`.
    pub(crate) command: &'static str,
    /// The server's name in its events: `echo`.
    pub(crate) server: &'static str,
    /// Where it listens unless told otherwise, on 127.0.0.1.
    pub(crate) port: u16,
    /// Serves connections.
    pub(crate) stream: T,
    /// Serves datagrams; without it, `udp://` is refused.
    pub(crate) datagrams: Option<D>,
    /// The limits that the options start from.
    pub(crate) limits: Limits,
    /// What it offers in ALPN, the best first.
    pub(crate) alpn: &'static [&'static str],
    /// `http`, where people open it in a browser.
    pub(crate) url_scheme: Option<&'static str>,
    /// Who has the right credentials; its files are followed.
    pub(crate) gatekeeper: Option<Arc<Gatekeeper>>,
    /// Threads that serve.
    pub(crate) workers: usize,
    /// Files and directories that it needs while it runs; all others are out
    /// of its reach from then on, where the kernel can do that.
    pub(crate) files: Vec<Allowed>,
}

/// A thread for each processor.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// For servers that have no datagrams: `None::<NoDatagrams>`.
#[derive(Debug)]
pub(crate) enum NoDatagrams {}

impl DatagramService for NoDatagrams {
    async fn answer(&self, _: Datagram, _: Context) -> Option<Vec<u8>> {
        None
    }
}

/// Checks, binds, serves until a signal, drains. Where there is nothing to
/// serve, that is what is recorded: a beginning and an end.
pub(crate) fn run<T: Service, D: DatagramService>(
    command: &str,
    plan: Result<Plan<T, D>, CommandError>,
    args: &ServeArgs,
) -> Result<ExitStatus, CommandError> {
    let readied = plan.and_then(|plan| make_ready(&plan, args).map(|ready| (plan, ready)));
    let (plan, (recorders, ready)) = match readied {
        Ok(readied) => readied,
        Err(error) => {
            if args.output.json {
                let recorders = record::Recorders::open(command, &args.output, &args.record)?;
                recorders.begin(command)?.fail(&error);
            }
            return Err(error);
        }
    };
    let recorder = recorders.begin(plan.command)?;
    let runtime = runtime(plan.workers)
        .map_err(|error| CommandError::not_measured(format!("cannot start: {error}")))?;
    let served = runtime.block_on(serve(plan, ready, &recorder, args.limits.drain));
    // A handler that blocks has had its time.
    runtime.shutdown_background();
    match served {
        Ok(()) => Ok(recorder.end(ExitStatus::GOOD)),
        Err(error) => {
            recorder.fail(&error);
            Err(error)
        }
    }
}

/// One worker is this thread: then nothing is handed from one to another.
fn runtime(workers: usize) -> io::Result<Runtime> {
    let mut builder = match workers {
        ..=1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(workers.max(1)).enable_all().build()
}

/// Checks everything, binds everything, gives up what is not needed. No thread
/// runs yet, so that what is given up is given up by all.
fn make_ready<T: Service, D: DatagramService>(
    plan: &Plan<T, D>,
    args: &ServeArgs,
) -> Result<(record::Recorders, Ready), CommandError> {
    let offers = bind::Offers { port: plan.port, datagrams: plan.datagrams.is_some() };
    let wanted = bind::wanted(&args.listen, offers)?;
    let policy = policy(args)?;
    let mut recorders = record::Recorders::open(plan.command, &args.output, &args.record)?;
    let tls_by_address = bind::any_tls(&wanted);
    let tls = tls(&args.tls, tls_by_address, &bind::names(&wanted), plan.alpn)?;
    // Bounds the connections; that the limit cannot be raised only bounds them more.
    let _ = process::raise_descriptor_limit();
    let sockets = bind::all(&wanted, args.listen.family(), &args.socket.options)?;
    let scrape = match &args.record.metrics {
        Some(at) => Some(metrics::Scrape::bind(at, recorders.count())?),
        None => None,
    };
    let told = args.output.verbose > 0 || args.record.narrate;
    let options = if told { bind::effective(&sockets, &args.socket.options) } else { Vec::new() };
    let local = sockets.iter().all(bind::Socket::is_local);
    let limits = args.limits.limits(plan.limits.clone(), usage::descriptors_max(), local);
    let mut given_up = Vec::new();
    if let Some(name) = &args.listen.user {
        given_up.push(become_user(name)?);
    }
    if !args.listen.no_confine {
        given_up.push(confine(&plan.files, &args.tls, &recorders, &sockets));
    }
    let ready = Ready { sockets, tls, tls_by_address, scrape, limits, policy, given_up, options };
    Ok((recorders, ready))
}

/// What is bound and checked, and only waits to be served.
struct Ready {
    sockets: Vec<bind::Socket>,
    tls: Option<ServerTls>,
    tls_by_address: bool,
    scrape: Option<metrics::Scrape>,
    limits: Limits,
    policy: Policy,
    /// What was given up before: what, whether it was done, in words.
    given_up: Vec<EventKind>,
    /// The options of each socket as they are, where somebody wants to know.
    options: Vec<String>,
}

async fn serve<T: Service, D: DatagramService>(
    plan: Plan<T, D>,
    ready: Ready,
    recorder: &record::Recorder,
    drain: Duration,
) -> Result<(), CommandError> {
    let Ready { sockets, tls, tls_by_address, scrape, limits, policy, given_up, options } = ready;
    let mut signals = Signals::listen()?;
    let mut hang_up = heard(SignalKind::hangup())?;
    let server = Server::with_policy(plan.server, limits, policy, recorder.sink());
    let stream = Arc::new(plan.stream);
    let datagrams = plan.datagrams.map(Arc::new);
    let mut told = Vec::new();
    for socket in sockets {
        let name = socket.bound.socket.to_string();
        let encrypted = tls.as_ref().filter(|_| socket.tls || !tls_by_address);
        let served = match (&datagrams, encrypted) {
            (Some(service), _) if socket.is_datagram() => {
                server.bound_datagrams(socket.bound, Arc::clone(service)).map(drop)
            }
            (_, Some(tls)) => {
                let service = Terminator::new(Arc::clone(&tls.tls), Arc::clone(&stream));
                server.bound(socket.bound, service).map(drop)
            }
            (_, None) => server.bound(socket.bound, Arc::clone(&stream)).map(drop),
        };
        served.map_err(|error| CommandError::not_measured(error.to_string()))?;
        told.push((name, encrypted.is_some()));
    }
    let scraped = scrape.map(metrics::Scrape::serve).transpose()?;
    for kind in given_up {
        server.events().emit(kind);
    }
    announce(&server, &told, tls.as_ref(), plan.url_scheme);
    options.iter().for_each(|text| output::note(text));
    if let Some(scraped) = &scraped {
        output::tell(&[Line::plain(format!("metrics on http://{}/metrics", scraped.address))]);
    }
    if let Some(tls) = &tls {
        tokio::spawn(Arc::clone(&tls.tls).watch(server.events().clone(), server.stopping()));
    }
    if let Some(gatekeeper) = &plan.gatekeeper {
        tokio::spawn(Arc::clone(gatekeeper).watch(server.events().clone(), server.stopping()));
    }
    loop {
        tokio::select! {
            () = signals.stop() => break,
            () = recorder.stdout_gone.notified() => break,
            _ = hang_up.recv() => {
                recorder.reopen();
                if let Some(tls) = &tls {
                    tls.tls.reload(server.events());
                }
                if let Some(gatekeeper) = &plan.gatekeeper {
                    gatekeeper.reload(server.events());
                }
            }
        }
    }
    stop(&server, drain, &mut signals).await;
    if let Some(scraped) = scraped {
        scraped.server.stop(Duration::ZERO).await;
    }
    Ok(())
}

/// Stops gracefully; whoever signals again wants it at once.
async fn stop(server: &Server, drain: Duration, signals: &mut Signals) {
    let stopping = server.stop(drain);
    tokio::pin!(stopping);
    tokio::select! {
        _ = &mut stopping => {}
        () = signals.stop() => {
            server.cut();
            stopping.await;
        }
    }
}

/// Says that the server is ready: a line per socket, with nothing after the
/// port, and what there is to know about TLS.
///
/// Events come first: who reads the line may connect at once.
fn announce(
    server: &Server,
    sockets: &[(String, bool)],
    tls: Option<&ServerTls>,
    url_scheme: Option<&'static str>,
) {
    let mut lines: Vec<Line> =
        sockets.iter().map(|(name, _)| Line::plain(format!("listening on {name}"))).collect();
    for (name, encrypted) in sockets {
        let Some(authority) = name.strip_prefix("tcp://") else { continue };
        let authority = authority.replace("0.0.0.0", "127.0.0.1").replace("[::]", "localhost");
        if let Some(scheme) = url_scheme {
            let secure = if *encrypted { "s" } else { "" };
            let text = format!("open {scheme}{secure}://{authority}/");
            server.events().emit(EventKind::Note { text });
        }
        for note in tls.filter(|_| *encrypted).iter().flat_map(|tls| tls.notes(&authority)) {
            lines.push(Line::new().and(Tone::Hint, "tls").and(Tone::Plain, format!(": {note}")));
        }
    }
    server.events().emit(EventKind::Ready);
    output::tell(&lines);
}

/// TLS as it was asked for; an address with `tls://` alone asks for a
/// certificate made on the spot.
fn tls(
    args: &TlsServerArgs,
    by_address: bool,
    names: &[String],
    alpn: &[&str],
) -> Result<Option<ServerTls>, CommandError> {
    if by_address && !args.is_asked_for() {
        let args = TlsServerArgs { tls: Some(vec!["self".into()]), ..args.clone() };
        return args.prepare(names, alpn);
    }
    if let Some(option) = args.wants_tls().filter(|_| !args.is_asked_for()) {
        return Err(CommandError::usage(format!("{option} is of TLS, which was not asked for"))
            .hint("add --tls CERT KEY, --tls self, or --listen tls://HOST:PORT"));
    }
    args.prepare(names, alpn)
}

/// Who may come.
fn policy(args: &ServeArgs) -> Result<Policy, CommandError> {
    let ListenArgs { proxy_protocol, trusted_proxy, .. } = &args.listen;
    let trusted = || trusted_proxy.iter().copied().collect();
    let proxies = match proxy_protocol {
        ProxyProtocol::Off => Proxies::Off,
        ProxyProtocol::Optional => Proxies::Optional(trusted()),
        ProxyProtocol::Required => Proxies::Required(trusted()),
    };
    if trusted_proxy.is_empty() && *proxy_protocol != ProxyProtocol::Off && !only_unix(args) {
        return Err(CommandError::usage("--proxy-protocol believes no proxy that is not named")
            .hint("name the proxies' addresses with --trusted-proxy NET"));
    }
    Ok(Policy { access: args.access.list(), proxies, socket: args.socket.options.clone() })
}

/// Over a Unix socket whoever may open it is believed.
fn only_unix(args: &ServeArgs) -> bool {
    let listen = &args.listen.listen;
    !listen.is_empty() && listen.iter().all(|address| address.starts_with("unix:"))
}

fn become_user(name: &str) -> Result<EventKind, CommandError> {
    let became = confine::become_user(name).map_err(|error| {
        CommandError::not_measured(format!("cannot {error}"))
            .hint("only root may become another user; without --user the server stays who you are")
    })?;
    let detail = format!("{} (uid {}, gid {})", became.name, became.uid, became.gid);
    Ok(EventKind::Confined { what: "user".to_owned(), done: true, detail })
}

/// Takes all files out of reach but those that a running server opens. That
/// the kernel cannot is said and is no error.
fn confine(
    own: &[Allowed],
    tls: &TlsServerArgs,
    recorders: &record::Recorders,
    sockets: &[bind::Socket],
) -> EventKind {
    let reading = |path: &str| Allowed { path: path.into(), writable: false };
    // The reserve of descriptors, and what metrics say of the process.
    let mut allowed = vec![reading("/dev/null"), reading("/proc/self"), reading("/proc/stat")];
    allowed.extend(own.iter().cloned());
    let directories = tls.directories();
    allowed.extend(directories.into_iter().map(|path| Allowed { path, writable: false }));
    let written = recorders.reopened_in().chain(bind::directories(sockets));
    allowed.extend(written.map(|path| Allowed { path, writable: true }));
    let (done, detail) = match confine::to_files(&allowed) {
        Ok(confined) => (confined.files != confine::Files::NotRestricted, confined.to_string()),
        Err(error) => (false, error.to_string()),
    };
    EventKind::Confined { what: "files".to_owned(), done, detail }
}

/// The signals that end a server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Signals, CommandError> {
        Ok(Signals {
            interrupt: heard(SignalKind::interrupt())?,
            terminate: heard(SignalKind::terminate())?,
        })
    }

    /// Ctrl-C, or what a service manager sends.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn heard(kind: SignalKind) -> Result<Signal, CommandError> {
    signal(kind)
        .map_err(|error| CommandError::not_measured(format!("cannot listen to signals: {error}")))
}
