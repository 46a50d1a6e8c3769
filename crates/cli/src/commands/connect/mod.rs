//! `plumb connect ADDR`: a conversation with a server.

mod open;
mod reach;
mod secure;

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use clap::Args;
use plumb_probe::Retry;
use plumb_report::Tone;
use plumb_sys::options::SocketOptions;
use plumb_sys::tcp;
use serde::Serialize;

use super::Run;
use crate::args::address::{Address, Defaults, Transport};
use crate::args::duration;
use crate::args::net::NetArgs;
use crate::args::output::OutputArgs;
use crate::args::socket::SocketArgs;
use crate::converse::args::ConverseArgs;
use crate::converse::near::Near;
use crate::converse::tell::{Begun, Connected, Teller};
use crate::converse::{End, Outcome, datagrams, interrupted, stream};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::Output;

use reach::{Goal, Reached, Unreached, since};
use secure::SecureArgs;

/// How long a peer may take to answer datagrams, after the last was sent: there
/// is no end that it could tell.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// Most retries: what has failed so often is not a matter of chance.
const RETRIES_MAX: u32 = 1000;

/// Converse with a server: TCP, UDP, TLS or a Unix socket
///
/// What comes on stdin is sent and what the server sends goes to stdout. The
/// end of stdin is told to the server, whose answer is still read to its end.
/// Who answered and why it ended is said on stderr. Exits with 1 where nobody
/// answers or the connection breaks.
#[derive(Debug, Args)]
pub struct Connect {
    /// tcp://HOST:PORT, udp://, tls://, unix:/path, HOST:PORT, or HOST PORT
    #[arg(value_name = "ADDR", required = true, num_args = 1..=2)]
    address: Vec<String>,

    /// Only say whether the port is open (exit 0) or not (exit 1)
    #[arg(short = 'z', long = "is-open", conflicts_with_all = ["exec", "reconnect", "keep_open"])]
    is_open: bool,

    /// Go on sending after the server has ended its direction
    #[arg(long)]
    keep_open: bool,

    /// Try again this often when nobody answers, with growing waits
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(RETRIES_MAX)))]
    retries: u32,

    /// Wait this long between tries, in place of growing waits
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    retry_wait: Option<Duration>,

    /// Connect again when the server ends the connection, until stdin ends
    #[arg(long)]
    reconnect: bool,

    /// Ask nobody for names: HOST must be an address
    #[arg(short = 'n', long)]
    no_names: bool,

    #[command(flatten)]
    converse: ConverseArgs,

    #[command(flatten)]
    secure: SecureArgs,

    #[command(flatten)]
    net: NetArgs,

    #[command(flatten)]
    socket: SocketArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Connect {
    const EXAMPLES: &'static str = "
        plumb connect tcp://www.example.com:80
        plumb connect -z mail.example.com 25            # is the port open?
        plumb connect tls://www.example.com:443 --alpn http/1.1
        plumb connect --starttls smtp mail.example.com:25
        plumb connect udp://127.0.0.1:9006 --lines      # each line is a datagram
        plumb connect unix:/run/echo.sock --hex
        plumb connect 127.0.0.1:8080 --timeout 10s --read-timeout 5s --retries 2 --retry-wait 2s";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let goal = self.goal()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::not_measured(format!("no runtime: {error}")))?;
        let status = if self.is_open {
            let mut output = Output::open(&self.output)?;
            runtime.block_on(open::is_open(&self, &goal, &mut output))
        } else {
            let teller = self.converse.teller("connect", &self.output)?;
            let result = runtime.block_on(self.session(&goal, &teller));
            result.inspect(|status| teller.say_end(*status))
        };
        // A thread may still wait for stdin, perhaps for ever.
        runtime.shutdown_background();
        status
    }
}

/// An attempt that failed.
#[derive(Debug, Serialize)]
struct Failed<'a> {
    at_ns: u64,
    attempt: u32,
    why: &'a str,
    text: &'a str,
    /// Until the next attempt; null where there is none.
    next_after_ns: Option<u64>,
}

impl Connect {
    fn goal(&self) -> Result<Goal, CommandError> {
        let defaults = Defaults { transport: Transport::Tcp, port: None };
        let address = Address::of_peer(&self.address, defaults)?;
        if self.no_names && matches!(address, Address::Ip { .. }) && address.literal()?.is_none() {
            let text = &self.address[0];
            return Err(
                CommandError::usage("with -n, the host must be an address").at(text, 0..text.len())
            );
        }
        let secure = match &address {
            Address::Ip { host, transport, .. } => {
                let secure = self.secure.secure(host, address.is_tls(), self.converse.narrate)?;
                if secure.is_some() && *transport == Transport::Udp {
                    return Err(CommandError::usage("TLS goes over TCP, not over UDP"));
                }
                secure
            }
            Address::Unix { .. } if self.secure.tls => {
                return Err(CommandError::usage("TLS to a Unix socket is not spoken"));
            }
            Address::Unix { .. } => None,
        };
        Ok(Goal {
            address,
            family: self.net.family(),
            timeout: self.net.timeout,
            options: self.socket.options.clone(),
            secure,
        })
    }

    /// The waits between tries.
    fn retry(&self) -> Retry {
        let retry = Retry::walk(self.retries, u64::from(std::process::id()));
        match self.retry_wait {
            Some(base) => Retry { base, max: base, factor: 1, jitter_percent: 0, ..retry },
            None => retry,
        }
    }

    /// Connects and converses until there is no more to do.
    async fn session(&self, goal: &Goal, teller: &Teller) -> Result<ExitStatus, CommandError> {
        let mut near = self.converse.near(&self.output)?;
        let mut again = false;
        loop {
            let start = Instant::now();
            let reached = match self.try_to_reach(goal, teller, again).await? {
                Ok(reached) => reached,
                Err(status) => return Ok(status),
            };
            let outcome = self.converse_over(goal, reached, &mut near, teller, start).await?;
            let over = outcome.input_ended && near.input.waiting.is_empty();
            let lost = matches!(outcome.end, End::Peer | End::Broken(_) | End::Both);
            if self.reconnect && lost && !over {
                teller.note("reconnecting", "connecting again");
                again = true;
                // A server that closes at once must not be asked without end.
                if rest_or_signal(self.retry().wait(1)).await {
                    return Ok(ExitStatus::INTERRUPTED);
                }
                continue;
            }
            return Ok(status_of(&outcome));
        }
    }

    /// Tries until somebody answers. The inner error is the status with which
    /// the command ends.
    async fn try_to_reach(
        &self,
        goal: &Goal,
        teller: &Teller,
        again: bool,
    ) -> Result<Result<Reached, ExitStatus>, CommandError> {
        let retry = self.retry();
        // Who reconnects does so until the server is back, unless told how often.
        let tries = if again && self.retries == 0 { u32::MAX } else { retry.tries };
        let mut attempt = 1;
        loop {
            let reached = tokio::select! {
                reached = goal.reach() => reached,
                () = interrupted() => return Ok(Err(ExitStatus::INTERRUPTED)),
            };
            let (text, why) = match reached {
                Ok(reached) => return Ok(Ok(reached)),
                Err(Unreached::Error(error)) => return Err(error),
                Err(Unreached::No { words, word }) => (words, word),
            };
            let more = attempt < tries;
            let wait = more.then(|| retry.wait(attempt));
            self.say_failed(teller, attempt, (&text, why), wait);
            let Some(wait) = wait else { return Ok(Err(ExitStatus::NO)) };
            if rest_or_signal(wait).await {
                return Ok(Err(ExitStatus::INTERRUPTED));
            }
            attempt += 1;
        }
    }

    fn say_failed(
        &self,
        teller: &Teller,
        attempt: u32,
        (text, why): (&str, &str),
        wait: Option<Duration>,
    ) {
        let next_after_ns = wait.map(|wait| u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX));
        let at_ns = teller.elapsed_ns();
        teller.record("failed", &Failed { at_ns, attempt, why, text, next_after_ns });
        match wait {
            Some(wait) => teller.line(
                Tone::Warning,
                &format!(
                    "Connection attempt {attempt} failed, retrying... ({text}; next in {})",
                    duration::text(wait)
                ),
            ),
            None if attempt > 1 => {
                teller.line(Tone::Warning, &format!("Connection attempt {attempt} failed: {text}"));
                teller.line(Tone::Bad, "Failed to connect after retries");
            }
            // The one thing that even a quiet command says.
            None => crate::output::tell(&[plumb_report::Line::new()
                .and(Tone::Bad, "error")
                .and(Tone::Strong, format!(": {text}"))]),
        }
    }

    async fn converse_over(
        &self,
        goal: &Goal,
        reached: Reached,
        near: &mut Near,
        teller: &Teller,
        start: Instant,
    ) -> Result<Outcome, CommandError> {
        let manner = self.converse.manner(self.keep_open, goal.options.receive_timeout);
        let connected = describe(goal, &reached, since(start), teller);
        let begun = match &reached {
            Reached::Datagrams(..) => Begun::Sending,
            _ => Begun::Connected,
        };
        teller.connected(&connected, begun);
        let local = connected.local.unwrap_or_default();
        let mut program = self.converse.program(&connected.peer, &local)?;
        let near = program.as_mut().unwrap_or(near);
        let began = Instant::now();
        let (outcome, socket) = match reached {
            Reached::Stream(connection, _) => {
                let socket = connection.as_fd().try_clone_to_owned().ok();
                (stream::converse(connection, near, manner, teller).await, socket)
            }
            Reached::Unix(unix) => (stream::converse(unix, near, manner, teller).await, None),
            Reached::Datagrams(mut socket, _) => {
                let patience =
                    datagrams::Patience { after_input: Some(ANSWER_WAIT), refusals: false };
                let outcome =
                    datagrams::converse(&mut socket, near, manner, patience, teller).await;
                (outcome, None)
            }
        };
        let info = socket.and_then(|socket| tcp::tcp_info(&socket).ok());
        teller.closed(&outcome, since(began), info);
        Ok(outcome)
    }
}

/// Waits; true if a signal came first.
async fn rest_or_signal(wait: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(wait) => false,
        () = interrupted() => true,
    }
}

/// What is said of a connection that has come to be.
fn describe(goal: &Goal, reached: &Reached, duration_ns: u64, teller: &Teller) -> Connected {
    let options: &SocketOptions = &goal.options;
    let effective = |all: Vec<plumb_sys::options::Effective>| {
        all.into_iter().map(Into::into).collect::<Vec<_>>()
    };
    let mut connected = Connected {
        at_ns: teller.elapsed_ns(),
        address: goal.address.to_string(),
        peer: String::new(),
        local: None,
        duration_ns: Some(duration_ns),
        tls: None,
        options: Vec::new(),
        tcp: None,
    };
    match reached {
        Reached::Stream(connection, tls) => {
            connected.peer = connection.address.to_string();
            connected.local = connection.local_address().map(|local| local.to_string());
            connected.tls.clone_from(tls);
            connected.options = effective(options.effective(&connection.as_fd()));
            connected.tcp = tcp::tcp_info(&connection.as_fd()).ok().map(Into::into);
        }
        Reached::Unix(unix) => connected.options = effective(options.effective(unix)),
        Reached::Datagrams(socket, peer) => {
            connected.duration_ns = None; // nothing has passed yet
            connected.peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
            connected.local = socket.local_address().map(|local| local.to_string());
            connected.options = effective(socket.effective(options));
        }
    }
    connected
}

fn status_of(outcome: &Outcome) -> ExitStatus {
    match &outcome.end {
        End::Both | End::Peer | End::Program | End::OutputClosed => ExitStatus::GOOD,
        End::Broken(_) | End::Silence(_) => ExitStatus::NO,
        End::OutputFailed(_) => ExitStatus::NOT_MEASURED,
        End::Interrupted => ExitStatus::INTERRUPTED,
    }
}
