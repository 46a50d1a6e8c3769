//! What tests of whole commands stand on: servers that are started, found and
//! ended, and second opinions that may be missing.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The program under test.
pub const PLUMB: &str = env!("CARGO_BIN_EXE_plumb");

/// A server that runs until it is dropped.
pub struct Serving {
    child: Child,
    /// The sockets that it announced, as `tcp://127.0.0.1:8080`.
    pub sockets: Vec<String>,
    lines: mpsc::Receiver<String>,
    seen: Vec<String>,
    stdout: Option<std::thread::JoinHandle<String>>,
}

impl Serving {
    /// Starts `plumb ARGUMENTS` and waits until it has announced `sockets`
    /// sockets. Without `--listen` it gets `127.0.0.1:0`.
    pub fn start<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Serving {
        let mut command = Command::new(PLUMB);
        command.args(arguments);
        Serving::spawn(command, 1)
    }

    /// The same of a command that is made already.
    pub fn spawn(mut command: Command, sockets: usize) -> Serving {
        let has_listen = command.get_args().any(|a| a.to_string_lossy().starts_with("--listen"));
        if !has_listen {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("plumb starts");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
        let mut out = child.stdout.take().expect("stdout is a pipe");
        let stdout = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = out.read_to_string(&mut text);
            text
        });
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut serving =
            Serving { child, sockets: Vec::new(), lines, seen: Vec::new(), stdout: Some(stdout) };
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
    pub fn next_line(&mut self) -> Option<String> {
        let line = self.lines.recv().ok()?;
        self.seen.push(line.clone());
        Some(line)
    }

    /// Reads stderr up to the first line that contains `part`.
    pub fn line_with(&mut self, part: &str) -> String {
        loop {
            match self.next_line() {
                Some(line) if line.contains(part) => return line,
                Some(_) => {}
                None => panic!("no line has {part:?}:\n{}", self.seen.join("\n")),
            }
        }
    }

    /// The address of the first socket.
    pub fn address(&self) -> SocketAddr {
        let (_, address) = self.sockets[0].split_once("://").expect("a socket is a URL");
        address.parse().expect("an address with a port")
    }

    /// `http://ADDRESS` with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.child.id() as i32), signal);
    }

    /// Stops it with SIGTERM; how it ended, stdout, and all of stderr.
    pub fn stop(mut self) -> (ExitStatus, String, String) {
        self.signal(Signal::SIGTERM);
        self.wait()
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self) -> (ExitStatus, String, String) {
        let status = self.child.wait().expect("plumb ends");
        while self.next_line().is_some() {}
        let stdout = self.stdout.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        (status, stdout, self.seen.join("\n"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `plumb ARGUMENTS` to its end.
pub fn plumb<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Output {
    Command::new(PLUMB).args(arguments).stdin(Stdio::null()).output().expect("plumb runs")
}

/// Whether a program is installed; says SKIP where it is not.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
        || Path::new("/usr/sbin").join(program).is_file();
    if !found {
        eprintln!("SKIP: {program} is not installed");
    }
    found
}

/// The Python that has `requests` and `httpbin`; says SKIP where it is missing.
pub fn second_opinions() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/second-opinions/bin/python3");
    if python.is_file() {
        return Some(python);
    }
    eprintln!("SKIP: {} is missing, see .ci/run", python.display());
    None
}
