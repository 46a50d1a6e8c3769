//! Echo, ACK, greeting and close-word servers as programs write them, each as
//! one command line, against the client that belongs to it, in Python.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::process::Command;

use ground::{Scratch, Serving, installed};

/// A server and its client: a name, the arguments of `plumb serve echo`, and
/// the client, which has `PORT`, the socket module and what [`BEGINNING`] has.
struct Pair {
    name: &'static str,
    server: &'static [&'static str],
    client: &'static str,
}

/// What every client begins with.
const BEGINNING: &str = r#"
import os, socket, ssl, threading
PORT = int(os.environ["PORT"])
AT = ("127.0.0.1", PORT)

def tcp():
    s = socket.create_connection(AT, timeout=20)
    return s

def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(20)
    return s

def until_end(s):
    data = b""
    while piece := s.recv(4096):
        data += piece
    return data

def same(got, expected):
    assert got == expected, f"got {got!r}, expected {expected!r}"
"#;

const PAIRS: &[Pair] = &[
    Pair {
        name: "a datagram is acknowledged",
        server: &["--listen", "udp://127.0.0.1:0", "--ack"],
        client: r#"
s = udp(); s.sendto(b"Hello UDP!", AT); same(s.recvfrom(1024), (b"ACK", AT))
"#,
    },
    Pair {
        name: "datagrams of all clients are counted",
        server: &["--listen", "udp://127.0.0.1:0", "--reply", "Echo ({n}): {msg}"],
        client: r#"
for number, text in enumerate([b"ping", b"hello", b"test"], 1):
    s = udp(); s.sendto(text, AT); same(s.recv(1024), b"Echo (%d): %s" % (number, text))
"#,
    },
    Pair {
        name: "the largest datagram comes back, and a byte more cannot be sent",
        server: &["--listen", "udp://127.0.0.1:0"],
        client: r#"
s = udp(); s.sendto(b"x" * 65507, AT); same(s.recv(65535), b"x" * 65507)
try: s.sendto(b"x" * 65508, AT); assert False
except OSError as error: same(error.errno, 90)
"#,
    },
    Pair {
        name: "server echo over UDP",
        server: &["--listen", "udp://127.0.0.1:0", "--reply", "Server echo: {msg}"],
        client: r#"
s = udp(); s.sendto(b"hi", AT); same(s.recv(1024), b"Server echo: hi")
"#,
    },
    Pair {
        name: "one fixed answer over UDP",
        server: &["--listen", "udp://127.0.0.1:0", "--reply", "Hello UDP Client"],
        client: r#"
s = udp(); s.sendto(b"Hello UDP Server", AT); same(s.recv(1024), b"Hello UDP Client")
"#,
    },
    Pair {
        name: "one answer, then the server closes",
        server: &["--raw", "--once", "--reply", "World!"],
        client: r#"
s = tcp(); s.sendall(b"Hello TCP!"); same(s.recv(1024), b"World!"); same(s.recv(1024), b"")
"#,
    },
    Pair {
        name: "the server speaks first",
        server: &["--raw", "--greet", "CONNECTED"],
        client: r#"
s = tcp(); same(s.recv(1024), b"CONNECTED"); s.close()
"#,
    },
    Pair {
        name: "four steps of a close: the server's FIN comes first",
        server: &["--raw", "--once", "--reply", "SERVER DATA"],
        client: r#"
s = tcp(); s.sendall(b"CLIENT DATA"); same(until_end(s), b"SERVER DATA")
s.sendall(b"still here"); s.shutdown(socket.SHUT_WR); s.close()
"#,
    },
    Pair {
        name: "a line is answered once, however long it is",
        server: &["--reply", "Echo: {msg}"],
        client: r#"
s = tcp(); s.sendall(b"hello server\n"); same(s.recv(1024), b"Echo: hello server\n")
long = b"x" * 1500
s.sendall(long + b"\n"); s.shutdown(socket.SHUT_WR)
same(until_end(s), b"Echo: " + long + b"\n")
"#,
    },
    Pair {
        name: "a client without a line end is answered at its half-close",
        server: &["--reply", "Echo: {msg}"],
        client: r#"
s = tcp(); s.sendall(b"Hello from client"); s.shutdown(socket.SHUT_WR)
same(until_end(s), b"Echo: Hello from client")
"#,
    },
    Pair {
        name: "a close word in any case",
        server: &["--raw", "--reply", "accepted", "--close-word", "close", "--closing", "closed"],
        client: r#"
for word in [b"close", b"CLOSE", b"close\n", b"Close\r\n"]:
    s = tcp()
    for text in [b"one", b"closer", b"two"]:
        s.sendall(text); same(s.recv(1024), b"accepted")
    s.sendall(word); same(until_end(s), b"closed")
"#,
    },
    Pair {
        name: "the end of the stream ends the conversation",
        server: &["--raw", "--reply", "accepted", "--close-word", "close", "--closing", "closed"],
        client: r#"
s = tcp(); s.sendall(b"hello"); same(s.recv(1024), b"accepted")
s.shutdown(socket.SHUT_WR); same(until_end(s), b"")
"#,
    },
    Pair {
        name: "the same bytes",
        server: &["--raw"],
        client: r#"
s = tcp(); s.sendall(b"Hello, Server!"); same(s.recv(1024), b"Hello, Server!")
s.sendall(bytes(range(256))); same(s.recv(1024), bytes(range(256)))
"#,
    },
    Pair {
        name: "silence is told, and so is what is no UTF-8",
        server: &[
            "--raw",
            "--reply",
            "Echo: {msg}",
            "--utf8",
            "--idle",
            "100ms",
            "--idle-text",
            "Timeout: No data received from client",
        ],
        client: r#"
s = tcp(); s.sendall("café".encode()); same(s.recv(1024), "Echo: café".encode())
same(until_end(s), b"Timeout: No data received from client")
s = tcp(); same(until_end(s), b"Timeout: No data received from client")
s = tcp(); s.sendall(b"\xff\xfe"); same(until_end(s), b"Received data is not UTF-8 encoded")
"#,
    },
    Pair {
        name: "several clients at once, and an error of one touches no other",
        server: &["--raw", "--reply", "Echo: {msg}"],
        client: r#"
import struct
failed = []
all_there = threading.Barrier(21)
def talk(number):
    try:
        s = tcp(); all_there.wait()
        for turn in range(20):
            text = b"Hello from client %d.%d" % (number, turn)
            s.sendall(text); same(s.recv(1024), b"Echo: " + text)
    except Exception as error: failed.append(error)
def reset():
    s = tcp(); all_there.wait()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); s.close()
threads = [threading.Thread(target=talk, args=(n,)) for n in range(20)]
threads.append(threading.Thread(target=reset))
for t in threads: t.start()
for t in threads: t.join()
assert not failed, failed
"#,
    },
    Pair {
        name: "server echo over TCP",
        server: &["--raw", "--reply", "Server echo: {msg}"],
        client: r#"
s = tcp(); s.sendall(b"hi"); same(s.recv(1024), b"Server echo: hi")
"#,
    },
    Pair {
        name: "OK to any request, then closed",
        server: &["--raw", "--once", "--reply", "OK"],
        client: r#"
for _ in range(3):
    s = tcp(); s.sendall(b"GET / HTTP/1.0\r\n\r\n"); same(until_end(s), b"OK")
"#,
    },
    Pair {
        name: "one fixed answer over TCP",
        server: &["--raw", "--reply", "Hello from server"],
        client: r#"
s = tcp(); s.sendall(b"Hello server"); same(s.recv(1024), b"Hello from server")
"#,
    },
    Pair {
        name: "a port that the system chose",
        server: &["--raw", "--greet", "loopback works", "--messages", "0"],
        client: r#"
s = tcp(); same(until_end(s), b"loopback works")
"#,
    },
    Pair {
        name: "messages with their length before them",
        server: &["--length-prefix", "4", "--reply", "{n}:{msg}"],
        client: r#"
s = tcp(); s.sendall(b"\0\0\0\5hel"); s.sendall(b"lo\0\0\0\0"); s.shutdown(socket.SHUT_WR)
same(until_end(s), b"\0\0\0\x071:hello\0\0\0\x022:")
"#,
    },
    Pair {
        name: "messages with a delimiter between them",
        server: &["--delimiter", "\\x03", "--ack"],
        client: r#"
s = tcp(); s.sendall(b"one\x03two\x03"); s.shutdown(socket.SHUT_WR)
same(until_end(s), b"ACK\x03ACK\x03")
"#,
    },
    Pair {
        name: "a heartbeat between messages",
        server: &["--heartbeat", "20ms", "--heartbeat-text", "tick", "--reply", "{msg}!"],
        client: r#"
s = tcp(); f = s.makefile("rwb")
same(f.readline(), b"tick\n"); same(f.readline(), b"tick\n")
s.sendall(b"hello\n")
while (line := f.readline()) == b"tick\n": pass
same(line, b"hello!\n"); same(f.readline(), b"tick\n")
"#,
    },
    Pair {
        name: "a line that is too long is cut, and the lines before it answered",
        server: &["--max-line", "100"],
        client: r#"
s = tcp(); s.sendall(b"short\n" + b"x" * 101 + b"\n"); same(until_end(s), b"short\n")
"#,
    },
];

fn run(client: &str, port: u16, more: &[(&str, &str)]) -> Result<(), String> {
    let mut python = Command::new("python3");
    python.arg("-c").arg(format!("{BEGINNING}{client}")).env("PORT", port.to_string());
    python.envs(more.iter().copied());
    let output = python.output().unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn each_server_is_one_command_line() {
    if !installed("python3") {
        return;
    }
    for Pair { name, server, client } in PAIRS {
        let mut arguments = vec!["echo"];
        if !server.contains(&"--listen") {
            arguments.extend(["--listen", "127.0.0.1:0"]);
        }
        arguments.extend(*server);
        let served = Serving::serve(&arguments, 1);
        let said = run(client, served.port(), &[]);
        let ended = served.stop();
        if let Err(error) = said {
            panic!("{name}: {server:?}\n{error}\n{}", ended.stdout);
        }
        assert_eq!(ended.status.code(), Some(0), "{name}: {}", ended.stderr);
    }
}

#[test]
fn a_client_of_tls_trusts_the_certificate_that_was_made() {
    if !installed("python3") {
        return;
    }
    let scratch = Scratch::new("echo-tls");
    let trusted = scratch.path("ca.pem");
    let served = Serving::serve(
        &["echo", "--listen", "tls://127.0.0.1:0", "--tls", "self", "--tls-save", &trusted],
        1,
    );
    let client = r#"
trust = ssl.create_default_context(cafile=os.environ["TRUST"])
s = trust.wrap_socket(tcp(), server_hostname="localhost")
assert s.version() == "TLSv1.3", s.version()
s.sendall(b"Hello, secure client!\n"); same(s.recv(1024), b"Hello, secure client!\n")
"#;
    let said = run(client, served.port(), &[("TRUST", &trusted)]);
    let ended = served.stop();
    assert_eq!(said, Ok(()), "{}", ended.stdout);
    assert_eq!(ended.status.code(), Some(0));
}

#[test]
fn what_was_forgiven_is_said() {
    if !installed("python3") {
        return;
    }
    let served = Serving::serve(
        &["echo", "--listen", "0", "--raw", "--close-word", "close", "--closing", "closed"],
        1,
    );
    let client = "s = tcp(); s.sendall(b'CLOSE\\n'); same(until_end(s), b'closed')";
    assert_eq!(run(client, served.port(), &[]), Ok(()));
    let ended = served.stop();
    assert!(
        ended.stdout.contains("took \"CLOSE\\n\" for the close word \"close\""),
        "{}",
        ended.stdout
    );
}

/// In a network of its own: a server that listens to a group, one that hears
/// broadcasts, and clients of both. Each server is ready when it says so.
const ONE_TO_MANY: &str = r#"
import subprocess, sys
def run(*words): subprocess.run(words, check=True)
run("ip", "link", "set", "lo", "up")
run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
run("ip", "address", "add", "10.9.0.1/24", "brd", "+", "dev", "v0")
run("ip", "link", "set", "v1", "up"); run("ip", "link", "set", "v0", "up")
run("ip", "route", "add", "default", "dev", "v0")

def serve(*words):
    server = subprocess.Popen([sys.argv[1], "serve", "echo", *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    line = server.stderr.readline().decode()
    assert line.startswith("listening on udp://"), line
    return server, int(line.rsplit(":", 1)[1])

group, group_port = serve("--listen", "udp://224.0.0.251:0", "--interface", "v0", "--ack")
everybody, port = serve("--listen", "udp://0.0.0.0:0", "--reply", "heard {msg}")

s = udp(); s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1"))
s.sendto(b"hello", ("224.0.0.251", group_port)); same(s.recvfrom(100), (b"ACK", ("10.9.0.1", group_port)))

s = udp()
try: s.sendto(b"hello", ("255.255.255.255", port)); assert False, "without SO_BROADCAST"
except PermissionError: pass
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for to in ("255.255.255.255", "10.9.0.255"):
    s.sendto(b"hello", (to, port)); same(s.recvfrom(100), (b"heard hello", ("10.9.0.1", port)))
for server in (group, everybody):
    server.terminate(); same(server.wait(), 0)
"#;

#[test]
fn groups_and_broadcasts_are_heard_and_answered() {
    if !installed("python3") || !installed("unshare") || !installed("ip") {
        return;
    }
    let unshare = |program: &str, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", program]).args(arguments);
        command.env("PORT", "0").output().unwrap()
    };
    if !unshare("true", &[]).status.success() {
        println!("SKIP: this kernel or container denies namespaces");
        return;
    }
    let script = format!("{BEGINNING}{ONE_TO_MANY}");
    let output = unshare("python3", &["-c", &script, env!("CARGO_BIN_EXE_plumb")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
