//! Programs that are timed, and servers that are measured.

use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An ordinary user, when the benchmark itself runs as root.
const ORDINARY_ID: u32 = 54_321;

pub(crate) fn plumb_binary() -> io::Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("plumb");
    if beside.exists() {
        return Ok(beside);
    }
    Err(io::Error::other(format!(
        "{} is missing: run `cargo build --release` first",
        beside.display()
    )))
}

pub(crate) fn ordinary(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    if is_root() {
        command.uid(ORDINARY_ID).gid(ORDINARY_ID).env_remove("XDG_RUNTIME_DIR").env("HOME", "/tmp");
    }
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|itself| itself.uid() == 0)
}

pub(crate) fn succeed(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{command:?} failed with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

/// Runs a command to its good end: how long it took, and the most memory that it held at once.
pub(crate) fn run_measured(command: &mut Command) -> io::Result<(Duration, u64)> {
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most_bytes = 0;
    let ended = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        most_bytes = kibibytes.map_or(most_bytes, |kibibytes| kibibytes * 1024);
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    match ended.success() {
        true => Ok((begin.elapsed(), most_bytes)),
        false => Err(io::Error::other(format!("{command:?} ended with {ended}"))),
    }
}

/// A server that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// `plumb serve ARGUMENTS` on a port that the system chooses.
    pub(crate) fn plumb(plumb: &Path, arguments: &[&str]) -> io::Result<Server> {
        let mut command = ordinary(plumb);
        command.arg("serve").args(arguments).args(["--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or_else(|| io::Error::other("no stderr"))?;
        let mut lines = BufReader::new(stderr).lines();
        let address = loop {
            let line = lines.next().ok_or_else(|| io::Error::other("plumb did not listen"))??;
            if let Some(address) = line.strip_prefix("listening on tcp://") {
                break address.parse().map_err(io::Error::other)?;
            }
        };
        // What it logs is formatted, written and read, as it would be in life.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Server { child, address })
    }

    /// A peer that listens on `address` once it has begun.
    pub(crate) fn peer(mut command: Command, address: SocketAddr) -> io::Result<Server> {
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Server { child, address };
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(10) {
            if TcpStream::connect(address).is_ok() {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(io::Error::other(format!("{command:?} does not listen on {address}")))
    }

    /// Processor time of the server and its children so far.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        let all = std::iter::once(self.child.id()).chain(children(self.child.id()));
        all.map(processor_time).sum()
    }

    /// Memory of its own in bytes: its share of what it shares, and the rest.
    pub(crate) fn memory_bytes(&self) -> io::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kibibytes.ok_or_else(|| io::Error::other("smaps_rollup has no Pss"))? * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for child in children(self.child.id()) {
            let _ = Command::new("kill").arg(child.to_string()).output();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn children(parent: u32) -> Vec<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// utime and stime of proc_pid_stat(5), in ticks of a hundredth of a second.
fn processor_time(pid: u32) -> io::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let behind_name = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = behind_name.split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Ok(Duration::from_millis(10 * (ticks(11) + ticks(12))))
}

/// A port that is free now.
pub(crate) fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
