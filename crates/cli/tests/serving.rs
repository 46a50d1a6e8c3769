//! What every `plumb serve` does beside its protocol: binding, records,
//! metrics, signals, rights.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::{Command, Output, Stdio};

use ground::{Scratch, Serving, command, installed};
use nix::sys::signal::Signal;
use serde_json::Value;

/// Sends a message and reads all that comes back.
fn ask(port: u16, message: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(message).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn records(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kind(record: &Value) -> String {
    record["type"].as_str().unwrap().to_owned()
}

fn refused(arguments: &[&str]) -> Output {
    command().arg("serve").args(arguments).output().unwrap()
}

#[test]
fn records_begin_and_end_and_tell_each_connection() {
    let served = Serving::serve(&["echo", "--listen", "127.0.0.1:0", "--json"], 1);
    let port = served.port();
    assert_eq!(ask(port, b"hello\n"), b"hello\n");
    let ended = served.stop();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.stderr.trim_end(), format!("listening on tcp://127.0.0.1:{port}"));
    let records = records(&ended.stdout);
    let kinds: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("begin", "end"));
    let of = |kind: &str| {
        let mut found = records.iter().filter(|record| record["type"] == kind);
        let record = found.next().unwrap_or_else(|| panic!("no {kind} in {kinds:?}"));
        assert!(found.next().is_none(), "{kind}");
        record["data"].clone()
    };
    assert_eq!(of("begin")["command"], "serve echo");
    assert_eq!(of("listening")["address"], format!("tcp://127.0.0.1:{port}"));
    assert_eq!(of("listening")["port"], port);
    let connection = of("connection");
    assert_eq!((&connection["read_bytes"], &connection["written_bytes"]), (&6.into(), &6.into()));
    assert_eq!(connection["how"]["end"], "finished");
    assert_eq!((&connection["protocol"], &connection["requests"]), (&"echo".into(), &1.into()));
    assert!(connection["tcp"]["rtt_us"].is_u64(), "{connection}");
    assert_eq!(of("end")["exit_code"], 0);
}

#[test]
fn both_families_and_a_unix_socket_at_once() {
    let scratch = Scratch::new("serve-families");
    let path = scratch.path("echo");
    let at = format!("unix:{path}");
    let served =
        Serving::serve(&["echo", "--listen", "[::1]:0", "--listen", "0", "--listen", &at], 3);
    let addresses = &served.sockets;
    assert!(addresses[0].starts_with("tcp://[::1]:"), "{addresses:?}");
    for address in &addresses[..2] {
        let mut stream = TcpStream::connect(address.strip_prefix("tcp://").unwrap()).unwrap();
        stream.write_all(b"x\n").unwrap();
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"x\n");
    }
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"y\n").unwrap();
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(served.stop().status.code(), Some(0));
    assert!(!std::path::Path::new(&path).exists(), "the file goes with the server");
}

#[test]
fn what_cannot_be_served_is_one_line_and_nothing_is_half_started() {
    let scratch = Scratch::new("serve-refused");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let rubbish = scratch.path("rubbish.pem");
    std::fs::write(&rubbish, "no certificate").unwrap();
    let missing = scratch.path("missing.pem");
    let nowhere = scratch.path("no/such/log");
    let holder = format!("(process {})", std::process::id());
    for (arguments, code, said) in [
        (&["echo", "--listen", "0", "--listen", &taken][..], 3, holder.as_str()),
        (&["echo", "--listen", "0", "--metrics", &taken], 3, &holder),
        (&["echo", "--listen", "0", "--tls", &rubbish], 2, "rubbish.pem"),
        (&["echo", "--listen", "0", "--tls", &missing], 2, "missing.pem"),
        (&["echo", "--listen", "0", "--log-file", &nowhere], 2, "no/such/log"),
        (&["echo", "--listen", "192.0.2.1:0"], 3, "no interface of this host"),
        (&["echo", "--listen", "127.0.0.1:70000"], 2, "^^^^^"),
        (&["echo", "--listen", "quic://127.0.0.1:1"], 2, "quic"),
        (&["echo", "--listen", "systemd"], 2, "LISTEN_FDS"),
        (&["echo", "--user", "no-such-user", "--listen", "0"], 3, "no such user"),
        (&["echo", "--json", "--log", "combined"], 2, "--log-file"),
        (
            &["echo", "--log", "journal", "--journal-socket", &missing, "--listen", "0"],
            3,
            "journal",
        ),
        (&["echo", "--proxy-protocol", "required"], 2, "--trusted-proxy"),
        (&["echo", "--max-connections", "0"], 2, "at least 1"),
    ] {
        let output = refused(arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(said), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("listening on"), "{arguments:?}: {stderr}");
        let kinds: Vec<_> = records(&text(&output.stdout)).iter().map(kind).collect();
        let wanted: &[&str] =
            if arguments.contains(&"--json") { &["begin", "error", "end"] } else { &[] };
        assert_eq!(kinds, wanted, "{arguments:?}");
    }
    for arguments in [["echo", "--listen", &taken, "--json"], ["http", &missing, "-4", "--json"]] {
        let output = refused(&arguments);
        let records = records(&text(&output.stdout));
        let kinds: Vec<_> = records.iter().map(kind).collect();
        assert_eq!(kinds, ["begin", "error", "end"], "{arguments:?}");
        assert_eq!(records[2]["data"]["exit_code"], 3);
    }
}

#[test]
fn a_stop_waits_for_who_is_connected_and_a_second_one_cuts() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut served = Serving::serve(&["echo", "--listen", "0", "--raw", "--json"], 1);
        let at = ("127.0.0.1", served.port());
        let mut client = TcpStream::connect(at).unwrap();
        client.write_all(b"a").unwrap();
        client.read_exact(&mut [0]).unwrap();
        served.signal(signal);
        // The listening socket is closed: it says so, and FIN comes.
        while !served.stdout_line().unwrap().contains("\"stopping\"") {}
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        drop(client);
        let ended = served.wait();
        assert_eq!(ended.status.code(), Some(0), "{signal}");
        assert!(ended.stdout.contains("\"kind\":\"stopped\""), "{}", ended.stdout);
    }
}

#[test]
fn log_files_are_opened_anew() {
    let scratch = Scratch::new("serve-log");
    let (log, old) = (scratch.path("log"), scratch.path("log.1"));
    let served = Serving::serve(&["echo", "--listen", "0", "--log", "json", "--log-file", &log], 1);
    let port = served.port();
    let wait_for = |path: &str, count: usize| {
        // Written a moment after the fact; the file tells when.
        let lines = || std::fs::read_to_string(path).unwrap_or_default();
        while lines().matches("\"type\":\"connection\"").count() < count {
            std::thread::yield_now();
        }
        lines()
    };
    ask(port, b"one\n");
    wait_for(&log, 1);
    std::fs::rename(&log, &old).unwrap();
    served.signal(Signal::SIGHUP);
    while !std::path::Path::new(&log).exists() {
        std::thread::yield_now();
    }
    ask(port, b"three\n");
    let text = wait_for(&log, 1);
    assert!(text.contains("\"read_bytes\":6"), "{text}");
    let ended = served.stop();
    assert_eq!(ended.stdout, "", "the record goes to the file");
    assert_eq!(std::fs::read_to_string(old).unwrap().matches("\"connection\",").count(), 1);
}

#[test]
fn the_journal_gets_an_entry_for_each_event() {
    let scratch = Scratch::new("serve-journal");
    let path = scratch.path("journal");
    let journal = UnixDatagram::bind(&path).unwrap();
    let served = Serving::serve(
        &["echo", "--listen", "0", "--log", "journal", "--journal-socket", &path],
        1,
    );
    ask(served.port(), b"hello\n");
    let mut entry = vec![0; 65536];
    loop {
        let size = journal.recv(&mut entry).unwrap();
        let entry = text(&entry[..size]);
        assert!(entry.contains("SYSLOG_IDENTIFIER=plumb-echo\n"), "{entry}");
        if entry.contains("PLUMB_CONNECTION=1\n") && entry.contains("closed, echo") {
            assert!(entry.contains("\nPRIORITY=6\n"), "{entry}");
            break;
        }
    }
    assert_eq!(served.stop().status.code(), Some(0));
}

#[test]
fn a_service_manager_passes_the_sockets_on() {
    if !installed("python3") {
        return;
    }
    // What systemd does, in a few lines: descriptors from 3 on, and the process
    // that they are for.
    let activate = r#"
import os, socket, sys
tcp = socket.create_server(("127.0.0.1", 0)); udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
fds = [os.dup(s.fileno()) for s in (tcp, udp)]
for number, fd in enumerate(fds, 100): os.dup2(fd, number)
for number in (0, 1): os.dup2(100 + number, 3 + number)
for number in (3, 4): os.set_inheritable(number, True)
os.environ["LISTEN_FDS"] = "2"; os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[1], sys.argv[1:])
"#;
    let mut command = Command::new("python3");
    command.args(["-c", activate, env!("CARGO_BIN_EXE_plumb"), "serve", "echo", "--raw"]);
    let served = Serving::spawn(command, 2);
    let addresses = &served.sockets;
    assert!(addresses[1].starts_with("udp://127.0.0.1:"), "{addresses:?}");
    assert_eq!(ask(served.port(), b"activated"), b"activated");
    assert_eq!(served.stop().status.code(), Some(0));
}

#[test]
fn the_narration_tells_a_conversation_in_its_order() {
    let served = Serving::serve(&["echo", "--listen", "0", "--narrate", "--so-rcvbuf", "9000"], 1);
    let port = served.port();
    ask(port, b"hello\n");
    let ended = served.stop();
    let mut rest = ended.stdout.as_str();
    for step in [
        "socket(AF_INET, SOCK_STREAM)",
        "setsockopt(SO_REUSEADDR, on)",
        "effective 18000 bytes",
        "bind(127.0.0.1:",
        "listen(4096)",
        "waiting for a connection",
        "new connection from 127.0.0.1",
        "received 6 bytes",
        "| hello\\n",
        "sent 6 bytes",
        "end of stream",
        "close()",
        "stopped",
    ] {
        let Some(at) = rest.find(step) else { panic!("{step:?} not after: {}", ended.stdout) };
        rest = &rest[at..];
    }
}

#[test]
fn who_reads_no_more_ends_the_server_quietly() {
    let mut child = command()
        .args(["serve", "echo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let port = line.trim_end().rsplit_once(':').unwrap().1.parse().unwrap();
    ask(port, b"x\n");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("", Some(0)));
}

/// A server of datagrams that is stopped just now, and runs on at SIGCONT.
fn paused(listen: &str) -> Serving {
    let served =
        Serving::serve(&["echo", "--listen", listen, "--json", "--datagram-rate", "10/s:50"], 1);
    served.signal(Signal::SIGSTOP);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(served.pid()).unwrap());
    let flags = nix::sys::wait::WaitPidFlag::WUNTRACED;
    nix::sys::wait::waitpid(pid, Some(flags)).unwrap();
    served
}

/// So many datagrams were answered for `peer`, and the rules that it broke.
fn answered(stdout: &str, peer: &str) -> (usize, Vec<String>) {
    let records = records(stdout);
    let of = |wanted: &str| {
        let wanted = wanted.to_owned();
        let of_peer = records.iter().map(|one| &one["data"]).filter(|data| data["peer"] == peer);
        of_peer.filter(move |data| data["kind"] == wanted)
    };
    let rules = of("security").map(|data| data["rule"].as_str().unwrap().to_owned());
    (of("datagram").count(), rules.collect())
}

/// A datagram in the name of one server makes the other begin.
#[test]
fn two_servers_that_are_set_upon_each_other_fall_silent() {
    for forged in [1, 7] {
        let mut first = paused("udp://127.0.0.1:0");
        let forger = UdpSocket::bind("127.0.0.1:0").unwrap();
        let in_the_name_of = forger.local_addr().unwrap();
        for number in 0..forged {
            forger.send_to(&[number], first.address()).unwrap();
        }
        drop(forger);
        let name = format!("udp://{in_the_name_of}");
        let second = Serving::serve(&["echo", "--listen", &name, "--json"], 1);
        first.signal(Signal::SIGCONT);
        let broken = loop {
            let line = first.stdout_line().expect("a rule is broken");
            if line.contains("\"security\"") {
                break line;
            }
        };
        assert!(broken.contains("datagram_rate"), "{broken}");
        // Others are answered as before, and by then the two have done with
        // each other: what was on its way comes first.
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        for server in [second.address(), first.address(), second.address(), first.address()] {
            client.send_to(b"hello", server).unwrap();
            let mut buffer = [0; 16];
            let (count, from) = client.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..count], from), (&b"hello"[..], server));
        }
        let (at_first, at_second) = (first.address().to_string(), second.address().to_string());
        let by_first = answered(&first.stop().stdout, &at_second);
        let by_second = answered(&second.stop().stdout, &at_first);
        assert!(by_first.0 >= 50, "{by_first:?}");
        // Each answer of the one was a question to the other; what was forged
        // came to its end one by one.
        assert_eq!(by_second, (by_first.0, Vec::new()));
        assert_eq!(by_first.1, vec!["datagram_rate"; usize::from(forged)]);
    }
}

#[test]
fn who_may_not_come_gets_no_datagram_either() {
    let arguments = ["echo", "--listen", "udp://127.0.0.1:0", "--json", "--deny", "127.0.0.2"];
    let served = Serving::serve(&arguments, 1);
    let ask = |from: &str| {
        let client = UdpSocket::bind((from, 0)).unwrap();
        client.send_to(from.as_bytes(), served.address()).unwrap();
        client
    };
    let _denied = ask("127.0.0.2");
    let welcome = ask("127.0.0.1");
    assert_eq!(welcome.recv(&mut [0; 16]).unwrap(), "127.0.0.1".len());
    let rules: Vec<Value> = records(&served.stop().stdout)
        .into_iter()
        .map(|record| record["data"].clone())
        .filter(|data| data["kind"] == "security" || data["kind"] == "datagram")
        .map(|data| data["rule"].clone())
        .collect();
    assert_eq!(rules, ["access".into(), Value::Null]);
}

#[test]
fn limits_are_kept_and_said() {
    let served = Serving::serve(
        &["echo", "--listen", "0", "--json", "--max-per-client", "1", "--idle", "50ms"],
        1,
    );
    let at = ("127.0.0.1", served.port());
    let mut first = TcpStream::connect(at).unwrap();
    first.write_all(b"a\n").unwrap();
    first.read_exact(&mut [0; 2]).unwrap();
    let mut second = TcpStream::connect(at).unwrap();
    let mut rest = Vec::new();
    // FIN or RST: the server does not speak with it.
    let _ = second.read_to_end(&mut rest);
    assert!(rest.is_empty());
    first.read_to_end(&mut rest).unwrap();
    let ended = served.stop();
    let rules: Vec<String> = records(&ended.stdout)
        .iter()
        .filter(|record| record["type"] == "security")
        .map(|record| record["data"]["rule"].as_str().unwrap().to_owned())
        .collect();
    assert!(rules.contains(&"connections_per_client_max".to_owned()), "{rules:?}");
    assert!(ended.stdout.contains(r#""how":{"end":"cut","why":"idle"}"#), "{}", ended.stdout);
}

/// The page of metrics.
fn scrape(at: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    body.to_owned()
}

fn with_metrics() -> (Serving, String) {
    let mut served =
        Serving::serve(&["echo", "--listen", "0", "--quiet", "--metrics", "127.0.0.1:0"], 1);
    let url = served.says("metrics on http://");
    (served, url.strip_suffix("/metrics").unwrap().to_owned())
}

#[test]
fn promtool_has_nothing_to_say_about_the_metrics() {
    let (served, at) = with_metrics();
    ask(served.port(), b"hello\n");
    let page = scrape(&at);
    assert!(page.contains("\nplumb_connections_total 1\n"), "{page}");
    assert!(page.contains("\nprocess_open_fds "), "{page}");
    if installed("promtool") {
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{said}");
    }
    assert_eq!(served.stop().status.code(), Some(0));
}

/// A Prometheus that is ended with its test.
struct Prometheus(std::process::Child);

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_prometheus_scrapes_the_metrics() {
    if !installed("prometheus") {
        return;
    }
    let scratch = Scratch::new("serve-prometheus");
    let (served, at) = with_metrics();
    ask(served.port(), b"hello\n");
    let config = scratch.path("prometheus.yml");
    let jobs = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: plumb\n  static_configs:\n  - targets: ['{at}']\n"
    );
    std::fs::write(&config, jobs).unwrap();
    // Free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = Command::new("prometheus")
        .arg(format!("--config.file={config}"))
        .arg(format!("--storage.tsdb.path={}", scratch.path("tsdb")))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let prometheus = Prometheus(child);
    let ready = lines.any(|line| line.is_ok_and(|line| line.contains("Server is ready")));
    assert!(ready, "prometheus ended");
    // Its log would fill the pipe.
    let drained = std::thread::spawn(move || lines.for_each(drop));
    let query = |query: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let request = format!(
            "GET /api/v1/query?query={query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // The first scrape comes within a second; the query says when.
    while !query("plumb_connections_total").contains("\"value\":[") {
        std::thread::yield_now();
    }
    for (name, expected) in [
        ("plumb_connections_total", ",\"1\"]"),
        ("plumb_received_bytes_total", ",\"6\"]"),
        ("plumb_connection_duration_seconds_count", ",\"1\"]"),
        ("up", ",\"1\"]"),
    ] {
        let answer = query(name);
        assert!(answer.contains(expected), "{name}: {answer}");
    }
    drop(prometheus);
    drained.join().unwrap();
    assert_eq!(served.stop().status.code(), Some(0));
}
