//! What tests of whole commands stand on: servers that are started, found and
//! ended, and second opinions that may be missing.
#![allow(dead_code, reason = "every test program uses a part of it")]
#![allow(clippy::print_stdout, reason = "a test that cannot run says SKIP")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The program under test.
pub(crate) const PLUMB: &str = env!("CARGO_BIN_EXE_plumb");

/// A server that runs until it is dropped.
pub(crate) struct Serving {
    child: Child,
    /// The sockets that it announced, as `tcp://127.0.0.1:8080`.
    pub(crate) sockets: Vec<String>,
    lines: mpsc::Receiver<String>,
    seen: Vec<String>,
    stdout: mpsc::Receiver<String>,
    stdout_seen: String,
}

/// What a server left behind.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, in an environment that tests know.
pub(crate) fn command() -> Command {
    let mut command = Command::new(PLUMB);
    command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").env("TZ", "UTC").stdin(Stdio::null());
    command
}

impl Serving {
    /// Starts `plumb ARGUMENTS` and waits until it has announced `sockets`
    /// sockets. Without `--listen` it gets `127.0.0.1:0`.
    pub(crate) fn start<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Serving {
        let mut command = command();
        command.args(arguments);
        let has_listen = command.get_args().any(|a| a.to_string_lossy().starts_with("--listen"));
        if !has_listen {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        Serving::spawn(command, 1)
    }

    /// Starts `plumb serve ARGUMENTS`, which has so many sockets.
    pub(crate) fn serve(arguments: &[&str], sockets: usize) -> Serving {
        let mut command = command();
        command.arg("serve").args(arguments);
        Serving::spawn(command, sockets)
    }

    /// The same of a command that is made already.
    pub(crate) fn spawn(mut command: Command, sockets: usize) -> Serving {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("plumb starts");
        let mut serving = Serving {
            lines: lines_of(child.stderr.take().expect("stderr is a pipe")),
            stdout: lines_of(child.stdout.take().expect("stdout is a pipe")),
            child,
            sockets: Vec::new(),
            seen: Vec::new(),
            stdout_seen: String::new(),
        };
        while serving.sockets.len() < sockets {
            match serving.next_line() {
                Some(line) => {
                    if let Some(socket) = line.strip_prefix("listening on ") {
                        serving.sockets.push(socket.to_owned());
                    }
                }
                None => panic!("the server ended before it listened:\n{}", serving.seen.join("\n")),
            }
        }
        serving
    }

    /// The next line of stderr; `None` when it has ended.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        let line = self.lines.recv().ok()?;
        self.seen.push(line.clone());
        Some(line)
    }

    /// Reads stderr up to the first line that contains `part`.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        loop {
            match self.next_line() {
                Some(line) if line.contains(part) => return line,
                Some(_) => {}
                None => panic!("no line has {part:?}:\n{}", self.seen.join("\n")),
            }
        }
    }

    /// What follows `start` in a line of stderr, said already or still to come.
    pub(crate) fn says(&mut self, start: &str) -> String {
        loop {
            if let Some(rest) = self.seen.iter().find_map(|line| line.strip_prefix(start)) {
                return rest.to_owned();
            }
            if self.next_line().is_none() {
                panic!("no line begins with {start:?}:\n{}", self.seen.join("\n"));
            }
        }
    }

    /// The next line of stdout; `None` when it has ended.
    pub(crate) fn stdout_line(&mut self) -> Option<String> {
        let line = self.stdout.recv().ok()?;
        self.stdout_seen.push_str(&line);
        self.stdout_seen.push('\n');
        Some(line)
    }

    /// The port of the first socket that has one.
    pub(crate) fn port(&self) -> u16 {
        let mut ports = self.sockets.iter().filter_map(|at| at.rsplit_once(':')?.1.parse().ok());
        ports.next().expect("a port")
    }

    /// The address of the first socket.
    pub(crate) fn address(&self) -> SocketAddr {
        let (_, address) = self.sockets[0].split_once("://").expect("a socket is a URL");
        address.parse().expect("an address with a port")
    }

    /// `http://ADDRESS` with this path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.child.id() as i32), signal);
    }

    /// Stops it with SIGTERM, as a service manager does.
    pub(crate) fn stop(mut self) -> Ended {
        self.signal(Signal::SIGTERM);
        self.wait()
    }

    /// Waits for it to end by itself.
    pub(crate) fn wait(&mut self) -> Ended {
        let status = self.child.wait().expect("plumb ends");
        while self.next_line().is_some() {}
        while self.stdout_line().is_some() {}
        let stdout = std::mem::take(&mut self.stdout_seen);
        Ended { status, stdout, stderr: self.seen.join("\n") }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines as they come, read in a thread so that no pipe ever fills.
fn lines_of(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

/// A directory of a test's own, gone when it ends.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        let name = format!("plumb-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        Scratch(path)
    }

    /// A file in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `plumb ARGUMENTS` to its end.
pub(crate) fn plumb<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Output {
    Command::new(PLUMB).args(arguments).stdin(Stdio::null()).output().expect("plumb runs")
}

/// Whether a program is installed; says SKIP where it is not.
pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
        || Path::new("/usr/sbin").join(program).is_file();
    if !found {
        println!("SKIP: {program} is not installed");
    }
    found
}

/// The Python that has `requests` and `httpbin`; says SKIP where it is missing.
pub(crate) fn second_opinions() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/second-opinions/bin/python3");
    if python.is_file() {
        return Some(python);
    }
    println!("SKIP: {} is missing, see .ci/run", python.display());
    None
}

/// The same numbers in every run (SplitMix64), so that a failure can be repeated.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
