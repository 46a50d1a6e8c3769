//! The lab on loopback addresses, tried with programs that nobody here wrote.

#![allow(clippy::unwrap_used)] // a test may panic

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use plumb_lab::faults;
use plumb_lab::loopback::Loopback;

const PAGE: &str = "https://www.example.com/";

fn lab(faults: &[&str]) -> Loopback {
    let faults: Vec<String> = faults.iter().map(|fault| (*fault).to_owned()).collect();
    Loopback::start(&faults).unwrap()
}

/// A file with the lab's root certificate, which goes with this value.
struct TrustFile(PathBuf);

impl TrustFile {
    fn of(lab: &Loopback) -> TrustFile {
        let name = format!("plumb-loopback-{}-{}.pem", std::process::id(), lab.proxy().port());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, lab.ca_pem()).unwrap();
        TrustFile(path)
    }
}

impl Drop for TrustFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// curl's exit code and the HTTP status, by way of the environment.
fn fetch(lab: &Loopback, args: &[&str]) -> (i32, String) {
    let trust = TrustFile::of(lab);
    let output = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "4"])
        .args(args)
        .envs(lab.environment(&trust.0))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

fn dig(lab: &Loopback, args: &[&str]) -> String {
    let resolver = lab.stub_resolver().unwrap();
    let (at, port) = (format!("@{}", resolver.ip()), resolver.port().to_string());
    let output = Command::new("dig")
        .args([&at, "-p", &port, "+tries=1", "+time=3"])
        .args(args)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn foreign_programs_reach_it_by_their_environment() {
    let lab = lab(&[]);
    assert_eq!(fetch(&lab, &[PAGE]), (0, "200".to_owned()));
    assert_eq!(fetch(&lab, &["http://www.example.com/"]), (0, "200".to_owned()));
    assert_eq!(fetch(&lab, &["https://httpbin.org/get"]), (0, "200".to_owned()));
    let trust = TrustFile::of(&lab);
    let script = "import urllib.request as u; print(u.urlopen('https://www.example.com/').status)";
    let python =
        Command::new("python3").args(["-c", script]).envs(lab.environment(&trust.0)).output();
    let python = python.unwrap();
    let said = String::from_utf8_lossy(&python.stderr);
    assert_eq!(String::from_utf8_lossy(&python.stdout), "200\n", "{said}");
}

#[test]
fn its_resolver_asks_from_the_root_down() {
    let lab = lab(&[]);
    assert_eq!(dig(&lab, &["+short", "www.example.com"]), "10.130.1.4\n");
    assert_eq!(dig(&lab, &["+short", "AAAA", "www.example.com"]), "2001:db8:130::4\n");
    assert_eq!(dig(&lab, &["+short", "-x", "8.8.8.8"]), "dns.google.\n");
}

#[test]
fn the_address_map_leads_to_what_listens() {
    let lab = lab(&[]);
    let map = lab.address_map();
    for from in ["10.130.1.4:443", "[2001:db8:130::4]:443", "10.130.1.4:80", "10.1.1.1:53"] {
        let from: SocketAddr = from.parse().unwrap();
        let (_, to) = map.iter().find(|(known, _)| *known == from).unwrap();
        assert!(to.ip().is_loopback());
        TcpStream::connect(to).unwrap();
    }
}

#[test]
fn two_labs_never_meet() {
    let (one, other) = (lab(&[]), lab(&["http.server-error"]));
    assert_eq!(fetch(&one, &[PAGE]).1, "200");
    assert_eq!(fetch(&other, &[PAGE]).1, "500");
}

#[test]
fn each_fault_of_these_layers_is_seen_and_healed() {
    let lab = lab(&[]);
    for spec in faults::ALL.iter().filter(|spec| spec.loopback) {
        lab.break_fault(spec.name).unwrap();
        let active = lab.map().faults;
        assert!(active.len() == 1 && active[0].starts_with(spec.name), "{active:?}");
        let seen = match spec.name {
            // Seen by a client that tries one address, or has no proxy between.
            "tcp.address-dead" => dig(&lab, &["+short", "www.example.com"]).lines().count() == 2,
            "dns.slow-resolver" => !dig(&lab, &["+time=1", PAGE]).contains("NOERROR"),
            "http.redirect-loop" | "http.redirect-dead-name" => {
                fetch(&lab, &["-L", "--max-redirs", "5", PAGE]).0 != 0
            }
            "http.slow" => fetch(&lab, &["--max-time", "1", PAGE]).0 == 28,
            "http.silent" => fetch(&lab, &["--max-time", "1", PAGE]).0 == 28,
            _ => fetch(&lab, &["--compressed", PAGE]) != (0, "200".to_owned()),
        };
        assert!(seen, "{}", spec.name);
        assert_eq!(lab.heal(None).unwrap(), active);
        assert_eq!(fetch(&lab, &[PAGE]), (0, "200".to_owned()), "{}", spec.name);
    }
}

#[test]
fn a_fault_of_another_layer_is_refused() {
    for fault in ["net.mtu-blackhole", "link.interface-down", "tcp.reset"] {
        let error = Loopback::start(&[fault.to_owned()]).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("loopback"), "{error}");
    }
}

#[test]
fn a_dead_address_is_silent() {
    let lab = lab(&["tcp.address-dead"]);
    let dead: SocketAddr = "10.130.1.99:443".parse().unwrap();
    let map = lab.address_map();
    let (_, sink) = map.iter().find(|(from, _)| *from == dead).unwrap();
    let met = TcpStream::connect_timeout(sink, Duration::from_millis(300)).unwrap_err();
    assert_eq!(met.kind(), std::io::ErrorKind::TimedOut);
}
