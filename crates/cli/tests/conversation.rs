//! `plumb connect` and `plumb listen` against programs that are not plumb's:
//! half-close, both ends of each; datagrams and their limits; TLS; Unix
//! sockets; what is said and with which status it ends.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

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

#[test]
fn a_server_that_reads_to_the_end_answers_after_the_half_close() {
    let (address, server) = server(|stream| {
        let said = read_all(&stream);
        (&stream).write_all(&[b"Echo: ", said.as_slice()].concat()).unwrap();
        said
    });
    let output = with_input(&["connect", &address], b"Hello from client");
    assert_eq!(text(&output.stdout), "Echo: Hello from client");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(server.join().unwrap(), b"Hello from client");
    let said = text(&output.stderr);
    assert!(said.starts_with(&format!("connected to tcp://{address} from 127.0.0.1:")), "{said}");
    assert!(said.contains("closed: both sides were done; sent 17 B, received 23 B"), "{said}");
}

#[test]
fn what_is_at_hand_is_sent_after_the_server_s_half_close() {
    let (address, server) = server(|stream| {
        (&stream).write_all(b"SERVER DATA").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        read_all(&stream)
    });
    let data = vec![b'x'; 3_000_000];
    let output = with_input(&["connect", &address], &data);
    assert_eq!(text(&output.stdout), "SERVER DATA");
    assert_eq!(server.join().unwrap().len(), data.len());
}

#[test]
fn the_server_s_end_ends_it_while_stdin_is_open_unless_told_otherwise() {
    let (address, server_end) = server(drop);
    let mut child = plumb(&["connect", &address]).spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin); // open until then
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("the peer ended the connection"), "{output:?}");
    server_end.join().unwrap();

    let (address, server) = server(|stream| {
        stream.shutdown(Shutdown::Write).unwrap();
        read_all(&stream)
    });
    let mut child = plumb(&["connect", &address, "--keep-open", "-v"]).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("the peer has said all") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
    }
    child.stdin.take().unwrap().write_all(b"still here").unwrap();
    assert_eq!(server.join().unwrap(), b"still here");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn refused_and_silent_are_told_apart() {
    let port = dead_port().to_string();
    let output = with_input(&["connect", "127.0.0.1", &port], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("refused: nobody listens there (RST)"), "{output:?}");
    let output = with_input(&["connect", "-z", "127.0.0.1", &port], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("refused"), "{output:?}");

    // A queue that is full drops what comes; it does not refuse.
    let listener = socket_with_full_queue();
    let address = listener.0.local_addr().unwrap().to_string();
    let output = with_input(&["connect", "-z", "--timeout", "300ms", &address], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("no answer within 300ms"), "{output:?}");

    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = open.local_addr().unwrap().to_string();
    let output = with_input(&["connect", "-z", "--json", &address], b"");
    assert_eq!(output.status.code(), Some(0));
    let records = records(&output.stdout);
    assert_eq!(records[1]["data"]["open"], true);
    assert_eq!(records.last().unwrap()["type"], "end");
}

/// A listener with a backlog of 0 and the one connection that fills it.
fn socket_with_full_queue() -> (TcpListener, TcpStream) {
    let listener = plumb_sys::tcp::listen("127.0.0.1:0".parse().unwrap(), 0).unwrap();
    let first = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener, first)
}

#[test]
fn three_attempts_and_the_words_of_each() {
    let address = format!("127.0.0.1:{}", dead_port());
    let options = ["--timeout", "10s", "--read-timeout", "5s", "--retries", "2"];
    let wait = ["--retry-wait", "10ms"];
    let output = with_input(&[&["connect", &address], &options[..], &wait].concat(), b"");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    for words in
        ["Connection attempt 1 failed, retrying...", "Connection attempt 2 failed, retrying..."]
    {
        assert!(said.contains(words), "{said}");
    }
    assert!(said.ends_with("Failed to connect after retries\n"), "{said}");
}

#[test]
fn a_peer_that_says_nothing_is_left_after_the_read_timeout() {
    let (address, server) = server(|stream| read_all(&stream));
    let mut child = plumb(&["connect", &address, "--read-timeout", "50ms"]).spawn().unwrap();
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing came for 50ms (timeout)"), "{output:?}");
    server.join().unwrap();
}

#[test]
fn a_connection_is_made_again_until_stdin_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut child =
        plumb(&["connect", &address, "--reconnect", "--retry-wait", "10ms"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let first = listener.accept().unwrap().0;
    (&first).write_all(b"one ").unwrap();
    drop(first);
    let second = listener.accept().unwrap().0;
    (&second).write_all(b"two").unwrap();
    stdin.write_all(b"to the second").unwrap();
    drop(stdin);
    assert_eq!(read_all(&second), b"to the second");
    drop(second);
    let output = child.wait_with_output().unwrap();
    assert_eq!((text(&output.stdout), output.status.code()), ("one two".to_owned(), Some(0)));
}

#[test]
fn each_line_is_a_datagram_and_each_answer_a_line() {
    let (address, server) = udp_server(|socket| {
        let mut buffer = [0; 100];
        for n in 1..=3 {
            let (size, from) = socket.recv_from(&mut buffer).unwrap();
            let reply = format!("Echo ({n}): {}", text(&buffer[..size]));
            socket.send_to(reply.as_bytes(), from).unwrap();
        }
    });
    let output = with_input(&["connect", &address, "--lines"], b"ping\nhello\ntest\n");
    assert_eq!(text(&output.stdout), "Echo (1): ping\nEcho (2): hello\nEcho (3): test\n");
    assert_eq!(output.status.code(), Some(0));
    server.join().unwrap();
}

#[test]
fn a_full_disk_is_no_end_of_the_conversation() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let (address, server) = server(|mut stream| {
        // Whoever cannot write it may be gone before it is all sent.
        drop(stream.write_all(b"an answer\n"));
    });
    let mut child = plumb(&["connect", &address]);
    let output = child.stdin(Stdio::null()).stdout(full).spawn().unwrap().wait_with_output();
    server.join().unwrap();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.contains("what came cannot be written: No space left"), "{said}");
}

#[test]
fn the_largest_datagram_and_one_byte_more() {
    let (address, server) = udp_server(|socket| {
        let mut buffer = vec![0; 70_000];
        let (size, from) = socket.recv_from(&mut buffer).unwrap();
        socket.send_to(size.to_string().as_bytes(), from).unwrap();
    });
    let output = with_input(&["connect", &address], &vec![b'x'; 65_507]);
    assert_eq!(text(&output.stdout), "65507");
    server.join().unwrap();
    let output = with_input(&["connect", &address], &vec![b'x'; 65_508]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("a datagram of 65508 bytes cannot be sent (EMSGSIZE)"), "{said}");
    assert!(said.contains("at most 65507"), "{said}");
}

#[test]
fn a_closed_udp_port_says_so_and_a_silent_one_is_left() {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = with_input(&["connect", &format!("udp://127.0.0.1:{port}")], b"x");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("ICMP port unreachable from 127.0.0.1 (ECONNREFUSED)"), "{said}");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("udp://{}", silent.local_addr().unwrap());
    let output = with_input(&["connect", &address, "--read-timeout", "50ms"], b"x");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing came for 50ms (timeout)"), "{output:?}");
}

#[test]
fn a_broadcast_wants_permission() {
    let output = with_input(&["connect", "udp://255.255.255.255:9"], b"x");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("(EACCES)") && said.contains("--so-broadcast"), "{said}");
}

#[test]
fn both_directions_are_dumped_and_recorded() {
    let scratch = Scratch::new("record");
    let file = scratch.file("talk.jsonl");
    let (address, server) = server(|stream| {
        let said = read_all(&stream);
        (&stream).write_all(b"\xff\n").unwrap();
        said
    });
    let output = with_input(&["connect", &address, "--hex", "--record", &file], b"Hi\n");
    server.join().unwrap();
    let pad = " ".repeat(39);
    assert_eq!(
        text(&output.stdout),
        format!("> 00000000  48 69 0a {pad}  |Hi.|\n< 00000000  ff 0a    {pad}  |..|\n")
    );
    let records = records(&std::fs::read(&file).unwrap());
    let kinds: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["begin", "connected", "sent", "half_closed", "received", "half_closed", "closed", "end"]
    );
    assert_eq!(records[2]["data"]["text"], "Hi\n");
    assert_eq!(records[4]["data"]["text"], Value::Null);
    assert_eq!(records[4]["data"]["base64"], "/wo=");
    assert_eq!(records[6]["data"]["why"], "both_done");
}

#[test]
fn lines_end_as_asked() {
    let (address, server) = server(|stream| {
        let said = read_all(&stream);
        (&stream).write_all(b"one\r\ntwo").unwrap();
        said
    });
    let output = with_input(&["connect", &address, "--lines", "--crlf"], b"a\nb\r\nc");
    assert_eq!(server.join().unwrap(), b"a\r\nb\r\nc\r\n");
    assert_eq!(text(&output.stdout), "one\ntwo\n");
}

#[test]
fn the_options_of_the_socket_are_shown() {
    let (address, server) = server(|stream| read_all(&stream));
    let options =
        ["--so-rcvbuf", "32k", "--ttl", "9", "--tcp-nodelay=off", "--source", "127.0.0.3"];
    let output = with_input(&[&["connect", &address, "-v"], &options[..]].concat(), b"");
    server.join().unwrap();
    let said = text(&output.stderr);
    for line in [
        "SO_RCVBUF = 65536 bytes (asked for 32768 bytes)",
        "IP_TTL = 9 (as asked)",
        "TCP_NODELAY = off (as asked)",
        "TCP_INFO: ESTABLISHED",
        "from 127.0.0.3:",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
}

#[test]
fn listen_answers_one_peer_and_ends() {
    let mut listening = Listening::start(&["0"]);
    listening.input(b"hello from here");
    let peer = listening.connect();
    (&peer).write_all(b"hello from there").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&peer), b"hello from here");
    let (status, stdout, said) = listening.end();
    assert_eq!((status, text(&stdout).as_str()), (0, "hello from there"));
    assert!(said.contains("connection from 127.0.0.1:"), "{said}");
}

#[test]
fn listen_serves_one_after_another() {
    let listening = Listening::start(&["tcp://127.0.0.1:0", "--keep-open", "--lines"]);
    for n in 0..3 {
        let peer = listening.connect();
        write!(&peer, "{n}").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&peer), b"");
    }
    listening.terminate();
    let (status, stdout, _) = listening.end();
    assert_eq!((status, text(&stdout).as_str()), (0, "0\n1\n2\n"));
}

#[test]
fn a_program_gets_all_and_all_of_its_answer_arrives() {
    // The client says that it is done long before the program has answered.
    let program = "n=$(wc -c); head -c 2000000 /dev/zero; echo $n";
    let listening = Listening::start(&["0", "--exec", program, "--keep-open"]);
    let peers: Vec<TcpStream> = (0..3).map(|_| listening.connect()).collect();
    for peer in peers.iter().rev() {
        (&*peer).write_all(&[b'z'; 1000]).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let answer = read_all(peer);
        assert_eq!(answer.len(), 2_000_000 + 5);
        assert!(answer.ends_with(b"1000\n"));
    }
    listening.terminate();
    assert_eq!(listening.end().0, 0);
}

#[test]
fn a_program_may_end_first() {
    let listening = Listening::start(&["0", "--exec", "echo $PLUMB_PEER; exit 3"]);
    let peer = listening.connect();
    let local = peer.local_addr().unwrap();
    // All of it arrives although this side never ends.
    let mut answer = String::new();
    BufReader::new(&peer).read_line(&mut answer).unwrap();
    assert!(answer.trim_end().ends_with(&local.to_string()), "{answer}");
    drop(peer);
    let (status, _, said) = listening.end();
    assert_eq!(status, 0, "{said}");
}

#[test]
fn listen_answers_the_last_sender_of_a_datagram() {
    let mut listening = Listening::start(&["udp://127.0.0.1:0", "--lines"]);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    peer.send_to(b"ping", listening.socket()).unwrap();
    let mut line = String::new();
    BufReader::new(listening.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ping\n");
    listening.input(b"pong\n");
    let mut buffer = [0; 10];
    let size = peer.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..size], b"pong");
    listening.terminate();
    assert_eq!(listening.end().0, 0);
}

#[test]
fn members_of_a_group_hear_what_is_sent_to_it() {
    let arguments = ["udp://224.0.0.251:0", "--interface", "lo", "--lines"];
    let mut listening = Listening::start(&arguments);
    let address = listening.address.clone();
    let mut command = plumb(&["connect", &address, "--interface", "lo", "--read-timeout", "20s"]);
    let mut member = command.spawn().unwrap();
    member.stdin.take().unwrap().write_all(b"to all").unwrap();
    let mut line = String::new();
    BufReader::new(listening.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "to all\n");
    listening.input(b"back to you\n");
    let output = member.wait_with_output().unwrap();
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("back to you", Some(0)));
    listening.terminate();
    listening.end();
}

#[test]
fn a_unix_socket_goes_with_its_server() {
    let scratch = Scratch::new("unix");
    let address = format!("unix:{}", scratch.file("s"));
    let mut listening = Listening::start(&[&address, "--unix-mode", "0600"]);
    assert_eq!(listening.address, address);
    listening.input(b"from the server");
    let output = with_input(&["connect", &address], b"from the client");
    assert_eq!(text(&output.stdout), "from the server");
    let (status, stdout, _) = listening.end();
    assert_eq!((status, text(&stdout).as_str()), (0, "from the client"));
    assert!(!scratch.0.join("s").exists());
    let output = with_input(&["connect", &address], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("(ENOENT)"), "{output:?}");
}

#[test]
fn the_holder_of_a_port_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let output = with_input(&["listen", &port], b"");
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    let process = format!("(process {})", std::process::id());
    assert!(said.contains("address already in use by") && said.contains(&process), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn plumb_speaks_tls_with_itself_and_verifies() {
    let scratch = Scratch::new("tls");
    let certificate = scratch.file("ca.pem");
    let arguments = ["tls://127.0.0.1:0", "--tls", "self", "--tls-save", &certificate];
    let mut listening = Listening::start(&arguments);
    listening.input(b"a secret");
    let address = format!("tls://localhost:{}", listening.socket().port());
    // Who does not trust it says nothing; the server goes on waiting.
    let refused = with_input(&["connect", "-4", &address], b"");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("TLS handshake failed"), "{refused:?}");
    let output = with_input(&["connect", "-4", &address, "--cacert", &certificate], b"another");
    assert_eq!(text(&output.stdout), "a secret");
    assert!(
        text(&output.stderr).contains("TLSv1.3") && text(&output.stderr).contains("(verified)")
    );
    let (status, stdout, _) = listening.end();
    assert_eq!((status, text(&stdout).as_str()), (0, "another"));
}

#[test]
fn openssl_understands_both_ends() {
    if missing("openssl") {
        return;
    }
    let mut listening = Listening::start(&["tls://127.0.0.1:0", "--tls", "self"]);
    let port = listening.socket().port();
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(b"from openssl\n").unwrap();
    // s_client says nothing more once it has heard the other side's end.
    let mut line = String::new();
    BufReader::new(listening.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "from openssl\n");
    listening.input(b"from plumb");
    let output = client.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "from plumb");
    assert_eq!(listening.end().0, 0);
}

/// Python's ends: smtplib's server side is played by hand, TLS by `ssl`.
const STARTTLS: &str = r#"
import socket, ssl, subprocess, sys, tempfile
directory = sys.argv[1]
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
  "-nodes", "-keyout", directory + "/key.pem", "-out", directory + "/cert.pem", "-days", "2",
  "-subj", "/CN=mail", "-addext", "subjectAltName=DNS:mail.example"],
  check=True, capture_output=True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(directory + "/cert.pem", directory + "/key.pem")
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
plain, _ = server.accept()
plain.sendall(b"220-hello\r\n220 mail.example ESMTP\r\n")
assert plain.recv(100).startswith(b"EHLO")
plain.sendall(b"250-mail.example\r\n250 STARTTLS\r\n")
assert plain.recv(100) == b"STARTTLS\r\n"
plain.sendall(b"220 go ahead\r\n")
secure = context.wrap_socket(plain, server_side=True)
print(secure.recv(100).decode(), flush=True)
secure.sendall(b"250 secure\r\n")
secure.unwrap()
"#;

#[test]
fn starttls_leads_into_tls() {
    if missing("python3") || missing("openssl") {
        return;
    }
    let scratch = Scratch::new("starttls");
    let mut python = Command::new("python3")
        .args(["-c", STARTTLS, &scratch.0.display().to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(python.stdout.take().unwrap());
    let mut port = String::new();
    said.read_line(&mut port).unwrap();
    let address = format!("127.0.0.1:{}", port.trim_end());
    let certificate = scratch.file("cert.pem");
    let tls = ["--starttls", "smtp", "--server-name", "mail.example", "--cacert", &certificate];
    let output = with_input(&[&["connect", &address], &tls[..]].concat(), b"EHLO again\r\n");
    assert_eq!(text(&output.stdout), "250 secure\r\n", "{}", text(&output.stderr));
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "EHLO again\r\n");
    python.wait().unwrap();
}

#[test]
fn netcat_and_socat_understand_both_ends() {
    if missing("socat") {
        return;
    }
    let mut listening = Listening::start(&["0"]);
    listening.input(b"from plumb");
    let address = format!("TCP:{}", listening.socket());
    let mut socat = Command::new("socat")
        .args(["-t20", "-", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    socat.stdin.take().unwrap().write_all(b"from socat").unwrap();
    assert_eq!(text(&socat.wait_with_output().unwrap().stdout), "from plumb");
    assert_eq!(text(&listening.end().1), "from socat");

    let scratch = Scratch::new("socat");
    let path = scratch.file("echo");
    let mut socat =
        Command::new("socat").args([&format!("UNIX-LISTEN:{path}"), "EXEC:cat"]).spawn().unwrap();
    let address = format!("unix:{path}");
    // Tried until the file is there.
    let retry = ["--retries", "500", "--retry-wait", "10ms", "-q"];
    let output = with_input(&[&["connect", &address], &retry[..]].concat(), b"back and forth");
    assert_eq!(text(&output.stdout), "back and forth");
    socat.wait().unwrap();
}

#[test]
fn json_lines_hold_both_directions() {
    let mut listening = Listening::start(&["0", "--json"]);
    listening.input(b"out");
    let peer = listening.connect();
    (&peer).write_all(b"in").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&peer), b"out");
    let (status, stdout, _) = listening.end();
    let records = records(&stdout);
    let of = |kind: &str| records.iter().find(|record| record["type"] == kind).unwrap();
    assert_eq!(records[0]["data"]["command"], "listen");
    assert!(of("listening")["data"]["address"].as_str().unwrap().starts_with("tcp://127.0.0.1:"));
    assert_eq!(of("received")["data"]["text"], "in");
    assert_eq!(of("sent")["data"]["text"], "out");
    assert_eq!(of("closed")["data"]["sent_bytes"], 3);
    assert_eq!(records.last().unwrap()["data"]["exit_code"], status);
}

#[test]
fn what_makes_no_sense_is_one_line() {
    for (arguments, words) in [
        (&["connect", "host"][..], "there is no port"),
        (&["connect", "udp://127.0.0.1:9", "--tls"], "TLS goes over TCP"),
        (&["connect", "-n", "www.example.com:80"], "the host must be an address"),
        (&["connect", "127.0.0.1:9", "--record", "/no/such/directory/x"], "cannot write"),
        (&["listen", "tls://127.0.0.1:0"], "tls:// wants a certificate"),
        (&["connect", "tls://127.0.0.1:9", "--cacert", "/no/such/file"], "cannot read"),
    ] {
        let output = with_input(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(text(&output.stderr).contains(words), "{arguments:?}: {output:?}");
        assert_eq!(text(&output.stdout), "");
    }
}
