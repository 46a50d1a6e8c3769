//! The set commands of `plumb ip` as whole programs, beside Python's
//! `ipaddress`, firehol's `iprange` and `aggregate6`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Output, Stdio};

use ipnet::IpNet;
use serde_json::{Value, json};

use ground::{Random, Scratch};

impl Random {
    /// A network without host bits. Most lie close together, so that they meet;
    /// some at the ends of the family, some anywhere.
    fn network(&mut self, six: bool) -> IpNet {
        let near = self.below(1 << 10);
        let (place, host_bits) = (self.below(8), self.below(9));
        if six {
            let wide = u128::from(self.next()) << 64 | u128::from(self.next());
            let (bits, length) = match place {
                0 => (u128::MAX - u128::from(near), 128 - host_bits),
                1 => (u128::from(near), 128 - host_bits),
                2 => (wide, self.below(129)),
                _ => (0x2001_0db8 << 96 | u128::from(near) << 60, 68 - host_bits),
            };
            let length = u8::try_from(length).unwrap();
            return IpNet::new(Ipv6Addr::from_bits(bits).into(), length).unwrap().trunc();
        }
        let near = u32::try_from(near).unwrap();
        let (bits, length) = match place {
            0 => (u32::MAX - near, 32 - host_bits),
            1 => (near, 32 - host_bits),
            2 => (self.next() as u32, self.below(33)),
            _ => (0x0a00_0000 | near, 32 - host_bits),
        };
        let length = u8::try_from(length).unwrap();
        IpNet::new(Ipv4Addr::from_bits(bits).into(), length).unwrap().trunc()
    }

    fn networks(&mut self, six: Option<bool>, most: u64) -> Vec<IpNet> {
        let many = self.below(most + 1);
        let family = |random: &mut Random| six.unwrap_or_else(|| random.below(2) == 1);
        (0..many)
            .map(|_| {
                let six = family(self);
                self.network(six)
            })
            .collect()
    }
}

fn text(networks: &[IpNet]) -> String {
    networks.iter().fold(String::new(), |mut text, network| {
        writeln!(text, "{network}").unwrap();
        text
    })
}

/// Runs a command with `input` on its stdin.
fn fed(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // Beside reading, for pipes are short. A command that refuses early does not read all.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    })
}

fn ip(arguments: &[&str], input: &[u8]) -> Output {
    fed(ground::command().arg("ip").args(arguments), input)
}

/// What a command that succeeds prints.
fn answer(arguments: &[&str], input: &[u8]) -> String {
    let output = ip(arguments, input);
    let (stdout, stderr) = (string(&output.stdout), string(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    stdout
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// The operations as the functions of Python's `ipaddress` give them.
const PYTHON: &str = r#"
import json, sys
from ipaddress import *

def parted(texts):
    nets = [ip_network(text) for text in texts]
    return [[net for net in nets if net.version == v] for v in (4, 6)]

def take_out(net, out):
    if out.supernet_of(net): return []
    if net.supernet_of(out): return list(net.address_exclude(out))
    return [net]

def minus(a, b):
    left = list(collapse_addresses(a))
    for out in collapse_addresses(b):
        left = [rest for net in left for rest in take_out(net, out)]
    return list(collapse_addresses(left))

def intersect(a, b):
    both = [max(x, y, key=lambda net: net.prefixlen)
            for x in collapse_addresses(a) for y in collapse_addresses(b) if x.overlaps(y)]
    return list(collapse_addresses(both))

ALL = [[ip_network("0.0.0.0/0")], [ip_network("::/0")]]

def do(op, a, b, everything):
    if op == "merge": return list(collapse_addresses(a + b))
    if op == "minus": return minus(a, b)
    if op == "intersect": return intersect(a, b)
    if op == "xor": return minus(a + b, intersect(a, b))
    if op == "complement": return minus(everything, a + b)

for line in sys.stdin:
    op, a, b = json.loads(line)
    if op == "range":
        print(json.dumps([str(net) for net in
            summarize_address_range(ip_address(a), ip_address(b))]))
        continue
    families = zip(parted(a), parted(b), ALL)
    print(json.dumps([str(net) for a, b, every in families for net in do(op, a, b, every)]))
"#;

/// Python's answers to operations, all in one process.
fn python(asked: &[Value]) -> Vec<Vec<String>> {
    let input: String = asked.iter().map(|case| format!("{case}\n")).collect();
    let output = fed(Command::new("python3").args(["-c", PYTHON]), input.as_bytes());
    assert!(output.status.success(), "{}", string(&output.stderr));
    string(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_operation_is_what_python_makes_of_it() {
    if !ground::installed("python3") {
        return;
    }
    let scratch = Scratch::new("ip-sets-python");
    let mut random = Random(1);
    let mut cases = vec![(Vec::new(), Vec::new())];
    for edge in ["0.0.0.0/0", "::/0", "255.255.255.255/32", "::/128", "ffff::/16", "0.0.0.0/32"] {
        let edge = vec![edge.parse().unwrap()];
        cases.extend([
            (edge.clone(), Vec::new()),
            (Vec::new(), edge.clone()),
            (edge.clone(), edge),
        ]);
    }
    for i in 0..40 {
        let six = [Some(false), Some(true), None][i % 3];
        cases.push((random.networks(six, 30), random.networks(six, 30)));
    }
    let (mut asked, mut ours) = (Vec::new(), Vec::new());
    for (number, (a, b)) in cases.iter().enumerate() {
        let files = [scratch.path(&format!("{number}.a")), scratch.path(&format!("{number}.b"))];
        std::fs::write(&files[0], text(a)).unwrap();
        std::fs::write(&files[1], text(b)).unwrap();
        for operation in ["merge", "minus", "intersect", "xor", "complement"] {
            asked.push(json!([operation, a, b]));
            ours.push(lines(&answer(&[operation, &files[0], &files[1]], b"")));
        }
    }
    for ((asked, ours), theirs) in asked.iter().zip(ours).zip(python(&asked)) {
        assert_eq!(ours, theirs, "{asked}");
    }
}

#[test]
fn ranges_are_what_python_summarizes() {
    if !ground::installed("python3") {
        return;
    }
    let mut random = Random(2);
    let mut ranges: Vec<(IpAddr, IpAddr)> = [
        ("0.0.0.0", "255.255.255.255"),
        ("0.0.0.1", "255.255.255.254"),
        ("255.255.255.255", "255.255.255.255"),
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"),
        ("::fffe:ffff:ffff", "::ffff:0:0"),
    ]
    .map(|(first, last)| (first.parse().unwrap(), last.parse().unwrap()))
    .to_vec();
    for _ in 0..60 {
        let [a, b] = [random.next() as u32, random.next() as u32].map(Ipv4Addr::from_bits);
        ranges.push((a.min(b).into(), a.max(b).into()));
        let first = u128::from(random.next()) << 64;
        let [a, b] = [random.next(), random.next()].map(|low| first | u128::from(low));
        let [a, b] = [a.min(b), a.max(b)].map(|bits| Ipv6Addr::from_bits(bits).into());
        ranges.push((a, b));
    }
    let asked: Vec<Value> = ranges.iter().map(|(a, b)| json!(["range", a, b])).collect();
    for ((first, last), theirs) in ranges.iter().zip(python(&asked)) {
        // In old versions Python writes mapped addresses in hexadecimal.
        let theirs: Vec<IpNet> = theirs.iter().map(|text| text.parse().unwrap()).collect();
        for written in [format!("{first}-{last}"), format!("{first} - {last}")] {
            let ours = answer(&["merge", &written], b"");
            assert_eq!(lines(&ours), lines(&text(&theirs)), "{written}");
            let back = answer(&["merge", "--ranges", "-"], ours.as_bytes());
            assert_eq!(back, format!("{first}-{last}\n"));
        }
    }
}

/// What another program prints, in the notation of ours.
fn networks_of(output: &Output) -> Vec<String> {
    let parse = |line: &str| match line.trim().parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => IpNet::from(line.trim().parse::<IpAddr>().unwrap()),
    };
    string(&output.stdout).lines().map(|line| parse(line).to_string()).collect()
}

#[test]
fn iprange_gives_the_same_of_ipv4() {
    if !ground::installed("iprange") {
        return;
    }
    let scratch = Scratch::new("ip-sets-iprange");
    let mut random = Random(3);
    for many in [1, 5, 50, 500, 5000] {
        let files = ["a", "b"].map(|name| {
            let file = scratch.path(&format!("{name}{many}"));
            let networks: Vec<IpNet> = (0..many).map(|_| random.network(false)).collect();
            // It takes /0 for /32 in places.
            let networks: Vec<IpNet> =
                networks.into_iter().filter(|network| network.prefix_len() > 0).collect();
            std::fs::write(&file, text(&networks)).unwrap();
            file
        });
        let [a, b] = [files[0].as_str(), files[1].as_str()];
        for (ours, theirs) in [
            ("merge", &[a, b][..]),
            ("intersect", &["--common", a, b]),
            ("minus", &[a, "--except", b]),
            ("xor", &[a, "--diff", b]),
        ] {
            let theirs = fed(Command::new("iprange").args(theirs), b"");
            assert_eq!(lines(&answer(&[ours, a, b], b"")), networks_of(&theirs), "{ours} {many}");
        }
    }
}

#[test]
fn aggregate6_gives_the_same_of_both_families() {
    let Some(python) = ground::second_opinions() else { return };
    let aggregate6 = python.with_file_name("aggregate6");
    if !aggregate6.is_file() {
        println!("SKIP: {} is missing, see .ci/run", aggregate6.display());
        return;
    }
    let mut random = Random(4);
    for many in [1, 5, 50, 500, 5000] {
        let networks: Vec<IpNet> = (0..many).map(|i| random.network(i % 2 == 0)).collect();
        let input = text(&networks);
        let theirs = fed(&mut Command::new(&aggregate6), input.as_bytes());
        assert!(theirs.status.success(), "{}", string(&theirs.stderr));
        let ours = answer(&["merge"], input.as_bytes());
        assert_eq!(lines(&ours), networks_of(&theirs), "{many}");
    }
}

#[test]
fn merge_reads_arguments_files_and_stdin_alike() {
    let scratch = Scratch::new("ip-sets-sources");
    let file = scratch.path("nets");
    std::fs::write(&file, "10.0.0.0/25\n10.0.0.128/25\n").unwrap();
    let at = format!("@{file}");
    for arguments in [
        &["merge", "10.0.0.0/25", "10.0.0.128/25"][..],
        &["merge", "10.0.0.0/25,10.0.0.128/25"],
        &["merge", "10.0.0.0-10.0.0.255"],
        &["merge", &file],
        &["merge", &at],
    ] {
        assert_eq!(answer(arguments, b""), "10.0.0.0/24\n", "{arguments:?}");
    }
    assert_eq!(answer(&["merge", "-"], b"10.0.0.128/25\n10.0.0.0/25"), "10.0.0.0/24\n");
    assert_eq!(answer(&["merge"], b"10.0.0.128/25\n10.0.0.0/25"), "10.0.0.0/24\n");
    assert_eq!(answer(&["merge", "10.0.0.0/25", "-"], b"10.0.0.128/25"), "10.0.0.0/24\n");
    assert_eq!(answer(&["merge"], b""), "");
}

#[test]
fn an_address_comes_before_a_file_of_its_name() {
    let scratch = Scratch::new("ip-sets-names");
    std::fs::write(scratch.path("10.0.0.1"), "192.0.2.0/24\n").unwrap();
    let here = |word: &str| {
        let mut command = ground::command();
        let output = command.current_dir(scratch.path("")).args(["ip", "merge", word]).output();
        string(&output.unwrap().stdout)
    };
    assert_eq!(here("10.0.0.1"), "10.0.0.1/32\n");
    assert_eq!(here("./10.0.0.1"), "192.0.2.0/24\n");
    assert_eq!(here("@10.0.0.1"), "192.0.2.0/24\n");
}

#[test]
fn lists_as_editors_and_people_leave_them() {
    let list = "\u{feff}# ours\r\n10.0.0.0/24\r\n\r\n  10.0.1.0/255.255.255.0 ; old\r\n\
                10.0.2.0 - 10.0.2.255#x\r\n2001:DB8::/33\n2001:db8:8000:0::/33";
    assert_eq!(answer(&["merge"], list.as_bytes()), "10.0.0.0/23\n10.0.2.0/24\n2001:db8::/32\n");
    let log = "10.0.0.1 - - \"GET /#a;b\"\n10.0.0.0\t-\n# no\n";
    assert_eq!(answer(&["merge", "--column", "1"], log.as_bytes()), "10.0.0.0/31\n");
    assert_eq!(answer(&["merge", "-4"], list.as_bytes()), "10.0.0.0/23\n10.0.2.0/24\n");
    assert_eq!(answer(&["merge", "-6"], list.as_bytes()), "2001:db8::/32\n");
}

#[test]
fn a_byte_at_a_time_is_read_as_well() {
    let mut child = ground::command()
        .args(["ip", "merge", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for byte in "\u{feff}10.0.0.0/25\r\n10.0.0.128/25".as_bytes() {
        stdin.write_all(&[*byte]).unwrap();
        stdin.flush().unwrap();
    }
    drop(stdin);
    assert_eq!(string(&child.wait_with_output().unwrap().stdout), "10.0.0.0/24\n");
}

#[test]
fn host_bits_are_masked_with_one_warning() {
    let output = ip(&["merge"], b"10.0.0.0/24\n10.0.1.7/24 x\n2001:db8::1/32\n".as_slice());
    assert_eq!(output.status.code(), Some(2), "a second column is no comment");
    let output = ip(&["merge"], b"10.0.0.0/24\n10.0.1.7/24 # x\n2001:db8::1/32\n");
    assert_eq!(string(&output.stdout), "10.0.0.0/23\n2001:db8::/32\n");
    let stderr = string(&output.stderr);
    assert_eq!(
        stderr,
        "warning: 2 networks had host bits, which were masked; the first: stdin:2: 10.0.1.7/24 is \
         taken as 10.0.1.0/24\n"
    );
    let output = ip(&["merge", "-q", "10.0.1.7/24"], b"");
    assert_eq!(
        (string(&output.stdout), string(&output.stderr)),
        ("10.0.1.0/24\n".into(), "".into())
    );
    let output = ip(&["merge", "10.0.1.7/24"], b"");
    assert!(string(&output.stderr).contains("the first: 10.0.1.7/24 is taken as 10.0.1.0/24"));
}

#[test]
fn a_line_that_is_no_network_ends_it_with_its_place() {
    let scratch = Scratch::new("ip-sets-bad");
    let file = scratch.path("nets");
    std::fs::write(&file, "10.0.0.0/8\n192.0.2.0/33 # wrong\n").unwrap();
    let output = ip(&["merge", &file], b"");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let stderr = string(&output.stderr);
    assert!(
        stderr.starts_with(&format!("error: {file}:2: a prefix of IPv4 is at most")),
        "{stderr}"
    );
    let mut shown = stderr.lines().skip(1);
    assert_eq!(shown.next(), Some("  192.0.2.0/33 # wrong"));
    assert_eq!(shown.next(), Some("            ^^"));
    assert!(stderr.contains("--skip-bad"), "{stderr}");
    let output = ip(&["merge", "--skip-bad", &file], b"");
    assert_eq!((output.status.code(), string(&output.stdout)), (Some(0), "10.0.0.0/8\n".into()));
    assert!(string(&output.stderr).starts_with("warning: 1 line was skipped; the first: "));
    // The answer in records ends as one that was cut.
    let output = ip(&["merge", "--json", &file], b"");
    let kinds: Vec<Value> = string(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone())
        .collect();
    assert_eq!(kinds, ["begin", "error", "end"]);
}

#[test]
fn mistakes_are_told_apart() {
    for (arguments, input, expected) in [
        (&["merge", "10.0.0.0/33"][..], &b""[..], "a prefix of IPv4 is at most 32 bits long"),
        (&["merge", "1.2.3.04"], b"", "leading zero"),
        (&["merge", "nets.txt.missing"], b"", "cannot read nets.txt.missing"),
        (&["merge", "/"], b"", "cannot read /: Is a directory"),
        (&["merge", "10.0.0.1", "-", "10.0.0.9"], b"", "hint: the range is one word"),
        (&["minus", "-", "-"], b"", "stdin can be read once"),
        (&["minus", "-"], b"", "OUT"),
        (&["intersect", "10.0.0.0/8"], b"", "2 values required"),
        (&["merge"], b"\xff\xfe1\0.\0", "stdin is UTF-16"),
        (&["merge"], b"10.0.0.1 x\n", "--column 1"),
        (&["merge"], b"10.0.0.9-10.0.0.1\n", "write 10.0.0.1-10.0.0.9"),
        (&["merge"], b"10.0.0.\xff\n", "not UTF-8"),
        (&["merge", "--column", "3"], b"a b\n", "there is no column 3"),
        (&["merge"], &[b'1'; 300 << 10], "longer than"),
        (&["contains", "10.0.0.0/8", "host.example"], b"", "cannot read host.example"),
    ] {
        let output = ip(arguments, input);
        let stderr = string(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn an_answer_may_replace_the_file_that_it_is_made_of() {
    let scratch = Scratch::new("ip-sets-in-place");
    let file = scratch.path("nets");
    std::fs::write(&file, "10.0.0.128/25\n10.0.0.0/25\n").unwrap();
    assert_eq!(answer(&["merge", "-o", &file, &file], b""), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "10.0.0.0/24\n");
}

#[test]
fn contains_answers_with_its_exit_code() {
    for (arguments, input, code, stdout) in [
        (&["10.0.0.0/8", "10.1.2.3"][..], "", 0, "10.0.0.0/8 contains 10.1.2.3\n"),
        (&["10.0.0.0/8", "11.0.0.0"], "", 1, "10.0.0.0/8 does not contain 11.0.0.0\n"),
        (&["10.0.0.0/8", "10.255.255.255"], "", 0, "10.0.0.0/8 contains 10.255.255.255\n"),
        (&["10.0.0.0/8", "10.0.0.0/7"], "", 1, "10.0.0.0/8 contains only a part of 10.0.0.0/7\n"),
        (
            &["10.0.0.0/8", "::ffff:10.0.0.1"],
            "",
            1,
            "10.0.0.0/8 does not contain ::ffff:10.0.0.1\n",
        ),
        (&["2001:db8::/32", "2001:db8::1"], "", 0, "2001:db8::/32 contains 2001:db8::1\n"),
        (
            &["10.0.0.0/9,10.128.0.0/9", "10.1.0.0/16"],
            "",
            0,
            "10.0.0.0/9,10.128.0.0/9 contains 10.1.0.0/16  (in 10.0.0.0/8)\n",
        ),
        (&["-q", "10.0.0.0/8", "10.1.2.3", "11.1.2.3"], "", 1, ""),
        // Lines are filtered.
        (&["10.0.0.0/8", "-"], "10.0.0.1\n11.0.0.1\n", 1, "10.0.0.1\n"),
        (&["10.0.0.0/8"], "10.0.0.1\n# x\n10.0.0.2 # y\n", 0, "10.0.0.1\n10.0.0.2 # y\n"),
        (&["10.0.0.0/8", "--not"], "10.0.0.1\n11.0.0.1\n", 1, "11.0.0.1\n"),
        (&["10.0.0.0/8", "--not"], "10.0.0.1\n", 0, ""),
        (&["10.0.0.0/8", "--column", "2"], "a 10.0.0.1\nb 11.0.0.1\n", 1, "a 10.0.0.1\n"),
        (&["-", "10.0.0.1"], "10.0.0.0/8\n", 0, "- contains 10.0.0.1  (in 10.0.0.0/8)\n"),
        (&["10.0.0.0/8"], "", 0, ""),
        (&["10.0.0.0/8", "--not", "10.0.0.1"], "", 0, ""),
        (
            &["10.0.0.0/8", "--not", "10.0.0.1", "11.0.0.1"],
            "",
            1,
            "10.0.0.0/8 does not contain 11.0.0.1\n",
        ),
    ] {
        let mut all = vec!["contains"];
        all.extend(arguments);
        let output = ip(&all, input.as_bytes());
        let answer = (output.status.code(), string(&output.stdout));
        assert_eq!(answer, (Some(code), stdout.to_owned()), "{arguments:?}");
    }
}

#[test]
fn contains_says_that_nothing_was_asked() {
    let warning = "warning: nothing was asked about: no line holds an address\n";
    assert_eq!(string(&ip(&["contains", "10.0.0.0/8"], b"# x\n").stderr), warning);
    assert_eq!(string(&ip(&["contains", "10.0.0.0/8", "-q"], b"").stderr), "");
    assert_eq!(string(&ip(&["contains", "10.0.0.0/8"], b"10.0.0.1\n").stderr), "");
}

#[test]
fn contains_filters_as_lines_come() {
    use std::io::{BufRead as _, BufReader};
    let mut child = ground::command()
        .args(["ip", "contains", "10.0.0.0/8", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for line in ["10.0.0.1\n", "10.0.0.2\n"] {
        stdin.write_all(line.as_bytes()).unwrap();
        let mut seen = String::new();
        stdout.read_line(&mut seen).unwrap();
        assert_eq!(seen, line);
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// The records of a command, by kind and data.
fn records(arguments: &[&str], input: &str) -> Vec<(String, Value)> {
    let output = ip(arguments, input.as_bytes());
    let record = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["v"], 1);
        (record["type"].as_str().unwrap().to_owned(), record["data"].clone())
    };
    string(&output.stdout).lines().map(record).collect()
}

#[test]
fn records_say_the_same() {
    let list = "10.0.0.0/25\n10.0.0.128/25\nx\n2001:db8::1/127\n";
    let all = records(&["merge", "--json", "--skip-bad"], list);
    let kinds: Vec<&str> = all.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["begin", "prefix", "prefix", "summary", "end"]);
    let prefix = json!({"prefix": "10.0.0.0/24", "first": "10.0.0.0", "last": "10.0.0.255"});
    assert_eq!(all[1].1, prefix);
    let summary = json!({
        "lines": 4, "networks_read": 3, "lines_skipped": 1, "networks_masked": 1, "written": 2,
        "ipv4_addresses": 256, "ipv6_addresses": 2,
    });
    assert_eq!(all[3].1, summary);
    let all = records(&["merge", "--json", "--ranges", "::/0"], "");
    let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    assert_eq!(all[1], ("range".to_owned(), json!({"first": "::", "last": last})));
    assert_eq!(all[2].1["ipv6_addresses"].as_f64(), Some(2f64.powi(128)));
    let all = records(&["contains", "--json", "10.0.0.0/8", "10.0.0.1", "10.0.0.0/7"], "");
    let yes =
        json!({"asked": "10.0.0.1", "contained": true, "overlaps": true, "within": "10.0.0.0/8"});
    let no = json!({"asked": "10.0.0.0/7", "contained": false, "overlaps": true, "within": null});
    assert_eq!((&all[1].1, &all[2].1), (&yes, &no));
    assert_eq!(all.last().unwrap().1["exit_code"], 1);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut random = Random(5);
    let networks: Vec<IpNet> = (0..50_000)
        .map(|_| Ipv4Addr::from_bits(random.next() as u32).into())
        .map(|at: IpAddr| at.into())
        .collect();
    let scratch = Scratch::new("ip-sets-pipe");
    let file = scratch.path("nets");
    std::fs::write(&file, text(&networks)).unwrap();
    let mut child = ground::command()
        .args(["ip", "merge", &file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), string(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn the_complement_is_of_both_families_or_of_what_is_given() {
    assert_eq!(answer(&["complement", "0.0.0.0/0"], b""), "::/0\n");
    assert_eq!(answer(&["complement", "-4", "128.0.0.0/1"], b""), "0.0.0.0/1\n");
    assert_eq!(answer(&["complement"], b""), "0.0.0.0/0\n::/0\n");
    let within = ["complement", "--in", "192.0.2.0/24", "192.0.2.64/26", "10.0.0.0/8"];
    assert_eq!(answer(&within, b""), "192.0.2.0/26\n192.0.2.128/25\n");
    assert_eq!(answer(&["complement", "::/0", "0.0.0.0/0"], b""), "");
}
