//! Waiting for the program: signals go to it, its exit status comes back, and
//! when the lab ends it ends, with everything that it started.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plumb_sys::process::{self, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::client::Client;
use crate::entry;
use crate::error::LabError;
use crate::members;

/// How often the keeper looks whether there is still somebody to keep.
const LOOK_AROUND: Duration = Duration::from_secs(5);

/// Signals to this process that are meant for the program. What the terminal
/// sends reaches the program by itself, as it is in the same process group.
const PASSED_ON: [i32; 2] = [SIGHUP, SIGTERM];

/// Signals of the terminal: this process lives on to pass the status. Those
/// that cannot come from there are passed on too.
const FROM_TERMINAL: [i32; 2] = [SIGINT, SIGQUIT];

pub(super) fn wait(mut child: Child, client: Client) -> Result<ExitStatus, LabError> {
    let pid = child.id();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(LabError::io("start", "the runtime"))?;
    let (caught, deaths) = runtime.block_on(async { catch() })?;
    let connection = client.duplicate()?;
    let lab_is_gone = Arc::new(AtomicBool::new(false));
    watch_lab(client, Arc::clone(&lab_is_gone))?;
    let (done, exited) = tokio::sync::oneshot::channel();
    let waiter = std::thread::Builder::new().name("wait".to_owned());
    waiter
        .spawn(move || {
            let _ = done.send(child.wait());
        })
        .map_err(LabError::io("start", "a thread"))?;
    let status = runtime.block_on(async move {
        tokio::spawn(bury(deaths, pid));
        for (number, stream) in caught {
            tokio::spawn(pass_on(number, stream, pid));
        }
        exited.await
    });
    if lab_is_gone.load(Ordering::Acquire) {
        end_descendants();
    } else {
        leave_daemons(&connection);
    }
    match status {
        Ok(status) => status.map_err(LabError::io("wait for", "the program")),
        Err(_) => Err(LabError::Gone { operation: "run a program" }),
    }
}

fn catch() -> Result<(Vec<(i32, Signal)>, Signal), LabError> {
    let deaths = signal(SignalKind::child()).map_err(LabError::io("catch", "signals"))?;
    let caught = PASSED_ON
        .into_iter()
        .chain(FROM_TERMINAL)
        .map(|number| {
            let stream =
                signal(SignalKind::from_raw(number)).map_err(LabError::io("catch", "signals"))?;
            Ok((number, stream))
        })
        .collect::<Result<_, LabError>>()?;
    Ok((caught, deaths))
}

/// Orphans of the program end as children of this process.
async fn bury(mut deaths: Signal, program: u32) {
    // Some may have ended before anybody listened.
    process::reap_others(program);
    while deaths.recv().await.is_some() {
        process::reap_others(program);
    }
}

async fn pass_on(number: i32, mut stream: Signal, pid: u32) {
    while stream.recv().await.is_some() {
        if PASSED_ON.contains(&number) || !process::is_in_foreground() {
            // It may have ended meanwhile.
            let _ = process::signal(pid, number);
        }
    }
}

/// The supervisor's end of the connection closes when the lab ends.
fn watch_lab(client: Client, is_gone: Arc<AtomicBool>) -> Result<(), LabError> {
    std::thread::Builder::new()
        .name("lab".to_owned())
        .spawn(move || {
            client.wait_until_gone();
            is_gone.store(true, Ordering::Release);
            // Whoever waits for the program also learns how it ended.
            process::kill_descendants(std::process::id());
        })
        .map(drop)
        .map_err(LabError::io("start", "a thread"))
}

/// What the program started and did not wait for lives on, until the lab ends:
/// somebody has to stay and see to that.
fn leave_daemons(connection: &Client) {
    process::reap();
    if process::descendants(std::process::id()).is_empty() {
        return;
    }
    let kept = connection.duplicate().and_then(|connection| {
        let mut keeper = entry::keeper();
        keeper
            .stdin(connection.into_fd())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .spawn()
            .map_err(LabError::io("start", "the keeper of daemons"))
    });
    if kept.is_err() {
        // Better no daemon than one that outlives its world.
        end_descendants();
    }
}

/// Waits until the lab ends, or nobody is left on the machine, and ends who is.
pub(super) fn keep() {
    let Some(machine) = members::own_network() else { return };
    let machine = [machine];
    // Out of the terminal's reach, as the daemons are.
    let _ = process::new_session();
    let Ok(connection) = std::io::stdin().as_fd().try_clone_to_owned() else { return };
    let mut connection = UnixStream::from(connection);
    if connection.set_read_timeout(Some(LOOK_AROUND)).is_err() {
        return members::end(&machine);
    }
    loop {
        match connection.read(&mut [0]) {
            Err(error) if is_timeout(&error) => {
                if members::of(&machine).is_empty() {
                    return;
                }
            }
            _ => return members::end(&machine),
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// As their sub-reaper this process also has to bury them.
fn end_descendants() {
    let own = std::process::id();
    members::in_rounds(|| {
        process::kill_descendants(own);
        process::reap();
        process::descendants(own).is_empty()
    });
}
