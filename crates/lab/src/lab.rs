//! Starting labs: one that stays, or one that ends with its owner.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use plumb_evidence::map::LabMap;

use crate::client::Client;
use crate::entry;
use crate::error::LabError;
use crate::exec;
use crate::protocol::{self, Reply, Start};
use crate::runtime_dir::{self, RuntimeDir};
use crate::topology;

/// A lab that is to be started.
#[derive(Debug, Clone)]
pub struct Builder {
    name: Option<String>,
    runtime_dir: PathBuf,
    origin: String,
    topology: String,
    faults: Vec<String>,
}

/// A running lab that goes down with this value, and with this process.
#[derive(Debug)]
pub struct Lab {
    name: String,
    runtime_dir: RuntimeDir,
    supervisor: Child,
    /// Closing it tells the supervisor to end; `None` once that is done.
    connection: Option<UnixStream>,
}

impl Lab {
    /// The tiny Internet, healthy, with a name of its own.
    pub fn builder() -> Builder {
        let (origin, topology) = topology::BUILTIN[0];
        Builder {
            name: None,
            runtime_dir: RuntimeDir::fallback(Path::new("/tmp")),
            origin: format!("{origin}.toml"),
            topology: topology.to_owned(),
            faults: Vec::new(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The supervisor's process id.
    pub fn pid(&self) -> u32 {
        self.supervisor.id()
    }

    pub fn runtime_dir(&self) -> &RuntimeDir {
        &self.runtime_dir
    }

    /// A command that runs `program` on `machine`, with every capability over
    /// the lab's network.
    pub fn command(&self, machine: &str, program: impl Into<OsString>) -> Command {
        exec::command(self.runtime_dir.path(), &self.name, machine, false, program)
    }

    /// As [`Lab::command`], with no capability at all.
    pub fn unprivileged_command(&self, machine: &str, program: impl Into<OsString>) -> Command {
        exec::command(self.runtime_dir.path(), &self.name, machine, true, program)
    }

    /// A new connection to the lab.
    pub fn client(&self) -> Result<Client, LabError> {
        Client::connect(&self.runtime_dir, &self.name)
    }

    /// Makes a fault, `NAME[@PLACE][,key=value...]`.
    pub fn break_fault(&self, fault: &str) -> Result<(), LabError> {
        self.client()?.break_fault(fault)
    }

    /// Mends one fault or all; gives those that were mended.
    pub fn heal(&self, fault: Option<&str>) -> Result<Vec<String>, LabError> {
        self.client()?.heal(fault)
    }

    /// Machines, links, addresses and active faults.
    pub fn map(&self) -> Result<LabMap, LabError> {
        self.client()?.map()
    }

    /// Packet sockets at `places`, or at every link when there is none.
    pub fn capture(&self, places: &[String]) -> Result<Vec<(String, OwnedFd)>, LabError> {
        self.client()?.capture(places)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.connection.take());
        // It ends by itself now; this only waits, so that nothing is left.
        let _ = self.supervisor.wait();
    }
}

impl Builder {
    /// The lab's name; without one, a name that no other lab has.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where running labs are found; without it `/tmp/plumb-UID`.
    pub fn runtime_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.runtime_dir = path.into();
        self
    }

    /// What to build: the text of a topology file, and its name for messages.
    pub fn topology(mut self, origin: impl Into<String>, text: impl Into<String>) -> Self {
        self.origin = origin.into();
        self.topology = text.into();
        self
    }

    /// What to build, as a command line names it: a topology inside the binary,
    /// or a file.
    pub fn topology_named(self, word: &str) -> Result<Self, LabError> {
        let (origin, text) = topology::read(word)?;
        Ok(self.topology(origin, text))
    }

    /// Makes this fault before the lab is ready.
    pub fn fault(mut self, fault: impl Into<String>) -> Self {
        self.faults.push(fault.into());
        self
    }

    /// Starts a lab that ends with the value, and returns when everything in it
    /// answers.
    pub fn start(self) -> Result<Lab, LabError> {
        let Launched { name, runtime_dir, supervisor, connection } = self.launch(true)?;
        Ok(Lab { name, runtime_dir, supervisor, connection: Some(connection) })
    }

    /// Starts a lab that stays until it is told to go down; gives its name when
    /// everything in it answers.
    pub fn up(self) -> Result<String, LabError> {
        self.launch(false).map(|launched| launched.name)
    }

    fn launch(self, owned: bool) -> Result<Launched, LabError> {
        // Mistakes are found here, before a process is started for them.
        let plan = topology::parse(&self.origin, &self.topology)?;
        for fault in &self.faults {
            crate::faults::parse(fault, &plan)?;
        }
        let name = self.name.unwrap_or_else(own_name);
        runtime_dir::check_name(&name)?;
        let path = std::path::absolute(&self.runtime_dir)
            .map_err(LabError::io("find", self.runtime_dir.display()))?;
        let runtime_dir = RuntimeDir::open(&path)?;
        let (mut supervisor, connection) = spawn_supervisor(owned)?;
        let start = Start {
            name: name.clone(),
            runtime_dir: path,
            origin: self.origin,
            topology: self.topology,
            owned,
            faults: self.faults,
        };
        if let Err(error) = await_ready(&connection, &start) {
            drop(connection);
            // It has said what there is to say and ends.
            let _ = supervisor.wait();
            return Err(error);
        }
        Ok(Launched { name, runtime_dir, supervisor, connection })
    }
}

/// A supervisor that is ready.
struct Launched {
    name: String,
    runtime_dir: RuntimeDir,
    supervisor: Child,
    connection: UnixStream,
}

fn spawn_supervisor(owned: bool) -> Result<(Child, UnixStream), LabError> {
    let (connection, theirs) =
        UnixStream::pair().map_err(LabError::io("make", "a pair of sockets"))?;
    let mut command = entry::supervisor();
    command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).current_dir("/");
    if !owned {
        // Nobody reads what a lab in the background might say.
        command.stderr(Stdio::null());
    }
    let supervisor = command.spawn().map_err(LabError::io("start", "the lab's supervisor"))?;
    // The command goes, and with it this process's copy of the supervisor's end:
    // else the supervisor's death would not show.
    Ok((supervisor, connection))
}

fn await_ready(connection: &UnixStream, start: &Start) -> Result<(), LabError> {
    let gone = || LabError::Gone { operation: "start" };
    protocol::send(connection, start, &[]).map_err(|_| gone())?;
    match protocol::receive::<Reply>(connection) {
        Ok(Some((Reply::Ready, _))) => Ok(()),
        Ok(Some((Reply::Refused(refusal), _))) => Err(refusal.into()),
        _ => Err(gone()),
    }
}

/// A name that no other process takes.
fn own_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("own-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
