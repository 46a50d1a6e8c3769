//! `plumb listen ADDR`: a conversation with whoever comes.

mod bridge;
mod datagrams;

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use plumb_report::{Line, Tone};
use plumb_serve::core::pace::Pace;
use plumb_serve::core::{EventKind, Limits, Policy, Server, ServerEvent};
use plumb_serve::tls::Terminator;
use plumb_sys::listen::{self, Bound, BoundSocket, ListenAt};
use plumb_sys::names::Family;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::Run;
use crate::args::address::{Address, Defaults, Transport};
use crate::args::duration;
use crate::args::output::OutputArgs;
use crate::args::serve::SYSTEMD;
use crate::args::socket::SocketArgs;
use crate::args::tls_server::{ServerTls, TlsServerArgs};
use crate::args::who::AccessArgs;
use crate::converse::args::ConverseArgs;
use crate::converse::interrupted;
use crate::converse::near::Near;
use crate::converse::tell::Teller;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output;

use bridge::{Bridge, Guest};

/// Longer than anybody talks.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Programs that run at once, one for each connection.
const PROGRAMS_MAX: usize = 100;

/// Events that wait to be told; what is more is lost rather than waited for.
const EVENTS_WAITING_MAX: usize = 256;

/// Wait for one peer and converse with it
///
/// What the peer sends goes to stdout, and what comes on stdin is sent to it.
/// The first to come is served, and when it is done so is plumb; --keep-open
/// serves one after another, and with --exec several at once. Listens on
/// loopback unless told otherwise. A name is listened on at all its addresses,
/// of datagrams at the first; systemd takes the sockets of a socket unit.
#[derive(Debug, Args)]
pub struct Listen {
    /// PORT, HOST:PORT, tcp://, udp:// or tls://HOST:PORT, unix:/path; port 0
    /// lets the system choose, the host * is every address
    #[arg(value_name = "ADDR", required = true, num_args = 1..=2)]
    address: Vec<String>,

    /// Serve the next when a conversation has ended
    #[arg(long)]
    keep_open: bool,

    /// End when nobody has come for this long
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// Listen on IPv4 addresses of names only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,

    /// Listen on IPv6 addresses of names only
    #[arg(short = '6', long)]
    ipv6: bool,

    #[command(flatten)]
    converse: ConverseArgs,

    #[command(flatten)]
    tls: TlsServerArgs,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    socket: SocketArgs,
}

/// The data of a `listening` record.
#[derive(Debug, Serialize)]
struct Listening<'a> {
    address: &'a str,
    port: Option<u16>,
}

impl Run for Listen {
    const EXAMPLES: &'static str = "
        plumb listen 8080
        plumb listen tcp://*:8080 --keep-open --record talk.jsonl
        plumb listen 8080 --exec cat --keep-open   # an echo server
        plumb listen udp://224.0.0.251:5007 --interface lo
        plumb listen tls://127.0.0.1:8443 --tls self
        plumb listen unix:/tmp/talk.sock --hex";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let (mut bound, encrypted) = self.bind()?;
        let tls = self.server_tls(encrypted)?;
        let teller = self.converse.teller("listen", &self.output)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::not_measured(format!("no runtime: {error}")))?;
        let teller = Rc::new(teller);
        for socket in &bound {
            self.announce(socket, tls.as_ref(), &teller);
        }
        let local = LocalSet::new();
        let result = match bound.pop_if(|bound| is_datagram(bound)) {
            Some(bound) => {
                runtime.block_on(local.run_until(datagrams::serve(&self, bound, &teller)))
            }
            None => runtime.block_on(local.run_until(self.serve(bound, tls, Rc::clone(&teller)))),
        };
        drop(local);
        // A thread may still wait for stdin, perhaps for ever.
        runtime.shutdown_background();
        let status = result?;
        teller.say_end(status);
        Ok(status)
    }
}

impl Listen {
    fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }

    /// A socket for each address of the name, or those of the service manager;
    /// and whether TLS was asked for.
    fn bind(&self) -> Result<(Vec<Bound>, bool), CommandError> {
        let defaults = Defaults { transport: Transport::Tcp, port: None };
        let text = match self.address.as_slice() {
            // As netcat's users type it.
            [host, port] if host.contains(':') && !host.starts_with('[') => {
                format!("[{host}]:{port}")
            }
            words => words.join(":"),
        };
        if text == SYSTEMD {
            return Ok((self.inherited()?, self.tls.is_asked_for()));
        }
        let address = Address::to_listen(&text, defaults)?;
        let mut bound: Vec<Bound> = Vec::new();
        for mut at in address.listen_at(self.family())? {
            // One conversation has one port, also where the system chooses it.
            if let (ListenAt::Tcp(at), Some(first)) = (&mut at, bound.first())
                && at.port() == 0
                && let Some(first) = first.socket.address()
            {
                at.set_port(first.port());
            }
            let socket = listen::bind(&at, &self.socket.options, None)
                .map_err(|error| CommandError::not_measured(format!("cannot {error}")))?;
            bound.push(socket);
            // One socket is all that datagrams can be sent from.
            if bound.iter().any(is_datagram) {
                break;
            }
        }
        if bound.is_empty() {
            return Err(CommandError::not_measured(format!("{text} has no address")));
        }
        Ok((bound, address.is_tls() || self.tls.is_asked_for()))
    }

    /// The sockets that the service manager passed on.
    fn inherited(&self) -> Result<Vec<Bound>, CommandError> {
        let bind = |descriptor: i32| {
            listen::bind(&ListenAt::Inherited(descriptor), &self.socket.options, None)
                .map_err(|error| CommandError::not_measured(format!("cannot {error}")))
        };
        let bound: Vec<Bound> = crate::environment::listen_descriptors()
            .into_iter()
            .map(bind)
            .collect::<Result<_, _>>()?;
        if bound.is_empty() {
            return Err(CommandError::usage("the service manager has passed no socket on")
                .hint("a socket unit of systemd does, and sets LISTEN_FDS and LISTEN_PID"));
        }
        if bound.len() > 1 && bound.iter().any(is_datagram) {
            return Err(CommandError::usage(
                "of datagrams there can be one socket, and the service manager has passed more on",
            ));
        }
        Ok(bound)
    }

    fn server_tls(&self, encrypted: bool) -> Result<Option<ServerTls>, CommandError> {
        if encrypted && !self.tls.is_asked_for() {
            return Err(CommandError::usage("tls:// wants a certificate")
                .hint("--tls CERT KEY, or --tls self for one that is made on the spot"));
        }
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        self.tls.prepare(&names, &[])
    }

    fn announce(&self, bound: &Bound, tls: Option<&ServerTls>, teller: &Teller) {
        let name = &bound.socket.to_string();
        for step in &bound.steps {
            teller.step(&step.call(), &step.meaning());
        }
        let port = bound.socket.address().map(|address| address.port());
        teller.record("listening", &Listening { address: name, port });
        // Said even if it is to be quiet: a script waits for it.
        output::tell(&[Line::plain(format!("listening on {name}"))]);
        let authority = name.strip_prefix("tcp://").unwrap_or(name);
        for note in tls.into_iter().flat_map(|tls| tls.notes(authority)) {
            output::tell(&[Line::new()
                .and(Tone::Hint, "tls")
                .and(Tone::Plain, format!(": {note}"))]);
        }
    }

    fn limits(&self) -> Limits {
        // One converses at a time; the others wait in the kernel's queue.
        let at_once = if self.at_once() { PROGRAMS_MAX } else { 1 };
        Limits {
            connections_max: at_once,
            connections_per_client_max: at_once,
            first_byte: FOR_EVER,
            idle: FOR_EVER,
            write_stall: FOR_EVER,
            reader_pace: Pace::ANY,
            body_pace: Pace::ANY,
            connection: None,
            ..Limits::default()
        }
    }

    /// Whether several conversations go on at a time.
    fn at_once(&self) -> bool {
        self.converse.exec.is_some() && self.keep_open
    }

    async fn serve(
        &self,
        bound: Vec<Bound>,
        tls: Option<ServerTls>,
        teller: Rc<Teller>,
    ) -> Result<ExitStatus, CommandError> {
        let (event_sender, mut events) = mpsc::channel::<ServerEvent>(EVENTS_WAITING_MAX);
        let policy = Policy {
            access: self.access.list(),
            socket: self.socket.options.clone(),
            ..Policy::default()
        };
        let server = Server::with_policy("listen", self.limits(), policy, event_sender);
        let (bridge, mut guests) = Bridge::new();
        for socket in bound {
            let serving = match &tls {
                Some(tls) => {
                    server.bound(socket, Terminator::new(Arc::clone(&tls.tls), bridge.clone()))
                }
                None => server.bound(socket, bridge.clone()),
            };
            serving.map_err(|error| CommandError::not_measured(error.to_string()))?;
        }
        // The sockets have theirs: without any, no guest can come.
        drop(bridge);
        let mut near = self.converse.near(&self.output)?;
        let signalled = interrupted();
        tokio::pin!(signalled);
        let waiting_since = Instant::now();
        let mut ended = ExitStatus::GOOD;
        loop {
            let patience = self.timeout.map(|limit| limit.saturating_sub(waiting_since.elapsed()));
            tokio::select! {
                guest = guests.recv() => {
                    let Some(guest) = guest else { break };
                    if self.at_once() {
                        let program = self.start(&guest)?;
                        let (teller, manner) = (Rc::clone(&teller), self.manner());
                        tokio::task::spawn_local(async move {
                            let mut near = program;
                            guest.converse(&mut near, manner, &teller).await;
                        });
                        continue;
                    }
                    if !self.keep_open {
                        let closing = server.clone();
                        tokio::task::spawn_local(async move { closing.stop(FOR_EVER).await });
                    }
                    let outcome = self.converse_with(guest, &mut near, &teller).await?;
                    ended = bridge::status_of(&outcome);
                    if !self.keep_open || ended == ExitStatus::INTERRUPTED {
                        break;
                    }
                }
                Some(event) = events.recv() => tell(&event, &teller),
                () = &mut signalled => {
                    ended = if self.keep_open { ExitStatus::GOOD } else { ExitStatus::INTERRUPTED };
                    break;
                }
                () = wait(patience) => {
                    teller.note("timeout", "nobody came in time");
                    ended = ExitStatus::NO;
                    break;
                }
            }
        }
        server.cut();
        server.stop(Duration::ZERO).await;
        while let Ok(event) = events.try_recv() {
            tell(&event, &teller);
        }
        Ok(if self.keep_open && ended == ExitStatus::INTERRUPTED {
            ExitStatus::GOOD
        } else {
            ended
        })
    }

    fn manner(&self) -> crate::converse::Manner {
        self.converse.manner(false, self.socket.options.receive_timeout)
    }

    fn start(&self, guest: &Guest) -> Result<Near, CommandError> {
        let program = self.converse.program(&guest.peer(), &guest.local())?;
        Ok(program.unwrap_or_else(Near::nothing))
    }

    async fn converse_with(
        &self,
        guest: Guest,
        near: &mut Near,
        teller: &Teller,
    ) -> Result<crate::converse::Outcome, CommandError> {
        let mut program = self.converse.program(&guest.peer(), &guest.local())?;
        let near = program.as_mut().unwrap_or(near);
        Ok(guest.converse(near, self.manner(), teller).await)
    }
}

/// Whether datagrams come here.
fn is_datagram(bound: &Bound) -> bool {
    matches!(bound.socket, BoundSocket::Udp(_) | BoundSocket::UnixDatagram(_))
}

async fn wait(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// What the core tells that is of interest here.
fn tell(event: &ServerEvent, teller: &Teller) {
    let from = event.peer.as_ref().map(|peer| format!(" from {peer}")).unwrap_or_default();
    match &event.kind {
        EventKind::TlsFailed { error } => {
            teller.note("tls_failed", &format!("TLS handshake failed{from}: {error}"));
        }
        EventKind::Security { detail, .. } => {
            teller.note("security", &format!("refused{from}: {detail}"));
        }
        EventKind::Closed(record) => {
            if let Some(tcp) = record.tcp.clone().filter(|_| teller.is_verbose()) {
                teller.tcp(&tcp);
            }
        }
        _ => {}
    }
}
