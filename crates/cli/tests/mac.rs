//! What a user of `plumb mac` sees, beside the C library, Python and tshark.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::path::Path;
use std::process::{Command, Output};

use ground::{Scratch, installed};
use serde_json::{Value, json};

/// A list as Wireshark has them, with a block that is sold on in parts.
const MANUF: &str = "# comment\n00:00:0C\tCisco\tCisco Systems, Inc\n\
    00:00:5E\tICANNIANADep\tICANN, IANA Department\n\
    00:0C:29\tVMware\tVMware, Inc.\n\
    00:1B:C5\tIEEERegi\tIEEE Registration Authority\n\
    00:1B:C5:00:10:00/36\tOpenRBco\tOpenRB.com, Direct SIA\n\
    08:ED:ED:20:00:00/28\tShort\tHangzhou\n";

fn run(arguments: &[&str]) -> Output {
    ground::command().arg("mac").args(arguments).output().unwrap()
}

fn list() -> (Scratch, String) {
    let name = std::thread::current().name().unwrap_or("mac").replace("::", "-");
    let scratch = Scratch::new(&name);
    let path = scratch.path("manuf");
    std::fs::write(&path, MANUF).unwrap();
    (scratch, path)
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

/// The data of every record of a kind.
fn records(kind: &str, arguments: &[&str]) -> Vec<Value> {
    let stdout = String::from_utf8(run(&[arguments, &["--json"]].concat()).stdout).unwrap();
    let records = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["type"] == kind).map(|record| record["data"].clone()).collect()
}

fn mac(text: &str) -> Value {
    let (_scratch, path) = list();
    records("mac", &["--vendors", &path, text]).remove(0)
}

/// The worked examples, with the values that must come out.
#[test]
fn the_examples() {
    let facts = mac("AA BB CC DD EE FF");
    assert_eq!(facts["address"], "aa:bb:cc:dd:ee:ff");
    assert_eq!((&facts["multicast"], &facts["local"]), (&json!(false), &json!(true)));
    let facts = mac("fe80::fcfd:4aff:fecf:ea4e");
    assert_eq!(facts["address"], "fe:fd:4a:cf:ea:4e");
    assert_eq!(facts["local"], true);
    assert_eq!(facts["link_local"], "fe80::fcfd:4aff:fecf:ea4e");
    assert_eq!(mac("fe80::fcfd:4aff:fecf:ea4e%eth0")["address"], "fe:fd:4a:cf:ea:4e");
}

#[test]
fn an_interface_at_a_glance() {
    insta::assert_snapshot!(shown("0:c:29:1:2:3"));
}

#[test]
fn a_group_at_a_glance() {
    insta::assert_snapshot!(shown("01:00:5e:00:00:fb"));
}

#[test]
fn a_local_address_at_a_glance() {
    insta::assert_snapshot!(shown("02:42:ac:11:00:02"));
}

/// The text. The list's name is short, so that no line breaks elsewhere.
fn shown(address: &str) -> String {
    let (scratch, _) = list();
    let mut command = ground::command();
    command.current_dir(&scratch.0).args(["mac", "--vendors", "manuf", address]);
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    text
}

#[test]
fn every_notation_is_written_and_read_again() {
    for address in ["00:0c:29:01:02:03", "00:0c:29:ff:fe:01:02:03"] {
        let facts = mac(address);
        let all = facts["notations"].as_object().unwrap();
        for (name, text) in all.iter().filter(|(name, _)| *name != "bit_reversed") {
            assert_eq!(mac(text.as_str().unwrap())["address"], address, "{name}");
        }
    }
    assert_eq!(mac("000c.2901.0203")["notations"]["short"], "0:c:29:1:2:3");
    assert_eq!(mac("00:0c:29:01:02:03")["notations"]["bit_reversed"], "00:30:94:80:40:c0");
}

#[test]
fn quadrants_of_local_addresses() {
    for (address, quadrant) in [
        ("02:00:00:00:00:01", json!("AAI")),
        ("0a:00:00:00:00:01", json!("ELI")),
        ("0e:00:00:00:00:01", json!("SAI")),
        ("06:00:00:00:00:01", json!("RESERVED")),
        ("00:00:00:00:00:01", Value::Null),
    ] {
        assert_eq!(mac(address)["slap"], quadrant, "{address}");
    }
}

#[test]
fn the_longest_prefix_names_the_vendor() {
    for (address, name, length) in [
        ("00:0c:29:01:02:03", json!("VMware, Inc."), json!(24)),
        ("00:1b:c5:00:1f:ff", json!("OpenRB.com, Direct SIA"), json!(36)),
        ("00:1b:c5:00:2f:ff", json!("IEEE Registration Authority"), json!(24)),
        ("08:ed:ed:2f:00:00", json!("Hangzhou"), json!(28)),
        ("08:ed:ed:3f:00:00", Value::Null, Value::Null),
        ("01:00:5e:00:00:01", json!("ICANN, IANA Department"), json!(24)),
        ("02:0c:29:01:02:03", Value::Null, Value::Null),
    ] {
        let facts = mac(address);
        let vendor = &facts["vendor"];
        assert_eq!((&vendor["name"], &vendor["prefix_length"]), (&name, &length), "{address}");
        assert_eq!(vendor.is_null(), name.is_null());
        assert!(!vendor.is_null() || facts["vendor_note"].as_str().unwrap().contains("no"));
    }
}

#[test]
fn a_vendor_s_prefixes() {
    let (_scratch, path) = list();
    let found = records("vendor", &["vendor", "--vendors", &path, "CISCO", "inc"]);
    assert_eq!(found[0]["prefix"], "00:00:0c");
    assert_eq!(found.len(), 1);
    let none = run(&["vendor", "--vendors", &path, "nobody-at-all"]);
    assert_eq!(none.status.code(), Some(1));
    let missing = run(&["--vendors", "/nonexistent", "00:0c:29:01:02:03"]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn random_addresses_are_local_and_come_again() {
    let first = text(&["random", "--count", "50", "--seed", "7"]);
    assert_eq!(first, text(&["random", "--count", "50", "--seed", "7"]));
    for address in first.lines() {
        let facts = mac(address);
        assert_eq!((&facts["multicast"], &facts["slap"]), (&json!(false), &json!("AAI")));
    }
    for address in text(&["random", "--count", "9", "--prefix", "52-54-00:a"]).lines() {
        assert!(address.starts_with("52:54:00:a"), "{address}");
    }
    for prefix in ["", "0g", "02:00:00:00:00:01"] {
        assert_eq!(run(&["random", "--prefix", prefix]).status.code(), Some(2), "{prefix}");
    }
}

#[test]
fn the_place_of_a_mistake_and_what_would_be_right() {
    for (address, mark, hint) in [
        ("00:0c:29:01:02:0g", "                  ^", "write it as"),
        ("00:0c:29:01:02:O3", "                 ^", "00:0c:29:01:02:03 would be right"),
        ("00:0c-29:01:02:03", "       ^", "00:0c:29:01:02:03 would be right"),
        ("00:0c:29::01:02:03", "           ^", "00:0c:29:01:02:03 would be right"),
        ("00:0c:291:01:02:03", "          ^", "two hexadecimal digits"),
        ("fe80::1", "  ^^^^^^^", "ff:fe in the middle"),
        ("192.168.1.1", "  ^^^^^^^^^^^", "ARP"),
        ("randon", "  ^", "did you mean random?"),
    ] {
        let output = run(&[address]);
        assert_eq!(output.status.code(), Some(2), "{address}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.lines().any(|line| line == mark), "{address}:\n{stderr}");
        assert!(stderr.contains(hint), "{address}:\n{stderr}");
    }
}

/// The groups of IP are where Python's arithmetic puts them.
#[test]
fn groups_map_to_their_addresses() {
    for (group, address) in [
        ("224.0.0.251", "01:00:5e:00:00:fb"),
        ("239.255.255.250", "01:00:5e:7f:ff:fa"),
        ("224.128.0.251", "01:00:5e:00:00:fb"),
        ("ff02::1:ff28:9c5a", "33:33:ff:28:9c:5a"),
        ("ff02::1", "33:33:00:00:00:01"),
    ] {
        assert_eq!(mac(group)["address"], address, "{group}");
    }
    let groups = mac("01:00:5e:7f:ff:fa")["ipv4_groups"].clone();
    let groups: Vec<&str> =
        groups.as_array().unwrap().iter().map(|g| g.as_str().unwrap()).collect();
    assert_eq!((groups.len(), groups[0], groups[31]), (32, "224.127.255.250", "239.255.255.250"));
    for group in groups {
        assert_eq!(mac(group)["address"], "01:00:5e:7f:ff:fa", "{group}");
    }
}

/// Python knows neither MACs nor vendors; its `uuid` and integers do for the rest.
#[test]
fn python_agrees_on_integers_and_link_local_addresses() {
    if !installed("python3") {
        println!("SKIP: python3 is not installed");
        return;
    }
    let drawn = text(&["random", "--count", "20", "--seed", "11"]);
    let script = "
import ipaddress, sys
for line in sys.argv[1].split():
    b = bytes.fromhex(line.replace(':', ''))
    e = bytes([b[0] ^ 2]) + b[1:3] + b'\\xff\\xfe' + b[3:]
    print(int.from_bytes(b, 'big'), ipaddress.IPv6Address(b'\\xfe\\x80' + bytes(6) + e))
";
    let output = Command::new("python3").args(["-c", script, &drawn]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().count(), 20);
    for (address, line) in drawn.lines().zip(said.lines()) {
        let facts = mac(address);
        let own = format!("{} {}", facts["integer"], facts["link_local"].as_str().unwrap());
        assert_eq!(own, line, "{address}");
    }
}

/// tshark names the sender of a frame as the list does: of every 400th entry.
#[test]
fn tshark_agrees_on_vendors() {
    const MANUF: &str = "/usr/share/wireshark/manuf";
    if !installed("tshark") || !Path::new(MANUF).is_file() {
        println!("SKIP: {MANUF} is missing");
        return;
    }
    let list = String::from_utf8(std::fs::read(MANUF).unwrap()).unwrap();
    let entries = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut addresses = Vec::new();
    for line in entries.step_by(400) {
        let digits: String = line.chars().take_while(|c| *c != '\t' && *c != '/').collect();
        let mut octets: Vec<&str> = digits.split(':').collect();
        octets.resize(6, "00");
        addresses.push(octets.join(":").to_lowercase());
    }
    assert!(addresses.len() > 50);
    let (scratch, _) = self::list();
    let capture = scratch.path("frames.pcap");
    std::fs::write(&capture, frames(&addresses)).unwrap();
    let fields = ["-T", "fields", "-e", "eth.src", "-e", "eth.src_resolved"];
    let output = Command::new("tshark").args(["-r", &capture]).args(fields).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let arguments: Vec<&str> =
        ["--vendors", MANUF].into_iter().chain(addresses.iter().map(String::as_str)).collect();
    let own = records("mac", &arguments);
    assert_eq!((said.lines().count(), own.len()), (addresses.len(), addresses.len()));
    let mut agreed = 0;
    for (facts, line) in own.iter().zip(said.lines()) {
        let (address, resolved) = line.split_once('\t').unwrap();
        assert_eq!(facts["address"], address);
        let Some(name) = facts["vendor"]["name"].as_str() else { continue };
        let (short, _) = resolved.split_once('_').unwrap();
        let is_entry = |line: &str| {
            let mut fields = line.split('\t').skip(1);
            let named = fields.next();
            named == Some(short) && fields.next().or(named) == Some(name)
        };
        assert!(list.lines().any(is_entry), "{address}: {resolved}, {name}");
        agreed += 1;
    }
    assert!(agreed > 50, "{agreed}");
}

/// A capture with a frame from each.
fn frames(addresses: &[String]) -> Vec<u8> {
    let mut file = [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65535, 1].map(u32::to_be_bytes).concat();
    for address in addresses {
        let octets = address.split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap());
        let mut frame = vec![0xff; 6];
        frame.extend(octets);
        frame.extend([0x88, 0xb5]);
        frame.resize(60, 0);
        file.extend([0, 0, 60, 60].map(u32::to_be_bytes).concat());
        file.extend(frame);
    }
    file
}
