//! `plumb connect` and `plumb listen` against programs that are not plumb's:
//! half-close, both ends of each; datagrams and their limits; TLS; Unix
//! sockets; what is said and with which status it ends.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod datagrams;
mod listen;
mod others;
mod shown;
mod stream;
mod tls;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

fn plumb(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plumb"));
    command.args(arguments).env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs with this on stdin, which then ends.
fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = plumb(arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A peer may answer before all is read.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn records(bytes: &[u8]) -> Vec<Value> {
    text(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A server of one connection, on a port of the system's choice.
fn server<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

fn udp_server(serve: impl FnOnce(UdpSocket) + Send + 'static) -> (String, JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("udp://{}", socket.local_addr().unwrap());
    (address, thread::spawn(move || serve(socket)))
}

fn read_all(mut stream: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A port on which nobody listens: it was free a moment ago.
fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `plumb listen`, ready.
struct Listening {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    said: String,
    address: String,
}

impl Listening {
    fn start(arguments: &[&str]) -> Listening {
        // Were the test to fail, it would not wait for ever.
        let mut command = plumb(&[&["listen", "--timeout", "60s"], arguments].concat());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut new = Listening { child, stderr, said: String::new(), address: String::new() };
        while new.address.is_empty() {
            let mut line = String::new();
            assert_ne!(new.stderr.read_line(&mut line).unwrap(), 0, "it ended: {}", new.said);
            let address = line.strip_prefix("listening on ").unwrap_or_default();
            new.address = address.trim_end().to_owned();
            new.said.push_str(&line);
        }
        new
    }

    fn socket(&self) -> SocketAddr {
        self.address.rsplit('/').next().unwrap().parse().unwrap()
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.socket()).unwrap()
    }

    /// Gives this to stdin, which then ends.
    fn input(&mut self, bytes: &[u8]) {
        self.child.stdin.take().unwrap().write_all(bytes).unwrap();
    }

    fn terminate(&self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    }

    /// Status, stdout and stderr, once it has ended.
    fn end(mut self) -> (i32, Vec<u8>, String) {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output.status.code().unwrap(), output.stdout, self.said)
    }
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let name = format!("plumb-conversation-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn missing(program: &str) -> bool {
    let there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    let missing = !there.is_ok_and(|output| output.status.success());
    if missing {
        println!("SKIP: {program} is not installed");
    }
    missing
}
