//! `plumb ip` beside Python's `ipaddress`, the C library, `ipcalc` and `sipcalc`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ground;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use plumb_wire::addr::text;
use serde_json::{Value, json};

use ground::Random;

/// Random inputs of each kind; with the boundaries it makes thousands.
const RANDOM: usize = 1500;

impl Random {
    fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn ipv4(&mut self) -> Ipv4Addr {
        Ipv4Addr::from(u32::try_from(self.next() >> 32).unwrap())
    }

    /// Of few groups that are not zero, so that runs occur.
    fn ipv6(&mut self) -> Ipv6Addr {
        let bits = u128::from(self.next()) << 64 | u128::from(self.next());
        let zeros = self.next();
        let kept =
            (0..8).filter(|group| zeros >> group & 1 == 1).map(|group| 0xffff << (group * 16));
        Ipv6Addr::from(bits & kept.fold(0u128, |mask, group| mask | group))
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.index(of.len())]
    }
}

/// Networks of both families: every length at the ends of the family and of
/// ranges that programs treat apart, and random ones.
fn networks() -> Vec<String> {
    let mut networks = Vec::new();
    let ipv4 = [
        "0.0.0.0",
        "255.255.255.255",
        "127.255.255.255",
        "128.0.0.0",
        "192.168.1.100",
        "224.0.0.1",
    ];
    let ipv6 = [
        "::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "::1",
        "::ffff:1.2.3.4",
        "::1.2.3.4",
        "fe80::1",
        "2001:db8:85a3::8a2e:370:7334",
        "ff02::1",
        "7fff:ffff::",
        "8000::",
    ];
    networks.extend(ipv4.iter().flat_map(|a| (0..=32).map(move |length| format!("{a}/{length}"))));
    networks.extend(ipv6.iter().flat_map(|a| (0..=128).map(move |length| format!("{a}/{length}"))));
    let mut random = Random(4);
    for _ in 0..RANDOM {
        networks.push(format!("{}/{}", random.ipv4(), random.index(33)));
        networks.push(format!("{}/{}", random.ipv6(), random.index(129)));
    }
    networks
}

/// What a Python program answers, a line of JSON for each line.
fn python(program: &str, lines: &[String]) -> Vec<Value> {
    let output = fed(Command::new("python3").args(["-c", program]), lines);
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a command prints that is fed with lines.
fn fed(command: &mut Command, lines: &[String]) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

const NETWORKS: &str = r#"
import ipaddress, json, sys
for line in sys.stdin:
    text = line.strip()
    face = ipaddress.ip_interface(text)
    net = face.network
    short = net.num_addresses <= 2
    hosts = list(net.hosts()) if short else [next(net.hosts()), net[-2] if net.version == 4 else net[-1]]
    print(json.dumps({
        "version": face.version, "address": str(face.ip), "exploded": face.ip.exploded,
        "integer": str(int(face.ip)), "python": repr(face.ip.packed), "reverse": face.ip.reverse_pointer,
        "network": str(net), "netmask": str(net.netmask), "wildcard": str(net.hostmask),
        "first": str(net[0]), "last": str(net[-1]), "first_host": str(hosts[0]), "last_host": str(hosts[-1]),
        "broadcast": str(net.broadcast_address), "addresses": str(net.num_addresses),
    }))
"#;

/// 2^128.
const ALL_OF_IPV6: &str = "340282366920938463463374607431768211456";

/// A number in a line of JSON as it stands there: as a `Value` it would be rounded.
fn digits<'a>(line: &'a str, name: &str) -> &'a str {
    let start = line.find(&format!("\"{name}\":")).unwrap() + name.len() + 3;
    line[start..].split([',', '}']).next().unwrap()
}

/// Spellings that the two print differently, and why.
fn same_address(ours: &str, pythons: &str) -> bool {
    // RFC 5952 section 5: a mapped address ends in the notation of IPv4. Python does so
    // since 3.13.
    ours == pythons || ours.contains('.') && address_of(ours) == address_of(pythons)
}

fn address_of(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

#[test]
fn python_computes_the_same_of_every_network() {
    if !ground::installed("python3") {
        return;
    }
    let networks = networks();
    let records = fed(ground::command().args(["ip", "--json", "-"]), &networks);
    let lines: Vec<&str> = records.lines().filter(|line| line.contains("\"address\"")).collect();
    let records: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pythons = python(NETWORKS, &networks);
    assert_eq!((records.len(), pythons.len()), (networks.len(), networks.len()));
    let answers = networks.iter().zip(lines).zip(&records).zip(&pythons);
    for (((text, line), record), python) in answers {
        let (ours, network) = (&record["data"], &record["data"]["network"]);
        for name in ["version", "exploded", "python"] {
            if name == "exploded" && ours["address"].as_str().unwrap().contains('.') {
                continue; // Python's exploded form of a mapped address is dotted since 3.13
            }
            assert_eq!(ours[name], python[name], "{name} of {text}");
        }
        assert_eq!(digits(line, "integer"), python["integer"], "{text}");
        assert_eq!(ours["reverse"]["name"], python["reverse"], "{text}");
        for (name, value) in [
            ("address", &ours["address"]),
            ("network", &network["network"]),
            ("netmask", &network["netmask"]),
            ("wildcard", &network["wildcard"]),
            ("first", &network["first"]),
            ("last", &network["last"]),
            ("first_host", &network["first_host"]),
            ("last_host", &network["last_host"]),
        ] {
            let (ours, python) = (value.as_str().unwrap(), python[name].as_str().unwrap());
            assert!(same_address(ours, python), "{name} of {text}: {ours}, {python}");
        }
        // The one number beyond 128 bits is a power of two, and exact as a float.
        let addresses = match digits(line, "addresses") {
            "3.402823669209385e38" | "3.402823669209385e+38" => ALL_OF_IPV6,
            digits => digits,
        };
        assert_eq!(addresses, python["addresses"], "{text}");
        // Python calls the last address of any network its broadcast address. IPv6 has none
        // (RFC 4291 section 2), nor have links of two (RFC 3021) and single hosts.
        let has_none = ours["version"] == 6 || network["prefix_length"].as_u64().unwrap() > 30;
        let broadcast = if has_none { &Value::Null } else { &python["broadcast"] };
        assert_eq!(&network["broadcast"], broadcast, "{text}");
    }
}

/// Texts that are almost addresses: random ones with a few changes.
fn almost(random: &mut Random) -> String {
    let mut text = match random.index(6) {
        0 => random.ipv4().to_string(),
        1 => random.ipv6().to_string(),
        2 => format!("{}/{}", random.ipv4(), random.index(40)),
        3 => format!("{}/{}", random.ipv6(), random.index(140)),
        4 => {
            let mask = u32::MAX.checked_shl(u32::try_from(random.index(33)).unwrap()).unwrap_or(0);
            let mask = if random.index(2) == 0 { mask } else { !mask };
            format!("{}/{}", random.ipv4(), Ipv4Addr::from(mask))
        }
        _ => {
            format!("{}{}", random.one(&["::", "::ffff:", "1:2:3:4:5:6:", "1::2:"]), random.ipv4())
        }
    };
    for _ in 0..random.index(4) {
        let at = random.index(text.len() + 1);
        match random.index(3) {
            0 if at < text.len() => drop(text.remove(at)),
            1 => text.insert_str(
                at,
                random.one(&[
                    "0", "1", "9", "a", "F", "g", ":", "::", ".", "/", "%", " ", "+", "-", "_",
                ]),
            ),
            _ => {}
        }
    }
    text
}

const READINGS: &str = r#"
import ipaddress, json, sys
for line in sys.stdin:
    try:
        face = ipaddress.ip_interface(json.loads(line))
        print(json.dumps([str(face.ip), face.network.prefixlen]))
    except ValueError:
        print("null")
"#;

/// What Python reads and plumb refuses, and why.
fn python_is_laxer(text: &str) -> Option<&'static str> {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    if address.contains('%') {
        return Some("a zone (since 3.9): it names an interface of one host, RFC 4007 section 11");
    }
    if length.len() > 1 && length.starts_with('0') && length.bytes().all(|c| c.is_ascii_digit()) {
        return Some("a length with a leading zero: some read it as octal");
    }
    None
}

#[test]
fn python_reads_and_refuses_the_same_texts() {
    if !ground::installed("python3") {
        return;
    }
    let mut random = Random(5);
    let mut texts: Vec<String> = (0..4 * RANDOM).map(|_| almost(&mut random)).collect();
    texts.extend(
        [
            "",
            "/",
            "0",
            "10/8",
            "1.2.3",
            "1.2.3.04",
            "010.0.0.1",
            "0x7f.1",
            "256.1.1.1",
            "1.2.3.4.",
            "::1::2",
            ":::",
            "::",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1:2:3:4::5:6:7:8",
            "1:2:3:4:5:6:7:8:",
            "::1.2.3.4",
            "1.2.3.4::",
            "fe80::1%eth0",
            "fe80::1%",
            "[::1]",
            "1.2.3.4:80",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/255.0.255.0",
            "10.0.0.0/0.0.0.255",
            "10.0.0.0/0.0.0.0",
            "10.0.0.0/255.255.255.255",
            "::/ffff::",
            "10.0.0.0/8/8",
            "\u{ff11}.2.3.4",
            "1.2.3.\u{0664}",
            "1.2.3.4/\u{0668}",
            "1_0.0.0.1",
            "::ffff:1.2.3.04",
            "::00001",
        ]
        .map(str::to_owned),
    );
    let lines: Vec<String> = texts.iter().map(|text| json!(text).to_string()).collect();
    let (mut read, mut laxer) = (0, BTreeMap::new());
    for (text, python) in texts.iter().zip(python(READINGS, &lines)) {
        let ours = text::network(text);
        match (&ours, &python) {
            (Ok(net), Value::Array(python)) => {
                read += 1;
                assert_eq!(Some(net.addr()), address_of(python[0].as_str().unwrap()), "{text}");
                assert_eq!(json!(net.prefix_len()), python[1], "{text}");
            }
            (Err(_), Value::Null) => {}
            (Err(error), _) => {
                let why = python_is_laxer(text);
                assert!(why.is_some(), "only Python reads {text:?}: {python} ({error})");
                *laxer.entry(why).or_insert(0) += 1;
            }
            (Ok(net), _) => panic!("only plumb reads {text:?}, as {net}"),
        }
    }
    assert!(read > RANDOM, "{read} were read");
    assert_eq!(laxer.len(), 2, "each difference that is listed occurs: {laxer:?}");
}

const C_LIBRARY: &str = r#"
import json, socket, sys
for line in sys.stdin:
    text = json.loads(line)
    try:
        aton = socket.inet_ntoa(socket.inet_aton(text))
    except OSError:
        aton = None
    try:
        info = socket.getaddrinfo(text.encode(), None, socket.AF_INET, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        info = info[0][4][0]
    except OSError:
        info = None
    print(json.dumps([aton, info]))
"#;

#[test]
fn the_c_library_reads_what_is_said_of_it() {
    if !ground::installed("python3") {
        return;
    }
    let mut random = Random(6);
    let part = |random: &mut Random| {
        let value = random.next() >> random.one(&[&32u32, &40, &48, &56, &60]);
        match random.index(6) {
            0 => format!("0x{value:x}"),
            1 => format!("0X{value:X}"),
            2 => format!("0{value:o}"),
            3 => format!("0{value}"),
            _ => value.to_string(),
        }
    };
    let mut texts: Vec<String> = (0..4 * RANDOM)
        .map(|_| {
            let parts = random.one(&[&1usize, &2, &3, &4, &4, &4, &5]);
            (0..*parts).map(|_| part(&mut random)).collect::<Vec<_>>().join(".")
        })
        .collect();
    texts.extend(
        [
            "1.2.3",
            "0x7f.1",
            "010.0.0.1",
            "1.2.3.04",
            "1.2.3.08",
            "127.1",
            "1",
            "4294967295",
            "4294967296",
            "0xffffffff",
            "0x",
            "0x.1",
            "0",
            "00",
            "1.2.3.",
            ".1",
            "1..2",
            "1.2.65535",
            "1.2.65536",
            "1.16777215",
            "1.16777216",
            "256.1",
            "1.2.3.256",
            "1.2.3.-4",
            "+1.2.3.4",
            "1.2.3.4.5",
            "037777777777",
            "040000000000",
            "0xg",
            "1.2.3.4a",
        ]
        .map(str::to_owned),
    );
    let lines: Vec<String> = texts.iter().map(|text| json!(text).to_string()).collect();
    for (text, library) in texts.iter().zip(python(C_LIBRARY, &lines)) {
        let ours = text::lax(text).map(|address| address.to_string());
        assert_eq!(json!([ours, ours]), library, "{text}");
    }
}

/// `Name: value` lines of a program, by name.
fn lines_of(program: &str, argument: &str, separator: &str) -> BTreeMap<String, String> {
    let output = Command::new(program).arg(argument).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once(separator));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// The data of `plumb ip --json TEXT`.
fn plumb(text: &str) -> Value {
    let output = ground::plumb(["ip", "--json", text]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let record = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    record.into_iter().find(|record| record["type"] == "address").unwrap()["data"].clone()
}

const IPV4_SAMPLES: [&str; 12] = [
    "192.168.1.152/24",
    "10.0.0.77/26",
    "172.16.5.4/12",
    "172.31.255.255/20",
    "8.8.8.8/30",
    "1.2.3.4/1",
    "200.1.2.3/17",
    "224.0.0.5/4",
    "240.0.0.1/5",
    "169.254.1.2/16",
    "100.64.0.1/10",
    "127.0.0.1/8",
];

#[test]
fn ipcalc_says_the_same() {
    if !ground::installed("ipcalc") {
        return;
    }
    for text in IPV4_SAMPLES {
        let (theirs, ours) = (lines_of("ipcalc", text, ":"), plumb(text));
        let word = |name: &str| theirs[name].split_whitespace().next().unwrap().to_owned();
        let network = &ours["network"];
        assert_eq!(network["network"], word("Network"), "{text}");
        assert_eq!(network["netmask"], word("Netmask"), "{text}");
        assert_eq!(network["wildcard"], word("Wildcard"), "{text}");
        assert_eq!(network["first_host"], word("HostMin"), "{text}");
        assert_eq!(network["last_host"], word("HostMax"), "{text}");
        assert_eq!(network["broadcast"], word("Broadcast"), "{text}");
        assert_eq!(network["hosts"].to_string(), word("Hosts/Net"), "{text}");
        let class = ours["class"]["letter"].as_str().unwrap();
        let theirs_class = theirs["Hosts/Net"].split_once("Class ").unwrap().1;
        // For a prefix shorter than the class's own it says that none fits.
        let fits = !theirs_class.starts_with("Invalid");
        assert!(!fits || theirs_class.starts_with(class), "{text}: {theirs_class}");
        // It sets the border apart with a blank more, and the octets with dots.
        let bits: String = ours["binary"].as_str().unwrap().replace(' ', "");
        let theirs: String = theirs["Address"].split_once(' ').unwrap().1.replace(['.', ' '], "");
        assert_eq!(bits, theirs, "{text}");
    }
}

#[test]
fn sipcalc_says_the_same() {
    if !ground::installed("sipcalc") {
        return;
    }
    for text in IPV4_SAMPLES {
        let (theirs, ours) = (lines_of("sipcalc", text, "\t- "), plumb(text));
        let network = &ours["network"];
        assert_eq!(ours["integer"].to_string(), theirs["Host address (decimal)"], "{text}");
        let hex = ours["hex"].as_str().unwrap().trim_start_matches("0x").to_uppercase();
        assert_eq!(hex.trim_start_matches('0'), theirs["Host address (hex)"], "{text}");
        assert_eq!(network["netmask"], theirs["Network mask"], "{text}");
        assert_eq!(network["prefix_length"].to_string(), theirs["Network mask (bits)"], "{text}");
        assert_eq!(network["wildcard"], theirs["Cisco wildcard"], "{text}");
        assert_eq!(network["broadcast"], theirs["Broadcast address"], "{text}");
        assert_eq!(network["addresses"].to_string(), theirs["Addresses in network"], "{text}");
    }
    for text in [
        "2001:db8:85a3::8a2e:370:7334/64",
        "fe80::1/10",
        "::ffff:1.2.3.4/96",
        "2001:db8::/47",
        "ff02::1/16",
    ] {
        let (theirs, ours) = (lines_of("sipcalc", text, "\t- "), plumb(text));
        assert_eq!(ours["exploded"], theirs["Expanded Address"], "{text}");
        let range = theirs["Network range"].trim_end_matches(" -");
        assert_eq!(
            ours["network"]["first"].as_str().and_then(address_of),
            address_of(range),
            "{text}"
        );
        let mask: Ipv6Addr = theirs["Prefix address"].parse().unwrap();
        assert_eq!(ours["network"]["netmask"], json!(mask), "{text}");
    }
}
