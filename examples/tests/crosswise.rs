//! Runs the two ends of each example against each other: Rust with Rust, Rust
//! with Python, Python with Rust, Python with Python.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tongue {
    Rust,
    Python,
}
use Tongue::{Python, Rust};

/// Which ends can be run here.
fn combinations() -> Vec<(Tongue, Tongue)> {
    let has_python = Command::new("python3").arg("--version").output().is_ok();
    if !has_python {
        println!("SKIP: python3 is not installed");
        return vec![(Rust, Rust)];
    }
    vec![(Rust, Rust), (Rust, Python), (Python, Rust), (Python, Python)]
}

fn tongues() -> Vec<Tongue> {
    combinations().into_iter().filter(|(one, other)| one == other).map(|(one, _)| one).collect()
}

/// The program `line_echo/server` in one of its two languages.
fn program(tongue: Tongue, path: &str) -> Command {
    let (directory, end) = path.split_once('/').unwrap();
    match tongue {
        Rust => {
            let name = match end {
                "main" => directory.to_owned(),
                _ => format!("{directory}_{end}"),
            };
            Command::new(Path::new(env!("CARGO_BIN_EXE_loopback")).with_file_name(name))
        }
        Python => {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{path}.py"));
            let mut command = Command::new("python3");
            command.arg("-B").arg(script);
            command
        }
    }
}

/// A server that has said where it listens.
struct Server {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Server {
    fn start(tongue: Tongue, path: &str, arguments: &[&str]) -> Server {
        let mut command = program(tongue, path);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on ").unwrap_or_default().to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{path}: {line:?}");
        Server { child, output, address }
    }

    /// It ends by itself; what it said since it listened.
    fn end(mut self) -> String {
        let mut text = String::new();
        self.output.read_to_string(&mut text).unwrap();
        assert!(self.child.wait().unwrap().success(), "{text}");
        text
    }
}

impl Drop for Server {
    /// A test that fails leaves none behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs both ends in all combinations; what each must say.
fn run(example: &str, server_says: &str, client_says: &str) {
    run_with(example, &[], &[], server_says, client_says);
}

fn run_with(example: &str, server: &[&str], client: &[&str], server_says: &str, client_says: &str) {
    for (one, other) in combinations() {
        let server = Server::start(one, &format!("{example}/server"), server);
        let mut command = program(other, &format!("{example}/client"));
        let output = command.arg(&server.address).args(client).output().unwrap();
        assert!(output.status.success(), "{example}: {one:?} and {other:?}: {output:?}");
        assert_eq!(text(&output), client_says, "{example}: {one:?} and {other:?}");
        assert_eq!(server.end(), server_says, "{example}: {one:?} and {other:?}");
    }
}

#[test]
fn a_datagram_is_acknowledged() {
    run("udp_ack", "received: Hello UDP!\n", "ACK\n");
}

#[test]
fn a_udp_client_does_not_wait_for_ever() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    for tongue in tongues() {
        let output = program(tongue, "udp_ack/client").arg(&address).output().unwrap();
        assert_eq!(text(&output), "no response received (timeout)\n");
        assert_eq!(output.status.code(), Some(1));
    }
    drop(silent);
    for tongue in tongues() {
        let output = program(tongue, "udp_ack/client").arg(&address).output().unwrap();
        assert_eq!(text(&output), "nobody listens there\n");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn datagrams_are_echoed_and_counted() {
    run("udp_echo", "", "Echo (1): ping\nEcho (2): hello\nEcho (3): test\n");
}

#[test]
fn a_whole_message_gets_one_answer() {
    run("tcp_hello", "received: Hello TCP!\n", "World!\n");
    run_with("tcp_hello", &["OK"], &[], "received: Hello TCP!\n", "OK\n");
}

#[test]
fn the_server_speaks_first() {
    run("greeting", "", "CONNECTED\n");
}

#[test]
fn either_half_can_end_first() {
    run(
        "half_close",
        "received: CLIENT DATA\nafter our end: STILL HERE\n",
        "SERVER DATA\nbytes at the end of the stream: 0\n",
    );
}

#[test]
fn a_long_line_gets_one_echo() {
    run("line_echo", "", "Echo: hello server\n1506 bytes, Echo: 1 time(s)\nEcho: café\n");
}

/// The stream is cut in the middle of a line, and ends without a line end.
#[test]
fn a_line_in_pieces_is_one_line() {
    for tongue in tongues() {
        let server = Server::start(tongue, "line_echo/server", &[]);
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in ["he", "llo\nsec", "ond"] {
            stream.write_all(piece.as_bytes()).unwrap();
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        assert_eq!(answers, "Echo: hello\nEcho: second\n", "{tongue:?}");
        server.end();
    }
}

#[test]
fn the_close_word_ends_it() {
    for (one, other) in combinations() {
        let server = Server::start(one, "close_word/server", &[]);
        let output = program(other, "close_word/client").arg(&server.address).output().unwrap();
        assert_eq!(text(&output), "accepted\nclosed\n", "{one:?} and {other:?}");
        let said = server.end();
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("Accepted connection from 127.0.0.1:"), "{said}");
        assert_eq!(lines[1..3], ["Received: hello", "Received: CLOSE"]);
        assert!(lines[3].starts_with("Connection to client (127.0.0.1:"), "{said}");
        assert_eq!(lines.len(), 4, "{said}");
    }
}

#[test]
fn the_end_of_the_stream_ends_it_too() {
    for tongue in tongues() {
        let server = Server::start(tongue, "close_word/server", &[]);
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(b"close enough\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        assert_eq!(answers, "accepted\n", "{tongue:?}");
        server.end();
    }
}

#[test]
fn a_patient_server_and_a_client_that_tries_again() {
    run("patient_echo", "Server closed\n", "Echo: Hello from client!\n");
}

#[test]
fn a_patient_server_says_why_it_closes() {
    for tongue in tongues() {
        let server = Server::start(tongue, "patient_echo/server", &["2", "0.1"]);
        let mut answers = String::new();
        TcpStream::connect(&server.address).unwrap().read_to_string(&mut answers).unwrap();
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(b"caf\xe9\n").unwrap();
        stream.read_to_string(&mut answers).unwrap();
        let said = "Timeout: No data received from client\nReceived data is not UTF-8 encoded\n";
        assert_eq!(answers, said, "{tongue:?}");
        assert_eq!(server.end(), format!("{said}Server closed\n"), "{tongue:?}");
    }
}

#[test]
fn a_patient_server_ends_well_when_interrupted() {
    for tongue in tongues() {
        let server = Server::start(tongue, "patient_echo/server", &[]);
        interrupt(&server);
        assert_eq!(server.end(), "Server shutting down\nServer closed\n", "{tongue:?}");
    }
}

#[test]
fn a_port_in_use_is_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for tongue in tongues() {
        let mut command = program(tongue, "patient_echo/server");
        let output = command.args(["1", "5", &address]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.starts_with("Socket error on start: "), "{said}");
        assert_eq!((said.lines().count(), output.status.code()), (1, Some(1)), "{said}");
    }
}

#[test]
fn a_client_gives_up_after_three_attempts() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for tongue in tongues() {
        let mut command = program(tongue, "patient_echo/client");
        let output = command.args([&free, "0.01"]).output().unwrap();
        assert_eq!(
            text(&output),
            "Connection attempt 1 failed, retrying...\n\
             Connection attempt 2 failed, retrying...\n\
             Connection attempt 3 failed\n\
             Failed to connect after retries\n",
            "{tongue:?}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn loopback_works() {
    for tongue in tongues() {
        let output = program(tongue, "loopback/main").output().unwrap();
        assert!(text(&output).ends_with("\nloopback works\n"), "{tongue:?}: {output:?}");
    }
}

/// The ways to serve many answer every client alike, whatever the other end is
/// written in.
#[test]
fn many_clients_get_their_own_answers() {
    for way in ["one_at_a_time", "thread_each", "bounded_pool", "readiness", "tasks"] {
        for (one, other) in combinations() {
            let server = Server::start(one, &format!("serve_many/{way}"), &["8"]);
            let mut command = program(other, "serve_many/client");
            let output = command.args([&server.address, "8"]).output().unwrap();
            let said = text(&output);
            assert_eq!(said, "8 clients got their own answers\n", "{way}, {one:?}, {other:?}");
            server.end();
        }
    }
}

/// Where clients are served beside each other, one that breaks off and one
/// that is silent hold up nobody.
#[test]
fn one_bad_client_touches_no_other() {
    for way in ["thread_each", "bounded_pool", "readiness", "tasks"] {
        for tongue in tongues() {
            let server = Server::start(tongue, &format!("serve_many/{way}"), &["3"]);
            let silent = TcpStream::connect(&server.address).unwrap();
            let rude = TcpStream::connect(&server.address).unwrap();
            socket_reset(rude);
            let mut good = TcpStream::connect(&server.address).unwrap();
            good.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
            good.write_all(b"hello\n").unwrap();
            let mut answer = String::new();
            BufReader::new(&good).read_line(&mut answer).unwrap();
            assert_eq!(answer, "Echo: hello\n", "{way}, {tongue:?}");
            drop((good, silent));
            server.end();
        }
    }
}

#[test]
fn a_server_on_the_accept_core_answers_and_stops() {
    let server = Server::start(Rust, "own_server/server", &[]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all("hello, café\n".as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "HELLO, CAFÉ\n");
    // Another client is there, and is told, when the server stops.
    let mut idle = TcpStream::connect(&server.address).unwrap();
    idle.write_all(b"x\n").unwrap();
    idle.read_exact(&mut [0; 2]).unwrap();
    interrupt(&server);
    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0);
    server.end();
}

/// A server that is busy twice and then well; it answers whoever comes.
fn busy_twice() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for number in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let answer = match number {
                0 | 1 => {
                    "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy"
                }
                _ => "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwell",
            };
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/health")
}

#[test]
fn a_client_with_deadlines_tries_again() {
    for tongue in tongues() {
        let mut command = program(tongue, "retrying_client/client");
        let output = command.arg(busy_twice()).output().unwrap();
        assert_eq!(text(&output), "200 well\n", "{tongue:?}: {output:?}");
    }
}

fn interrupt(server: &Server) {
    let pid = nix::unistd::Pid::from_raw(server.child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
}

/// Ends a connection with a reset, not with its end.
fn socket_reset(stream: TcpStream) {
    let linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };
    nix::sys::socket::setsockopt(&stream, nix::sys::socket::sockopt::Linger, &linger).unwrap();
}
