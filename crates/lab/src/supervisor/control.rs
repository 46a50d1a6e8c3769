//! The control socket: one thread for each client, one request at a time.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use plumb_sys::process;

use super::RunningLab;
use crate::error::LabError;
use crate::protocol::{self, Refusal, Reply, Request};

/// A program on a lab machine holds its connection as long as it runs; so many
/// at once on one machine are a runaway script.
const CLIENTS_MAX: usize = 512;

/// Answers on `listener` until the process ends; `end` is told when a client
/// wants the lab down.
pub(super) fn serve(
    listener: UnixListener,
    lab: &Arc<RunningLab>,
    end: &Sender<()>,
) -> Result<(), LabError> {
    let (lab, end) = (Arc::clone(lab), end.clone());
    thread("control", move || accept(&listener, &lab, &end))
}

fn accept(listener: &UnixListener, lab: &Arc<RunningLab>, end: &Sender<()>) {
    let clients = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming().flatten() {
        if !is_own(&stream) {
            continue;
        }
        if clients.fetch_add(1, Ordering::Relaxed) >= CLIENTS_MAX {
            clients.fetch_sub(1, Ordering::Relaxed);
            let full = Refusal::Failed(format!("{CLIENTS_MAX} clients are connected already"));
            let _ = protocol::send(&stream, &Reply::Refused(full), &[]);
            continue;
        }
        let (lab, end, count) = (Arc::clone(lab), end.clone(), Arc::clone(&clients));
        let started = thread("client", move || {
            // A client that breaks the protocol or leaves ends its connection.
            let _ = converse(&stream, &lab, &end);
            count.fetch_sub(1, Ordering::Relaxed);
        });
        if started.is_err() {
            clients.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The directory is closed to others; this is the second lock. Root may.
fn is_own(stream: &UnixStream) -> bool {
    process::peer_credentials(stream)
        .is_ok_and(|peer| peer.user == process::uid() || peer.user == 0)
}

fn converse(stream: &UnixStream, lab: &RunningLab, end: &Sender<()>) -> std::io::Result<()> {
    while let Some((request, _)) = protocol::receive::<Request>(stream)? {
        let down = matches!(request, Request::Down);
        answer(stream, lab, request)?;
        if down {
            let _ = end.send(());
        }
    }
    Ok(())
}

fn answer(stream: &UnixStream, lab: &RunningLab, request: Request) -> std::io::Result<()> {
    let reply = match request {
        Request::Enter { machine } => match lab.enter(&machine) {
            Ok((reply, fds)) => return protocol::send(stream, &Reply::Enter(reply), &fds),
            Err(error) => Reply::Refused(error.into()),
        },
        Request::Capture { places } => match crate::capture::open(lab, &places) {
            Ok(sockets) => {
                let fds: Vec<BorrowedFd<'_>> = sockets.iter().map(|(_, fd)| fd.as_fd()).collect();
                let names = sockets.iter().map(|(name, _)| name.clone()).collect();
                return protocol::send(stream, &Reply::Capture(names), &fds);
            }
            Err(error) => Reply::Refused(error.into()),
        },
        Request::Break { fault } => faults(lab.break_fault(&fault).map(|fault| vec![fault])),
        Request::Heal { fault } => faults(lab.heal(fault.as_deref())),
        Request::Status => Reply::Status(lab.status()),
        Request::Map => Reply::Map(crate::map::map(&lab.plan, lab.active_faults())),
        Request::Hits => match lab.hits() {
            Ok(hits) => Reply::Hits(hits),
            Err(error) => Reply::Refused(error.into()),
        },
        Request::Down => Reply::Done,
    };
    protocol::send(stream, &reply, &[])
}

fn faults(result: Result<Vec<String>, LabError>) -> Reply {
    result.map_or_else(|error| Reply::Refused(error.into()), Reply::Faults)
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), LabError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(LabError::io("start", "a thread"))
}
