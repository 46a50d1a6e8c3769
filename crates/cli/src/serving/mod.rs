//! What every `plumb serve X` stands on: bind everything, say so, serve, drain,
//! end.

use std::time::Duration;

use plumb_serve::core::{DatagramService, Limits, Server, Service};
use tokio::signal::unix::{SignalKind, signal};

mod bind;
mod record;

use crate::args::serve::ServeArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;

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
}

/// Binds, serves until a signal, drains.
pub(crate) fn run<T: Service, D: DatagramService>(
    plan: Plan<T, D>,
    args: &ServeArgs,
) -> Result<ExitStatus, CommandError> {
    let sockets = bind::all(&args.listen, plan.port, plan.datagrams.is_some())?;
    let recorder = record::Recorder::begin(plan.command, &args.output)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::not_measured(format!("cannot start: {error}")))?;
    let drain = args.limits.drain;
    runtime.block_on(serve(plan, sockets, &recorder, drain))?;
    drop(runtime);
    recorder.end(ExitStatus::GOOD)
}

async fn serve<T: Service, D: DatagramService>(
    plan: Plan<T, D>,
    sockets: Vec<bind::Socket>,
    recorder: &record::Recorder,
    drain: Duration,
) -> Result<(), CommandError> {
    let mut signals = Signals::listen()?;
    let server = Server::new(plan.server, plan.limits, recorder.sink());
    let stream = std::sync::Arc::new(plan.stream);
    let datagrams = plan.datagrams.map(std::sync::Arc::new);
    for socket in sockets {
        let told = socket.name();
        let served = match (socket, &datagrams) {
            (bind::Socket::Tcp(listener), _) => {
                server.tcp(listener, std::sync::Arc::clone(&stream)).map(drop)
            }
            (bind::Socket::Udp(socket), Some(service)) => {
                server.udp(socket, std::sync::Arc::clone(service)).map(drop)
            }
            (bind::Socket::Udp(_), None) => Ok(()), // refused when it was bound
        };
        served.map_err(|error| CommandError::not_measured(error.to_string()))?;
        recorder.listening(&told);
    }
    signals.stop().await;
    tokio::select! {
        _ = server.stop(drain) => {}
        () = signals.stop() => { server.stop(Duration::ZERO).await; }
    }
    Ok(())
}

/// The signals that end a server.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Signals, CommandError> {
        let heard = |kind| {
            signal(kind).map_err(|error| {
                CommandError::not_measured(format!("cannot listen to signals: {error}"))
            })
        };
        Ok(Signals {
            interrupt: heard(SignalKind::interrupt())?,
            terminate: heard(SignalKind::terminate())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
