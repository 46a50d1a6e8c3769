//! The one process of a lab: it holds the namespaces, runs every service, and
//! answers requests on the control socket. When it ends, however it ends, the
//! kernel takes the whole lab away.

mod control;
mod ready;
mod running;
mod sockets;

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use plumb_sys::process;

use crate::build;
use crate::entry::Ended;
use crate::error::LabError;
use crate::protocol::{self, Reply, Start};
use crate::runtime_dir::{About, Claim, RuntimeDir};
use crate::services::{LabServices, certificate_authority};
use crate::topology;

pub(crate) use running::RunningLab;

/// One for the services, one so that a busy service holds up no other.
const WORKER_THREADS: usize = 2;

/// The exit status of a supervisor that built no lab; the starter is told more.
const FAILED: i32 = 1;

/// Takes the place of `main`. What went wrong is told to the starter, over the
/// socket that is standard input.
pub(crate) fn main() -> Ended {
    let Ok(starter) = std::io::stdin().as_fd().try_clone_to_owned() else {
        return Ended::quietly(FAILED);
    };
    let starter = UnixStream::from(starter);
    match run(&starter) {
        Ok(()) => Ended::quietly(0),
        Err(error) => {
            // If the starter is gone there is nobody to tell.
            let _ = protocol::send(&starter, &Reply::Refused(error.into()), &[]);
            Ended::quietly(FAILED)
        }
    }
}

fn run(starter: &UnixStream) -> Result<(), LabError> {
    // Out of the terminal's reach: the lab outlives a Ctrl-C meant for others.
    process::new_session().map_err(LabError::io("start", "a session"))?;
    process::ignore_broken_pipe().map_err(LabError::io("ignore", "SIGPIPE"))?;
    // A lab of many machines has many sockets; with the usual limit of 1024 it
    // would only be smaller, so a refusal shows later, if at all.
    let _ = process::raise_descriptor_limit();
    let start =
        protocol::receive::<Start>(starter).map_err(LabError::io("read", "what to build"))?;
    let Some((start, _)) = start else { return Ok(()) };
    let mut plan = topology::parse(&start.origin, &start.topology)?;
    let topology = std::mem::replace(&mut plan.name, start.name.clone());
    let about = About {
        name: start.name.clone(),
        topology: topology.clone(),
        pid: std::process::id(),
        started_unix_s: plumb_sys::clock::unix_s(),
        owned: start.owned,
    };
    let claim = RuntimeDir::open(&start.runtime_dir)?.claim(&about)?;
    let user_namespace = build::enter_user_namespace()?;
    // The kernel builds the network while this process computes keys.
    let (network, ca) = std::thread::scope(|scope| {
        let ca = scope.spawn(|| certificate_authority(plumb_sys::clock::unix_s()));
        let network = build::build(&plan, user_namespace);
        (network, ca.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let network = network?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .enable_all()
        .build()
        .map_err(LabError::io("start", "the runtime"))?;
    let sockets = sockets::NamespaceSockets::new(&network)?;
    let sockets = Arc::new(sockets);
    let services = LabServices::start(&plan, sockets, runtime.handle().clone(), ca?)?;
    ready::wait(&plan, &network)?;
    let lab = Arc::new(RunningLab::new(plan, topology, network, services));
    for fault in &start.faults {
        lab.break_fault(fault)?;
    }
    let ended = announce(&lab, &claim, starter, &start)?;
    // Every sender of the channel is a reason to end.
    let _ = ended.recv();
    let namespaces: Vec<_> =
        lab.network.machines.values().filter_map(crate::members::name_of).collect();
    crate::members::end(&namespaces);
    drop(claim);
    runtime.shutdown_background();
    Ok(())
}

/// Opens the control socket and tells the starter; gives what is told when the
/// lab is to end.
fn announce(
    lab: &Arc<RunningLab>,
    claim: &Claim,
    starter: &UnixStream,
    start: &Start,
) -> Result<std::sync::mpsc::Receiver<()>, LabError> {
    let (end, ended) = channel();
    control::serve(claim.listen()?, lab, &end)?;
    protocol::send(starter, &Reply::Ready, &[]).map_err(LabError::io("tell", "the starter"))?;
    end_on_signal(lab, end.clone());
    if start.owned {
        end_with_starter(starter, end)?;
    }
    Ok(ended)
}

fn end_on_signal(lab: &RunningLab, end: Sender<()>) {
    lab.services.runtime().spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Only fails when the lab ends already.
        let _ = end.send(());
    });
}

/// An owned lab ends when its owner closes the connection, also by dying.
fn end_with_starter(starter: &UnixStream, end: Sender<()>) -> Result<(), LabError> {
    use std::io::Read;
    let mut starter = starter.try_clone().map_err(LabError::io("watch", "the starter"))?;
    std::thread::Builder::new()
        .name("owner".to_owned())
        .spawn(move || {
            let mut byte = [0];
            while matches!(starter.read(&mut byte), Ok(1)) {}
            let _ = end.send(());
        })
        .map(drop)
        .map_err(LabError::io("start", "a thread"))
}
