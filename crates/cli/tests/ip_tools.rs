//! `plumb ip range`, `split`, `neighbours`, `random`, `list`, `lookup` and `plan` as whole
//! programs, beside Python's `ipaddress` and `grepcidr`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Output, Stdio};

use ipnet::IpNet;
use serde_json::{Value, json};

use ground::{Random, Scratch};

impl Random {
    /// Often near each other and near the ends of the family.
    fn address(&mut self, six: bool) -> IpAddr {
        let (place, near) = (self.below(5), self.below(1 << 12));
        if six {
            let wide = u128::from(self.next()) << 64 | u128::from(self.next());
            let bits = match place {
                0 => u128::MAX - u128::from(near),
                1 => near.into(),
                2 => wide,
                _ => 0x2001_0db8 << 96 | u128::from(near) << 58 | u128::from(near),
            };
            return Ipv6Addr::from_bits(bits).into();
        }
        let bits = match place {
            0 => u32::MAX - near as u32,
            1 => near as u32,
            2 => self.next() as u32,
            _ => 0x0a00_0000 | near as u32,
        };
        Ipv4Addr::from_bits(bits).into()
    }

    fn network(&mut self, six: bool) -> IpNet {
        let address = self.address(six);
        let most = if six { 128 } else { 32 };
        let length = match self.below(3) {
            0 => self.below(most + 1),
            _ => most - self.below(14),
        };
        IpNet::new(address, u8::try_from(length).unwrap()).unwrap().trunc()
    }
}

fn fed(command: &mut Command, input: &[u8]) -> Output {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // What it prints may fill the pipe before it has read all.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    output
}

fn ip(arguments: &[&str], input: &[u8]) -> Output {
    fed(ground::command().arg("ip").args(arguments), input)
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The lines that a command that succeeds prints.
fn answer(arguments: &[&str]) -> Vec<String> {
    let output = ip(arguments, b"");
    assert!(output.status.success(), "{arguments:?}: {}", string(&output.stderr));
    string(&output.stdout).lines().map(str::to_owned).collect()
}

/// What a command that ends with `status` prints on stdout and stderr.
fn said(arguments: &[&str], status: i32) -> (String, String) {
    let output = ip(arguments, b"");
    let (stdout, stderr) = (string(&output.stdout), string(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {stdout}{stderr}");
    (stdout, stderr)
}

/// The data of the records of a kind.
fn records(stdout: &str, kind: &str) -> Vec<Value> {
    let records = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .filter(|record| record["type"] == kind)
        .map(|mut record| record["data"].take())
        .collect()
}

const PYTHON: &str = r#"
import json, sys
from ipaddress import *

def longest(nets, addresses):
    nets = [ip_network(net) for net in nets]
    for address in map(ip_address, addresses):
        having = [net for net in nets if address in net]
        yield max(having, key=lambda net: net.prefixlen) if having else None

def shifted(net, by):
    first = int(net.network_address) + by * net.num_addresses
    if not 0 <= first < 2 ** net.max_prefixlen: return None
    return type(net)((first, net.prefixlen))

def do(op, a, b):
    if op == "split": return ip_network(a).subnets(new_prefix=b)
    if op == "hosts": return ip_network(a).hosts()
    if op == "range": return summarize_address_range(ip_address(a), ip_address(b))
    if op == "ends": return [ip_network(a)[0], ip_network(a)[-1]]
    if op == "longest": return longest(a, b)
    if op == "merge": return collapse_addresses(map(ip_network, a))
    if op == "within": return [net for net in b if not ip_network(net).subnet_of(ip_network(a))]
    if op == "beside":
        net = ip_network(a)
        parent = net.supernet() if net.prefixlen else None
        return [shifted(net, -1), shifted(net, 1), parent]

for line in sys.stdin:
    print(json.dumps([x and str(x) for x in do(*json.loads(line))]))
"#;

/// Python's answers, all of one process.
fn python(asked: &[Value]) -> Vec<Vec<Option<String>>> {
    let input: String = asked.iter().map(|case| format!("{case}\n")).collect();
    let output = fed(Command::new("python3").args(["-c", PYTHON]), input.as_bytes());
    assert!(output.status.success(), "{}", string(&output.stderr));
    let parsed = |text: String| match text.parse::<IpNet>() {
        // Python writes mapped addresses in hexadecimal.
        Ok(net) => net.to_string(),
        Err(_) => text.parse::<IpAddr>().unwrap().to_string(),
    };
    let answers = string(&output.stdout);
    let answers = answers.lines().map(|line| {
        let answer: Vec<Option<String>> = serde_json::from_str(line).unwrap();
        answer.into_iter().map(|text| text.map(parsed)).collect()
    });
    answers.collect()
}

fn agree(asked: &[Value], ours: Vec<Vec<String>>) {
    let theirs = python(asked);
    assert_eq!(theirs.len(), ours.len());
    for ((asked, ours), theirs) in asked.iter().zip(ours).zip(theirs) {
        let ours: Vec<Option<String>> = ours.into_iter().map(Some).collect();
        assert_eq!(ours, theirs, "{asked}");
    }
}

#[test]
fn splits_are_those_of_python() {
    if !ground::installed("python3") {
        return;
    }
    let mut random = Random(11);
    let (mut asked, mut ours) = (Vec::new(), Vec::new());
    let edges = ["0.0.0.0/0", "255.255.255.255/32", "255.255.255.252/30", "::/0", "ffff::/16"];
    let mut nets: Vec<IpNet> = edges.iter().map(|net| net.parse().unwrap()).collect();
    nets.extend((0..30).map(|i| random.network(i % 2 == 1)));
    for (i, net) in nets.into_iter().enumerate() {
        let more = u8::try_from(random.below(8)).unwrap();
        let length = (net.prefix_len() + more).min(net.max_prefix_len());
        let (text, by) = (net.to_string(), format!("/{length}"));
        asked.push(json!(["split", text, length]));
        ours.push(match i % 2 {
            0 => answer(&["split", "-q", &text, &by]),
            _ => {
                let count = 1u64 << (length - net.prefix_len());
                answer(&["split", "-q", &text, "into", &count.to_string()])
            }
        });
    }
    agree(&asked, ours);
}

#[test]
fn an_uneven_split_is_exactly_the_whole() {
    if !ground::installed("python3") {
        return;
    }
    let (mut asked, mut ours) = (Vec::new(), Vec::new());
    for (net, count) in [("10.0.0.0/24", 3), ("10.0.0.0/24", 255), ("::/0", 7), ("10.0.0.0/30", 1)]
    {
        let parts = answer(&["split", "-q", net, "into", &count.to_string()]);
        assert_eq!(parts.len(), count);
        let lengths: Vec<u8> =
            parts.iter().map(|p| p.parse::<IpNet>().unwrap().prefix_len()).collect();
        assert!(lengths.is_sorted() && lengths[count - 1] - lengths[0] <= 1, "{lengths:?}");
        asked.push(json!(["merge", parts, null]));
        ours.push(vec![net.to_owned()]);
    }
    agree(&asked, ours);
    let (_, note) = said(&["split", "10.0.0.0/24", "into", "3"], 0);
    assert_eq!(note, "note: 3 is no power of two: 1 of /25, then 2 of /26\n");
}

#[test]
fn ranges_are_those_of_python() {
    if !ground::installed("python3") {
        return;
    }
    let mut random = Random(12);
    let (mut asked, mut ours) = (Vec::new(), Vec::new());
    let ends = ["0.0.0.0", "255.255.255.255", "10.0.0.1", "::", "::1", "::ffff:0:0"];
    let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    let ends: Vec<IpAddr> = ends.iter().chain([&last]).map(|end| end.parse().unwrap()).collect();
    let mut pairs: Vec<(IpAddr, IpAddr)> =
        ends.iter().flat_map(|a| ends.iter().map(move |b| (*a, *b))).collect();
    pairs.extend((0..30).map(|i| (random.address(i % 2 == 0), random.address(i % 2 == 0))));
    for (a, b) in pairs.into_iter().filter(|(a, b)| a.is_ipv4() == b.is_ipv4() && a <= b) {
        asked.push(json!(["range", a, b]));
        let (first, last) = (a.to_string(), b.to_string());
        ours.push(match random.below(3) {
            0 => answer(&["range", &first, &last]),
            1 => answer(&["range", &first, "-", &last]),
            _ => answer(&["range", &format!("{first}-{last}")]),
        });
        let net = random.network(a.is_ipv6()).to_string();
        asked.push(json!(["ends", net, null]));
        let line = answer(&["range", &net]).concat();
        ours.push(line.split('-').map(str::to_owned).collect());
    }
    agree(&asked, ours);
    let lines = b"10.0.0.0-10.0.0.2 # a-b\n\n10.0.0.0/30 ; a-b\n::1\n";
    let output = ip(&["range", "-"], lines);
    assert_eq!(string(&output.stdout), "10.0.0.0/31\n10.0.0.2/32\n10.0.0.0-10.0.0.3\n::1-::1\n");
}

#[test]
fn hosts_are_those_of_python() {
    if !ground::installed("python3") {
        return;
    }
    let nets = [
        "10.0.0.0/29",
        "10.0.0.0/30",
        "10.0.0.0/31",
        "10.0.0.7/32",
        "255.255.255.240/28",
        "0.0.0.0/28",
        "2001:db8::/124",
        "2001:db8::/126",
        "2001:db8::/127",
        "::/128",
        "ffff::/120",
    ];
    let asked: Vec<Value> = nets.iter().map(|net| json!(["hosts", net, null])).collect();
    agree(&asked, nets.iter().map(|net| answer(&["list", "--hosts", net])).collect());
    assert_eq!(answer(&["list", "10.0.0.254-10.0.1.1"]).len(), 4);
    let (stdout, note) = said(&["list", "::/0", "--limit", "2"], 0);
    assert_eq!(stdout, "::\n::1\n");
    assert_eq!(note, "note: these are the first 2: --limit\n");
    let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    assert_eq!(answer(&["list", &format!("{last}/127")])[1], last);
}

#[test]
fn neighbours_are_those_of_python() {
    if !ground::installed("python3") {
        return;
    }
    let mut random = Random(13);
    let mut nets: Vec<String> = (0..40).map(|i| random.network(i % 2 == 0).to_string()).collect();
    let edges = ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "255.255.255.255/32", "::/128"];
    nets.extend(edges.map(str::to_owned));
    let mut arguments = vec!["neighbours", "--json"];
    arguments.extend(nets.iter().map(String::as_str));
    let records = records(&answer(&arguments).join("\n"), "neighbours");
    let asked: Vec<Value> = nets.iter().map(|net| json!(["beside", net, null])).collect();
    for (ours, theirs) in records.iter().zip(python(&asked)) {
        let seen = json!([ours["before"], ours["after"], ours["parent"]]);
        assert_eq!(seen, json!(theirs), "{ours}");
        // The sibling is the one that makes the parent.
        let (own, parent) = (&ours["network"], &ours["parent"]);
        if let (Some(own), Some(sibling)) = (own.as_str(), ours["sibling"].as_str()) {
            assert_eq!(json!(answer(&["merge", own, sibling])), json!([parent]));
        } else {
            assert!(parent.is_null());
        }
    }
}

#[test]
fn neighbours_may_be_networks_only() {
    let beside = ["10.0.0.0/26", "10.0.0.128/26"];
    assert_eq!(answer(&["neighbours", "-q", "10.0.0.64/26"]), beside);
    assert_eq!(answer(&["neighbours", "-q", "0.0.0.0/0", "::/1"]), ["8000::/1"]);
}

#[test]
fn what_is_looked_up_is_what_python_finds() {
    if !ground::installed("python3") {
        return;
    }
    let scratch = Scratch::new("ip-tools-lookup");
    let mut random = Random(14);
    let nets: Vec<String> = (0..300).map(|i| random.network(i % 3 == 0).to_string()).collect();
    let mut addresses: Vec<IpAddr> = (0..500).map(|i| random.address(i % 3 == 0)).collect();
    addresses.extend(nets.iter().take(60).flat_map(|net| {
        let net: IpNet = net.parse().unwrap();
        [net.network(), net.broadcast()]
    }));
    let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    let table = scratch.path("nets");
    std::fs::write(&table, nets.join("\n")).unwrap();
    let output = ip(&["lookup", "-q", "--nets", &table, "-"], addresses.join("\n").as_bytes());
    let theirs = python(&[json!(["longest", nets, addresses])]);
    let expected: Vec<String> = addresses
        .iter()
        .zip(&theirs[0])
        .map(|(address, net)| format!("{address}\t{}", net.as_deref().unwrap_or("-")))
        .collect();
    let stdout = string(&output.stdout);
    assert_eq!(stdout.lines().count(), expected.len());
    for (ours, theirs) in stdout.lines().zip(expected) {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn lines_are_those_of_grepcidr() {
    if !ground::installed("grepcidr") {
        return;
    }
    let scratch = Scratch::new("ip-tools-grepcidr");
    let mut random = Random(15);
    for six in [false, true] {
        // Its tables may not have /0, and it takes no two that are one network.
        let nets = (0..60).map(|_| random.network(six)).filter(|net| net.prefix_len() > 3);
        let mut nets: Vec<String> = nets.map(|net| net.to_string()).collect();
        nets.sort();
        nets.dedup();
        let lines: Vec<String> = (0..600)
            .map(|i| {
                let address = random.address(six);
                match i % 4 {
                    0 => format!("{address}"),
                    1 => format!("{address} - - [20/Nov/2026] \"GET / HTTP/1.1\" 200 {i}"),
                    2 => format!("job {i}: from {address}, done"),
                    _ => format!("src=\"{address}\" n={i}"),
                }
            })
            .collect();
        let (table, log) = (scratch.path("nets"), scratch.path("log"));
        std::fs::write(&table, nets.join("\n") + "\n").unwrap();
        std::fs::write(&log, lines.join("\n") + "\n").unwrap();
        let theirs = Command::new("grepcidr").args(["-f", &table, &log]).output().unwrap();
        let ours = answer(&["lookup", "--nets", &table, "--missing", "drop", &log]);
        let ours: Vec<&str> = ours.iter().map(|line| line.split('\t').next().unwrap()).collect();
        let theirs = string(&theirs.stdout);
        assert!(ours.len() > 20 && ours.len() < 600, "{}", ours.len());
        assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
    }
}

/// A table with a name for every case of the format, and a log.
fn table_and_log(scratch: &Scratch, table: &str) -> [String; 2] {
    let paths = [scratch.path("table"), scratch.path("log")];
    let log = "10.1.2.3 GET /\nfrom 192.0.2.4 and 10.9.9.9.\nnothing\n[2001:db8::1]:443 x\r\n";
    std::fs::write(&paths[0], table).unwrap();
    std::fs::write(&paths[1], log).unwrap();
    paths
}

#[test]
fn tables_in_every_form() {
    let scratch = Scratch::new("ip-tools-tables");
    let with_comma = "10.1.2.3\t10.0.0.0/8\tBig, \"old\" office\tBerlin";
    for (table, expected) in [
        ("net,name,site\r\n10.0.0.0/8,\"Big, \"\"old\"\" office\",Berlin\r\n", with_comma),
        ("# x\n\nBig, \"old\" office\t10.0.0.0/8\tBerlin\n", with_comma),
        ("10.0.0.0/8;a;b", "10.1.2.3\t10.0.0.0/8\ta\tb"),
        ("10.0.0.0/8   Big office  # note\n", "10.1.2.3\t10.0.0.0/8\tBig office"),
        ("net as name\n10.0.0.0/8 64500 Big office\n", "10.1.2.3\t10.0.0.0/8\t64500\tBig office"),
        ("10.0.0.0/8\n10.1.0.0/16\n", "10.1.2.3\t10.1.0.0/16"),
        ("10.1.2.0-10.1.2.9 a\n", "10.1.2.3\t10.1.2.0/29\ta"),
        ("\u{feff}10.0.0.0/8,a\n10.0.0.0/8,b\n", "10.1.2.3\t10.0.0.0/8\ta"),
    ] {
        let [table, _] = table_and_log(&scratch, table);
        assert_eq!(answer(&["lookup", "-q", "--nets", &table, "10.1.2.3"]), [expected]);
    }
    let two = "name,old,new\na,10.0.0.0/8,10.1.0.0/16\n";
    let [table, _] = table_and_log(&scratch, two);
    for key in ["3", "NEW"] {
        let found = answer(&["lookup", "--nets", &table, "--key", key, "10.1.2.3"]);
        assert_eq!(found, ["10.1.2.3\t10.1.0.0/16\ta\t10.0.0.0/8"]);
    }
    for (table, key, place) in [
        ("10.0.0.0/33,foo\n", "1", "table:1: a prefix of IPv4 is at most 32 bits long"),
        ("net,a\n10.0.0.0/8,b\n,c\n", "1", "table:3: an address cannot be empty"),
        ("name,net\nfoo,\n", "net", "table:2: an address cannot be empty"),
        ("net,a\n10.0.0.0/8,b\n", "nope", "has no column nope\nhint: it has net, a"),
    ] {
        let [table, _] = table_and_log(&scratch, table);
        let (_, error) = said(&["lookup", "--nets", &table, "--key", key, "10.1.2.3"], 2);
        assert!(error.contains(place), "{error}");
    }
}

#[test]
fn lines_with_and_without_a_match() {
    let scratch = Scratch::new("ip-tools-lines");
    let [table, log] = table_and_log(&scratch, "net,name\n10.0.0.0/8,Office\n2001:db8::/32,Docs\n");
    let with = |more: &[&str]| {
        let mut arguments = vec!["lookup", "--nets", &table];
        arguments.extend(more);
        arguments.push(&log);
        answer(&arguments)
    };
    assert_eq!(
        with(&[]),
        [
            "10.1.2.3 GET /\t10.0.0.0/8\tOffice",
            "from 192.0.2.4 and 10.9.9.9.\t-\t-",
            "nothing\t-\t-",
            "[2001:db8::1]:443 x\t2001:db8::/32\tDocs",
        ]
    );
    assert_eq!(
        with(&["--all", "--only", "--missing", "drop"]),
        [
            "10.1.2.3\t10.0.0.0/8\tOffice",
            "10.9.9.9\t10.0.0.0/8\tOffice",
            "2001:db8::1\t2001:db8::/32\tDocs"
        ]
    );
    assert_eq!(with(&["--missing", "only", "--only"]), ["192.0.2.4\t-\t-", "-\t-\t-"]);
    assert_eq!(
        with(&["--column", "4", "--missing", "drop"]),
        ["from 192.0.2.4 and 10.9.9.9.\t10.0.0.0/8\tOffice"]
    );
    let all = records(&with(&["--json"]).join("\n"), "lookup");
    assert_eq!(all.len(), 4);
    assert_eq!(
        all[0],
        json!({"line": 1, "address": "10.1.2.3", "prefix": "10.0.0.0/8",
            "columns": {"name": "Office"}, "text": "10.1.2.3 GET /"})
    );
    assert_eq!(all[2]["address"], Value::Null);
    let (stdout, _) = said(&["lookup", "--nets", &table, "192.0.2.1"], 1);
    assert_eq!(stdout, "192.0.2.1\t-\t-\n");
    let (_, error) = said(&["lookup", "--nets", "-", "-"], 2);
    assert!(error.contains("asked for twice"), "{error}");
}

#[test]
fn the_first_lines_come_and_the_rest_is_left() {
    for arguments in [
        &["ip", "split", "::/0", "/128"][..],
        &["ip", "split", "0.0.0.0/0", "/32"],
        &["ip", "split", "--json", "2000::/3", "/64"],
        &["ip", "list", "::/0"],
        &["ip", "random", "::/0", "-n", "18446744073709551615"],
    ] {
        let mut child = ground::command().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().is_ok() && lines.next().unwrap().is_ok());
        drop(lines);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn four_subnets_with_their_hosts() {
    let expected = "\
10.0.0.0/26     # 10.0.0.1   - 10.0.0.62   62 hosts
10.0.0.64/26    # 10.0.0.65  - 10.0.0.126  62 hosts
10.0.0.128/26   # 10.0.0.129 - 10.0.0.190  62 hosts
10.0.0.192/26   # 10.0.0.193 - 10.0.0.254  62 hosts
";
    for how in [&["/26"][..], &["into", "4"]] {
        let arguments: Vec<&str> = ["split", "10.0.0.0/24"].iter().chain(how).copied().collect();
        let (stdout, stderr) = said(&arguments, 0);
        assert_eq!((stdout.as_str(), stderr.as_str()), (expected, ""));
        let merged = ip(&["merge", "-"], stdout.as_bytes());
        assert_eq!(string(&merged.stdout), "10.0.0.0/24\n");
    }
    let every =
        ["split", "::/0", "into", "340282366920938463463374607431768211456", "--limit", "2"];
    assert_eq!(answer(&every), ["::/128", "::1/128"]);
    let subnets = records(&answer(&["split", "--json", "10.0.0.0/24", "/26"]).join("\n"), "subnet");
    assert_eq!(subnets[2]["network"], "10.0.0.128/26");
    assert_eq!(subnets[2]["first_host"], "10.0.0.129");
    assert_eq!(subnets[2]["hosts"], 62);
    for (arguments, error) in [
        (&["split", "10.0.0.0/24", "/23"][..], "a /24 has no networks as large as /23"),
        (&["split", "10.0.0.0/24", "/33"], "prefix lengths end at /32 here"),
        (&["split", "10.0.0.0/24", "26"], "hint: write /26 for that length, or: into 26"),
        (&["split", "10.0.0.0/24", "/33"], "hint: write /24 to /32"),
        (&["split", "10.0.0.0/24", "255.255.255.192"], "hint: write /26\n"),
        (&["split", "10.0.0.0/24", "into", "0"], "this is no number of networks"),
        (&["split", "10.0.0.0/24", "into", "four"], "hint: write a whole number"),
        (&["split", "0.0.0.0/0", "into", "99999999999999999999999999999999999999999"], "fewer"),
        (
            &["split", "::/0", "into", "340282366920938463463374607431768211457"],
            "has 340282366920938463463374607431768211456 addresses, fewer than \
             340282366920938463463374607431768211457",
        ),
        (&["split", "10.0.0.0/30", "into", "5"], "10.0.0.0/30 has 4 addresses, fewer than 5"),
        (&["split", "10.0.0.0/24", "into"], "into how many networks?"),
        (&["range", "10.0.0.9", "10.0.0.1"], "the range ends before it begins"),
        (&["range", "10.0.0.9", "::1"], "a range is of one family"),
        (&["random", "10.0.0.0/8", "--prefix", "/7"], "10.0.0.0/8 has no networks of /7"),
    ] {
        let (_, stderr) = said(arguments, 2);
        assert!(stderr.contains(error), "{arguments:?}: {stderr}");
    }
}

#[test]
fn random_addresses_are_of_the_network_and_come_again() {
    for (net, host) in [("10.0.0.0/30", true), ("2001:db8::/61", false), ("0.0.0.0/0", false)] {
        let mut arguments = vec!["random", net, "-n", "200", "--seed", "7"];
        if host {
            arguments.push("--host");
        }
        let addresses = answer(&arguments);
        assert_eq!(addresses, answer(&arguments));
        let within: IpNet = net.parse().unwrap();
        assert!(addresses.iter().all(|a| within.contains(&a.parse::<IpAddr>().unwrap())));
        if host {
            assert!(addresses.iter().all(|a| a == "10.0.0.1" || a == "10.0.0.2"));
            assert!(addresses.iter().any(|a| a == "10.0.0.1"));
        }
        arguments[5] = "8";
        assert_ne!(addresses, answer(&arguments));
    }
    // Whoever wrote down a seed gets these in every version.
    let known = ["10.50.13.215", "10.60.102.28", "10.177.42.2"];
    assert_eq!(answer(&["random", "10.0.0.0/8", "-n", "3", "--seed", "7"]), known);
    let nets = answer(&["random", "10.0.0.0/8", "--prefix", "/24", "-n", "50"]);
    assert!(nets.iter().all(|net| net.ends_with(".0/24")));
}

#[test]
fn a_plan_at_a_glance() {
    let (stdout, _) = said(&["plan", "10.0.0.0/24", "web=50", "db=20", "link=/31"], 0);
    insta::assert_snapshot!("a_plan_of_ipv4", stdout);
    let asked = ["plan", "2001:db8::/48", "berlin=40x/64", "web=100", "link=/127"];
    let (stdout, _) = said(&asked, 0);
    insta::assert_snapshot!("a_plan_of_ipv6", stdout);
}

#[test]
fn a_plan_is_planned_again_without_moving() {
    let scratch = Scratch::new("ip-tools-plan");
    let file = scratch.path("plan.toml");
    let plan = |more: &[&str], status: i32| {
        let mut arguments = vec!["plan", "--json", "--plan", &file];
        arguments.extend(more);
        said(&arguments, status)
    };
    let where_is = |stdout: &str, name: &str| {
        let subnets = records(stdout, "subnet");
        let found = subnets.iter().find(|subnet| subnet["name"] == name).cloned();
        found.map(|subnet| (subnet["prefix"].as_str().unwrap().to_owned(), subnet["fate"].clone()))
    };
    let at = |prefix: &str, fate: &str| Some((prefix.to_owned(), json!(fate)));

    let (first, _) = plan(&["10.0.0.0/24", "web=50", "db=20"], 0);
    assert_eq!(where_is(&first, "web"), at("10.0.0.0/26", "new"));
    assert_eq!(where_is(&first, "db"), at("10.0.0.64/27", "new"));

    let (grown, _) = plan(&["db=60", "mail=5"], 0);
    assert_eq!(where_is(&grown, "web"), at("10.0.0.0/26", "kept"));
    assert_eq!(where_is(&grown, "db"), at("10.0.0.64/26", "grown"));
    assert_eq!(where_is(&grown, "mail"), at("10.0.0.128/29", "new"));

    let kept = std::fs::read_to_string(&file).unwrap();
    let (short, error) = plan(&["big=200"], 1);
    let missing = &records(&short, "missing")[0];
    assert_eq!((&missing["why"], &missing["missing_addresses"]), (&json!("short"), &json!(136)));
    assert_eq!(records(&short, "plan")[0]["would_hold"], "10.0.0.0/23");
    assert!(error.contains("big needs a /24 (256 addresses); 120 are free, 136 are missing"));
    let (_, error) = plan(&["web=100"], 1);
    assert!(error.contains("web needs a /25 (128 addresses); db is in the way"), "{error}");
    plan(&["web=1", "--dry-run"], 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept, "nothing was written");

    let (removed, _) = plan(&["--remove", "web", "lab=10"], 0);
    assert_eq!(records(&removed, "removed")[0]["prefix"], "10.0.0.0/26");
    // The smallest free place that holds it, not the first.
    assert_eq!(where_is(&removed, "lab"), at("10.0.0.144/28", "new"));
    assert_eq!(where_is(&removed, "db"), at("10.0.0.64/26", "kept"));
    let (wider, _) = plan(&["10.0.0.0/23", "big=200"], 0);
    assert_eq!(where_is(&wider, "big"), at("10.0.1.0/24", "new"));
    assert_eq!(where_is(&wider, "mail"), at("10.0.0.128/29", "kept"));

    let (_, error) = plan(&["--remove", "nobody"], 2);
    assert!(error.contains("there is no subnet called nobody\nhint: the plan has"), "{error}");
    let (_, error) = plan(&["192.0.2.0/24"], 2);
    assert!(error.contains("is not within 192.0.2.0/24"), "{error}");
}

#[test]
fn what_is_written_by_hand_stays_in_the_file() {
    let scratch = Scratch::new("ip-tools-plan-file");
    let file = scratch.path("plan.toml");
    let text = "network = \"10.0.0.0/24\"\nowner = \"ada\"\n\n\
        [[subnet]]\nname = \"web\"\nprefix = \"10.0.0.0/26\"\nvlan = 7\n";
    std::fs::write(&file, text).unwrap();
    said(&["plan", "--plan", &file, "db=20"], 0);
    let written = std::fs::read_to_string(&file).unwrap();
    for kept in ["owner = \"ada\"", "vlan = 7", "name = \"db\"", "asked = \"/26\""] {
        assert!(written.contains(kept), "{written}");
    }
    let copy = scratch.path("copy.toml");
    said(&["plan", "--plan", &file, "-o", &copy], 0);
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), written);

    for (text, error) in [
        ("network = 3\n", "line 1: invalid type"),
        ("[[subnet]]\nname = \"a\"\nprefix = \"10.0.0.0/25\"\n", "is missing"),
        ("network = \"10.0.0.0/33\"\n", "at most 32 bits"),
        (
            "network = \"10.0.0.0/24\"\n[[subnet]]\nname = \"a\"\nprefix = \"10.0.0.0/25\"\n\
             [[subnet]]\nname = \"b\"\nprefix = \"10.0.0.64/26\"\n",
            "a (10.0.0.0/25) and b (10.0.0.64/26) overlap",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let (_, stderr) = said(&["plan", "--plan", &file], 2);
        assert!(stderr.contains(error), "{stderr}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn plans_are_disjoint_to_python_too() {
    if !ground::installed("python3") {
        return;
    }
    let mut random = Random(16);
    let mut asked = Vec::new();
    let mut ours = Vec::new();
    for (net, most) in [("10.0.0.0/20", 200), ("2001:db8::/44", 400)] {
        let sizes: Vec<String> = (0..12)
            .map(|at| {
                let size = 1 + random.below(most);
                let unit = if net.contains(':') { "x/64" } else { "" };
                format!("n{at}={size}{unit}")
            })
            .collect();
        let mut arguments = vec!["plan", "--json", net];
        arguments.extend(sizes.iter().map(String::as_str));
        let stdout = answer(&arguments).join("\n");
        let subnets = records(&stdout, "subnet");
        assert_eq!(subnets.len(), 12);
        let mut all: Vec<Value> = subnets.iter().map(|subnet| subnet["prefix"].clone()).collect();
        let lengths = subnets.iter().map(|subnet| subnet["prefix_length"].as_u64().unwrap());
        assert!(!net.contains(':') || lengths.into_iter().all(|length| length % 4 == 0));
        all.extend(records(&stdout, "free").iter().map(|free| free["prefix"].clone()));
        // Disjoint, and together all of it: as many addresses as the whole, and nothing else.
        let count: u128 = all
            .iter()
            .map(|net| net.as_str().unwrap().parse::<IpNet>().unwrap())
            .map(|net| 1u128 << (net.max_prefix_len() - net.prefix_len()))
            .sum();
        let whole: IpNet = net.parse().unwrap();
        assert_eq!(count, 1 << (whole.max_prefix_len() - whole.prefix_len()));
        asked.push(json!(["merge", all, null]));
        ours.push(vec![net.to_owned()]);
        asked.push(json!(["within", net, all]));
        ours.push(Vec::new());
    }
    agree(&asked, ours);
}
