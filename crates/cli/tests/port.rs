//! What a user of `plumb port` sees, beside the C library, the kernel and ss.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Output};

use ground::{PLUMB, Scratch, installed};
use serde_json::{Value, json};

fn run(arguments: &[&str]) -> Output {
    ground::command().arg("port").args(arguments).output().unwrap()
}

fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
    }
    text
}

fn records_of(output: &Output, kind: &str) -> Vec<Value> {
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    let records = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["type"] == kind).map(|record| record["data"].clone()).collect()
}

fn records(kind: &str, arguments: &[&str]) -> Vec<Value> {
    records_of(&run(&[&["--json"], arguments].concat()), kind)
}

/// A file of services of this test's own.
fn services() -> (Scratch, String) {
    let name = std::thread::current().name().unwrap_or("port").replace("::", "-");
    let scratch = Scratch::new(&name);
    let path = scratch.path("services");
    let file = "http 80/tcp www # web\nimap2 143/tcp imap\ndomain 53/tcp\ndomain 53/udp\n\
        shell 514/tcp\nsyslog 514/udp\nodd\n";
    std::fs::write(&path, file).unwrap();
    (scratch, path)
}

/// The worked example: sorted by number, each with its range.
#[test]
fn fifteen_ports_by_number() {
    let asked = [
        "27017", "6379", "5432", "3306", "993", "465", "443", "143", "110", "80", "53", "25", "22",
        "21", "20",
    ];
    let found = records("port", &asked);
    let ports: Vec<u64> = found.iter().map(|port| port["port"].as_u64().unwrap()).collect();
    assert_eq!(ports, [20, 21, 22, 25, 53, 80, 110, 143, 443, 465, 993, 3306, 5432, 6379, 27017]);
    for port in &found {
        let class = if port["port"].as_u64() < Some(1024) { "well-known" } else { "registered" };
        assert_eq!(port["class"], class, "{port}");
    }
    let shown = text(&asked);
    let lines: Vec<&str> =
        shown.lines().skip(1).filter(|line| !line.starts_with("      ")).collect();
    assert_eq!(lines.len(), 15, "{shown}");
    assert!(lines[0].contains("20") && lines[0].contains("ftp-data"), "{shown}");
}

#[test]
fn the_edges_of_the_ranges() {
    for (port, class) in [
        ("0", "well-known"),
        ("1023", "well-known"),
        ("1024", "registered"),
        ("49151", "registered"),
        ("49152", "dynamic"),
        ("65535", "dynamic"),
    ] {
        assert_eq!(records("port", &["--no-bind", port])[0]["class"], class, "{port}");
    }
}

#[test]
fn names_aliases_and_transports() {
    let (_scratch, path) = services();
    for (asked, port, transports) in [
        ("www", 80, &["tcp"][..]),
        ("IMAP", 143, &["tcp"]),
        ("domain", 53, &["tcp", "udp"]),
        ("domain/udp", 53, &["udp"]),
        ("53/tcp", 53, &["tcp"]),
        ("syslog", 514, &["tcp", "udp"]),
    ] {
        let found = records("port", &["--no-bind", "--services", &path, asked]);
        assert_eq!(found.len(), 1, "{asked}");
        assert_eq!(found[0]["port"], port, "{asked}");
        let services = found[0]["services"].as_array().unwrap();
        let named: Vec<&str> = services.iter().map(|s| s["transport"].as_str().unwrap()).collect();
        assert_eq!(named, transports, "{asked}");
    }
    let all = records("port", &["--no-bind", "53", "domain/udp", "50-55"]);
    assert_eq!(all.len(), 6, "each port once");
}

#[test]
fn the_place_of_a_mistake() {
    for (asked, mark, hint) in [
        ("65536", "  ^^^^^", "0 to 65535"),
        ("80-65536", "     ^^^^^", "0 to 65535"),
        ("8010-8000", "  ^^^^^^^^^", "8000-8010 would be right"),
        ("80-x", "     ^", "80-65535"),
        ("080", "  ^", "80 would be right"),
        ("80/tpc", "     ^^^", "80/tcp"),
        ("htpp", "  ^^^^", "did you mean http?"),
        ("tcp/22", "  ^^^", "22/tcp would be right"),
        ("22,80", "  ^^^^^", "22 80 would be right"),
        (":80", "  ^^^", "80 would be right"),
        (" ", "  ^", "0 to 65535"),
    ] {
        let output = run(&[asked]);
        assert_eq!(output.status.code(), Some(2), "{asked}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.lines().any(|line| line == mark), "{asked}:\n{stderr}");
        assert!(stderr.contains(hint), "{asked}:\n{stderr}");
    }
    assert_eq!(run(&["--services", "/nonexistent", "80"]).status.code(), Some(2));
    assert!(text(&["53/UDP"]).contains("domain (udp)"));
}

/// A listener of this very process is seen, and its port is in use.
#[test]
fn who_listens() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("[::1]:0").unwrap();
    for (transport, address) in
        [("tcp", tcp.local_addr().unwrap()), ("udp", udp.local_addr().unwrap())]
    {
        let found = &records("port", &[&address.port().to_string()])[0];
        let listeners = found["listeners"].as_array().unwrap();
        let own = listeners.iter().find(|it| it["transport"] == transport).unwrap();
        assert_eq!(own["address"], address.to_string());
        assert_eq!(own["pid"], std::process::id());
        assert_eq!(found["may_bind"], true);
        let binds = found["binds"].as_array().unwrap();
        let bind = binds
            .iter()
            .find(|it| it["transport"] == transport && it["address"] == address.ip().to_string());
        assert_eq!(bind.unwrap()["result"], "in_use");
        let shown = text(&[&address.port().to_string()]);
        assert!(shown.contains(&format!("({})", std::process::id())), "{shown}");
        assert!(text(&[]).contains(&address.to_string()));
    }
}

#[test]
fn connections_and_the_ephemeral_range() {
    let setting = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let ends: Vec<u16> = setting.split_whitespace().map(|end| end.parse().unwrap()).collect();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
    let port = client.local_addr().unwrap().port();
    let arguments = ["--json", "--no-bind", &port.to_string()];
    let output = run(&arguments);
    let (ranges, found) = (&records_of(&output, "port_ranges")[0], &records_of(&output, "port")[0]);
    assert_eq!(ranges["ephemeral"], json!({ "first": ends[0], "last": ends[1] }));
    assert!(ranges["ephemeral_use"]["tcp"].as_u64() >= Some(1));
    assert_eq!(found["ephemeral"], (ends[0]..=ends[1]).contains(&port));
    assert_eq!((&found["may_bind"], &found["binds"]), (&Value::Null, &json!([])));
    assert!(found["connections"].as_u64() >= Some(1));
    assert_eq!(found["listeners"], json!([]));
}

/// An ordinary user is refused, and told what is wanted.
#[test]
fn who_may_not_bind() {
    let ordinary = |arguments: &[&str]| {
        if !nix::unistd::geteuid().is_root() {
            return Some(run(arguments));
        }
        if !installed("setpriv") {
            println!("SKIP: setpriv is not installed");
            return None;
        }
        // The build's directory may be closed to others.
        let scratch = Scratch::new("may-not-bind");
        let copy = PathBuf::from(scratch.path("plumb"));
        std::fs::copy(PLUMB, &copy).unwrap();
        let user = ["--reuid=54321", "--regid=54321", "--clear-groups"];
        let no = ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"];
        let mut command = Command::new("setpriv");
        command.args(user).args(no).arg(&copy).arg("port").args(arguments).env("NO_COLOR", "1");
        Some(command.output().unwrap())
    };
    let from = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    if from.trim().parse::<u16>().unwrap() <= 9 {
        return; // everybody may
    }
    let Some(output) = ordinary(&["--json", "9"]) else { return };
    assert_eq!(records_of(&output, "port_ranges")[0]["may_bind_all"], false);
    let found = &records_of(&output, "port")[0];
    assert_eq!(found["may_bind"], false);
    assert_eq!(found["binds"][0]["result"], "not_permitted");
    let Some(output) = ordinary(&["9"]) else { return };
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("CAP_NET_BIND_SERVICE"), "{shown}");
}

/// Every port below 50000 has the name that the C library gives it.
#[test]
fn python_agrees_on_names() {
    if !installed("python3") {
        println!("SKIP: python3 is not installed");
        return;
    }
    let script = "
import socket
for port in range(1, 50000):
    for transport in ('tcp', 'udp'):
        try: name = socket.getservbyport(port, transport)
        except OSError: continue
        assert socket.getservbyname(name, transport) in range(1, 65536)
        print(port, transport, name)
";
    let output = Command::new("python3").args(["-c", script]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.lines().count() > 100, "{said}");
    let mut own = String::new();
    for port in records("port", &["1-49999"]) {
        for transport in ["tcp", "udp"] {
            let services = port["services"].as_array().unwrap();
            if let Some(service) = services.iter().find(|it| it["transport"] == transport) {
                let name = service["name"].as_str().unwrap();
                own += &format!("{} {transport} {name}\n", port["port"]);
            }
        }
    }
    assert_eq!(own, said);
}

/// ss sees the same listeners of this process.
#[test]
fn ss_agrees_on_listeners() {
    if !installed("ss") {
        println!("SKIP: ss is not installed");
        return;
    }
    let sockets: Vec<TcpListener> =
        ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"].map(|at| TcpListener::bind(at).unwrap()).into();
    for socket in &sockets {
        let address: SocketAddr = socket.local_addr().unwrap();
        let filter = format!("sport = :{}", address.port());
        let output = Command::new("ss").args(["-Hltnp", &filter]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let pid = format!("pid={},", std::process::id());
        assert!(said.lines().any(|line| line.contains(&pid)), "{said}");
        let found = &records("port", &[&address.port().to_string()])[0];
        let own = found["listeners"].as_array().unwrap().iter();
        let own = own.filter(|it| it["transport"] == "tcp").count();
        assert_eq!(own, said.lines().count(), "{said}\n{found}");
    }
}
