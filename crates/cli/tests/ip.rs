//! What a user of `plumb ip ADDR|NET` and `plumb ip explain` sees.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ground;

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

fn run(arguments: &[&str]) -> Output {
    ground::command().args(arguments).output().unwrap()
}

/// With something to read on stdin.
fn fed(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = ground::command();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
    }
    text
}

/// The data of the first record of a kind.
fn record(kind: &str, arguments: &[&str]) -> Value {
    let output = run(arguments);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let mut records = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.find(|record| record["type"] == kind).unwrap()["data"].clone()
}

fn address(text: &str) -> Value {
    record("address", &["ip", "--json", text])
}

#[test]
fn an_ipv4_network_at_a_glance() {
    insta::assert_snapshot!(text(&["ip", "192.168.1.152/24"]));
}

#[test]
fn a_border_within_an_octet() {
    insta::assert_snapshot!(text(&["ip", "10.0.0.77/26"]));
}

#[test]
fn an_ipv6_network_at_a_glance() {
    insta::assert_snapshot!(text(&["ip", "2001:db8:85a3::8a2e:370:7334/64"]));
}

#[test]
fn a_border_within_a_digit_and_all_the_bits() {
    insta::assert_snapshot!(text(&["ip", "-v", "2001:db8:85a3::1/47"]));
}

#[test]
fn addresses_alone() {
    insta::assert_snapshot!(text(&["ip", "192.168.1.100", "fe80::fcfd:4aff:fecf:ea4e", "ff02::1"]));
}

#[test]
fn every_prefix_is_drawn_within_80_columns() {
    for length in 0..=32 {
        let shown = text(&["ip", &format!("10.85.170.1/{length}")]);
        // One ruler, as wide as the bits.
        let rulers: Vec<&str> = shown.lines().filter(|line| line.contains(['└', '╵'])).collect();
        assert_eq!(rulers.len(), 1, "{shown}");
        assert_eq!(rulers[0].trim_start().chars().count(), 35, "{shown}");
    }
    for length in 0..=128 {
        let shown = text(&["ip", "-v", &format!("2001:db8:85a3::8a2e:370:7334/{length}")]);
        let ruler = shown.lines().find(|line| line.contains(['└', '╵'])).unwrap();
        assert_eq!(ruler.trim_start().chars().count(), 39, "{shown}");
    }
}

#[test]
fn subnets_are_counted() {
    for (network, count) in [
        ("2001:db8::/63", "2 of /64"),
        ("2001:db8::/48", "65536 of /64"),
        ("::/0", "18446744073709551616 of /64"),
    ] {
        let shown = text(&["ip", network]);
        assert!(shown.lines().any(|line| line == format!("  subnets     {count}")), "{shown}");
    }
}

#[test]
fn without_unicode_the_drawing_is_ascii() {
    let mut command = ground::command();
    let output =
        command.env("LC_ALL", "en_US.ISO-8859-1").args(["ip", "10.0.0.77/26"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.is_ascii() && shown.contains("\\____ network, 26 bits _____/\\ 6 _/"), "{shown}");
}

#[test]
fn without_a_terminal_there_is_no_colour_and_with_one_both_parts_have_theirs() {
    let plain = text(&["ip", "10.0.0.77/26"]);
    assert!(!plain.contains('\u{1b}'));
    let mut command = ground::command();
    command.env_remove("NO_COLOR").args(["ip", "--color", "always", "10.0.0.77/26"]);
    let coloured = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(coloured.contains("00000000 01\u{1b}[0m\u{1b}[2m001101\u{1b}[0m"), "{coloured:?}");
}

/// The worked examples, with the values that must come out.
#[test]
fn the_integer_and_the_bytes_of_an_address() {
    let facts = address("192.168.1.100");
    assert_eq!(facts["integer"], 3_232_235_876u32);
    assert_eq!(facts["hex"], "0xc0a80164");
    assert_eq!(facts["python"], r"b'\xc0\xa8\x01d'");
    assert_eq!(facts["network"], Value::Null);
    let shown = text(&["ip", "192.168.1.100"]);
    for part in ["3232235876", "c0 a8 01 64", r"b'\xc0\xa8\x01d'"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn a_network_and_its_ends() {
    for (text, network, netmask, first, last, broadcast, addresses, hosts) in [
        (
            "192.168.1.0/24",
            "192.168.1.0/24",
            "255.255.255.0",
            "192.168.1.1",
            "192.168.1.254",
            Some("192.168.1.255"),
            256,
            254,
        ),
        (
            "192.168.5.0/24",
            "192.168.5.0/24",
            "255.255.255.0",
            "192.168.5.1",
            "192.168.5.254",
            Some("192.168.5.255"),
            256,
            254,
        ),
        (
            "10.0.0.150/26",
            "10.0.0.128/26",
            "255.255.255.192",
            "10.0.0.129",
            "10.0.0.190",
            Some("10.0.0.191"),
            64,
            62,
        ),
        (
            "127.0.0.0/8",
            "127.0.0.0/8",
            "255.0.0.0",
            "127.0.0.1",
            "127.255.255.254",
            Some("127.255.255.255"),
            16_777_216,
            16_777_214,
        ),
        (
            "192.168.0.0/16",
            "192.168.0.0/16",
            "255.255.0.0",
            "192.168.0.1",
            "192.168.255.254",
            Some("192.168.255.255"),
            65_536,
            65_534,
        ),
        ("10.0.0.1/31", "10.0.0.0/31", "255.255.255.254", "10.0.0.0", "10.0.0.1", None, 2, 2),
        ("10.0.0.1/32", "10.0.0.1/32", "255.255.255.255", "10.0.0.1", "10.0.0.1", None, 1, 1),
        (
            "10.0.0.1/30",
            "10.0.0.0/30",
            "255.255.255.252",
            "10.0.0.1",
            "10.0.0.2",
            Some("10.0.0.3"),
            4,
            2,
        ),
        (
            "0.0.0.0/0",
            "0.0.0.0/0",
            "0.0.0.0",
            "0.0.0.1",
            "255.255.255.254",
            Some("255.255.255.255"),
            4_294_967_296u64,
            4_294_967_294u64,
        ),
    ] {
        let facts = address(text);
        let facts = &facts["network"];
        assert_eq!(facts["network"], network, "{text}");
        assert_eq!(facts["netmask"], netmask, "{text}");
        assert_eq!(facts["first_host"], first, "{text}");
        assert_eq!(facts["last_host"], last, "{text}");
        assert_eq!(facts["broadcast"], json!(broadcast), "{text}");
        assert_eq!(facts["addresses"], addresses, "{text}");
        assert_eq!(facts["hosts"], hosts, "{text}");
    }
}

#[test]
fn the_and_of_address_and_mask() {
    let shown = text(&["ip", "192.168.1.152/24"]);
    let rows: Vec<&str> = shown.lines().filter(|line| line.contains("11000000 ")).collect();
    assert!(rows[0].ends_with("11000000 10101000 00000001 10011000"), "{shown}");
    assert!(shown.contains("11111111 11111111 11111111 00000000"), "{shown}");
    assert!(rows[1].ends_with("11000000 10101000 00000001 00000000"), "{shown}");
    assert!(rows[1].contains("192.168.1.0 "), "{shown}");
    assert!(shown.contains("host part   0.0.0.152 = 152"), "{shown}");
}

#[test]
fn bits_have_their_positional_values() {
    for (octet, bits) in [
        (192, "11000000"),
        (100, "01100100"),
        (127, "01111111"),
        (168, "10101000"),
        (255, "11111111"),
        (32, "00100000"),
    ] {
        let facts = address(&format!("1.2.3.{octet}"));
        assert!(facts["binary"].as_str().unwrap().ends_with(bits), "{facts}");
    }
}

#[test]
fn classes_with_their_counts() {
    for (text, letter, hosts, networks) in [
        ("10.0.0.1", "A", json!(16_777_214), json!(128)),
        ("127.0.0.1", "A", json!(16_777_214), json!(128)),
        ("172.16.0.1", "B", json!(65_534), json!(16_384)),
        ("192.168.1.1", "C", json!(254), json!(2_097_152)),
        ("224.0.0.1", "D", Value::Null, Value::Null),
        ("240.0.0.1", "E", Value::Null, Value::Null),
    ] {
        let class = &address(text)["class"];
        assert_eq!(
            (&class["letter"], &class["hosts"], &class["networks"]),
            (&json!(letter), &hosts, &networks)
        );
    }
}

#[test]
fn ipv6_in_both_lengths() {
    let facts = address("2001:0db8:85a3:0000:0000:8a2e:0370:7334");
    assert_eq!(facts["address"], "2001:db8:85a3::8a2e:370:7334");
    assert_eq!(facts["exploded"], "2001:0db8:85a3:0000:0000:8a2e:0370:7334");
    assert_eq!(facts["solicited_node"], "ff02::1:ff70:7334");
    assert_eq!(address("::1")["scope"], "link-local");
    assert_eq!(address("fe80::1")["scope"], "link-local");
    assert_eq!(address("2001:db8::1")["scope"], "global");
    assert_eq!(address("ff02::1")["multicast_mac"], "33:33:00:00:00:01");
    assert_eq!(address("224.0.0.251")["multicast_mac"], "01:00:5e:00:00:fb");
    let network = &address("2001:db8::/32")["network"];
    assert_eq!(network["prefix_length"], 32);
    assert_eq!(network["broadcast"], Value::Null);
    assert_eq!(network["subnet_router_anycast"], "2001:db8::");
    let shown = text(&["ip", "2001:db8::/32"]);
    assert!(shown.contains("79228162514264337593543950336 = 2^96"), "{shown}");
    assert!(text(&["ip", "::/0"]).contains("340282366920938463463374607431768211456"));
}

#[test]
fn what_kind_of_address_it_is() {
    for (text, block) in [
        ("192.168.1.100", Some("Private-Use")),
        ("10.255.255.255", Some("Private-Use")),
        ("172.15.255.255", None),
        ("172.16.0.1", Some("Private-Use")),
        ("172.31.255.255", Some("Private-Use")),
        ("172.32.0.1", None),
        ("127.0.0.1", Some("Loopback")),
        ("255.255.255.255", Some("Limited Broadcast")),
        ("8.8.8.8", None),
        ("::1", Some("Loopback Address")),
        ("fe80::1", Some("Link-Local Unicast")),
        ("2001:db8::1", Some("Documentation")),
    ] {
        let special = &address(text)["special"];
        assert_eq!(special["blocks"][0]["name"], json!(block), "{text}");
        let reachable = &special["verdict"]["globally_reachable"];
        assert_eq!(reachable, block.is_none(), "{text}");
    }
    // The whole of 224.0.0.0/4, not 224 alone.
    for text in ["224.0.0.1", "230.1.2.3", "239.255.255.255"] {
        assert!(self::text(&["ip", text]).contains("224.0.0.0/4 Multicast"), "{text}");
    }
    let facts = address("fe80::fcfd:4aff:fecf:ea4e");
    assert!(facts.to_string().contains("fe:fd:4a:cf:ea:4e"), "{facts}");
}

#[test]
fn the_reverse_zone_of_a_prefix() {
    for (text, zone, first, last, count, within) in [
        ("10.1.2.3/8", Some("10.in-addr.arpa"), None, None, None, None),
        ("10.1.2.3/24", Some("2.1.10.in-addr.arpa"), None, None, None, None),
        (
            "10.1.2.3/22",
            None,
            Some("0.1.10.in-addr.arpa"),
            Some("3.1.10.in-addr.arpa"),
            Some(4),
            None,
        ),
        ("10.1.2.3/26", None, None, None, None, Some("2.1.10.in-addr.arpa")),
        ("10.1.2.3/32", Some("3.2.1.10.in-addr.arpa"), None, None, None, None),
        ("10.1.2.3/0", Some("in-addr.arpa"), None, None, None, None),
        ("10.1.2.3", None, None, None, None, None),
        ("2001:db8::/32", Some("8.b.d.0.1.0.0.2.ip6.arpa"), None, None, None, None),
        (
            "2001:db8::/31",
            None,
            Some("8.b.d.0.1.0.0.2.ip6.arpa"),
            Some("9.b.d.0.1.0.0.2.ip6.arpa"),
            Some(2),
            None,
        ),
    ] {
        let reverse = &address(text)["reverse"];
        assert_eq!(reverse["zone"], json!(zone), "{text}");
        assert_eq!(reverse["within"], json!(within), "{text}");
        let zones = &reverse["zones"];
        assert_eq!(
            (&zones["first"], &zones["last"], &zones["count"]),
            (&json!(first), &json!(last), &json!(count)),
            "{text}"
        );
    }
}

#[test]
fn the_mask_may_be_a_word_of_its_own() {
    for (arguments, networks) in [
        (&["10.1.2.3", "255.255.252.0"][..], &["10.1.0.0/22"][..]),
        (&["10.1.2.3", "0.0.3.255"], &["10.1.0.0/22"]),
        (&["10.1.2.3/255.255.252.0"], &["10.1.0.0/22"]),
        // Both can be meant as addresses, and then they are.
        (&["0.0.0.0", "255.255.255.255"], &["0.0.0.0", "255.255.255.255"]),
        (&["10.1.2.3", "10.1.2.4"], &["10.1.2.3", "10.1.2.4"]),
        (&["10.1.2.3/8", "255.255.252.0"], &["10.0.0.0/8", "255.255.252.0"]),
    ] {
        let output = run(&[&["ip", "-q"], arguments].concat());
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(stdout.lines().collect::<Vec<_>>(), networks, "{arguments:?}");
        let noted = String::from_utf8(output.stderr).unwrap().contains("note: read as 10.1.2.3/");
        assert_eq!(noted, arguments.len() > networks.len(), "{arguments:?}");
    }
}

#[test]
fn numbers_are_read_where_that_is_asked_for() {
    for (arguments, expected) in [
        (&["--from-int", "3232235876"][..], "192.168.1.100"),
        (&["--from-int", "4294967295"], "255.255.255.255"),
        (&["--from-int", "4294967296"], "::1:0:0"),
        (&["--from-int", "-6", "1"], "::1"),
        (
            &["--from-int", "340282366920938463463374607431768211455"],
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ),
        (&["--from-hex", "0xc0a80164"], "192.168.1.100"),
        (&["--from-hex", "C0:A8:01:64"], "192.168.1.100"),
        (&["--from-hex", "7f000001"], "127.0.0.1"),
        (&["--from-hex", "20010db885a3000000008a2e03707334"], "2001:db8:85a3::8a2e:370:7334"),
    ] {
        assert_eq!(
            text(&[&["ip", "-q"], arguments].concat()).trim_end(),
            expected,
            "{arguments:?}"
        );
    }
    for (arguments, words) in [
        (
            &["--from-int", "340282366920938463463374607431768211456"][..],
            "no address has so large a number",
        ),
        (&["--from-int", "3,232,235,876"], "without separators"),
        (&["--from-int", "0xc0a80164"], "--from-hex"),
        (&["--from-hex", "xyz"], "no hexadecimal digit"),
        (&["--from-hex", "0x"], "no hexadecimal digits"),
        (&["--from-hex", "100000000000000000000000000000000"], "at most 32"),
        (&["3232235876"], "--from-int"),
        (&["0xc0a80164"], "--from-hex"),
    ] {
        let output = run(&[&["ip"], arguments].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.contains(words) && stderr.contains('^'), "{arguments:?}: {stderr}");
    }
}

#[test]
fn bad_input_is_pointed_at() {
    let mut shown = String::new();
    for text in [
        "10.0.0.0/33",
        "1.2.3.04",
        "::1::2",
        "256.1.1.1",
        "1.2.3",
        "0x7f.1",
        "10.0.0.1/",
        "10.0.0.0/255.0.255.0",
        "fe80::1%eth0",
        "1.2.3.4:80",
        "[::1]",
        "2001:db8::g",
        "\u{ff11}.2.3.4",
        "10.0.0.1 255.0.0.0",
        "010.0.0.1",
        "www.example.com",
        "10.0.0.1-10.0.0.9",
    ] {
        let output = run(&["ip", text]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{text}");
        shown += &String::from_utf8(output.stderr).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_mistyped_command_is_not_taken_for_a_name_alone() {
    let output = run(&["ip", "explian", "10.0.0.1", "10.0.0.2/24"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("did you mean explain?"), "{stderr}");
    assert!(!String::from_utf8(run(&["ip", "www.example.com"]).stderr).unwrap().contains("mean"));
}

#[test]
fn lines_come_from_stdin() {
    let input = "\u{feff}10.0.0.1\n\n  2001:db8::/32  # a comment\n; and one more\r\n\
                 192.168.1.7/255.255.255.0\r\n";
    let output = fed(&["ip", "-q", "-"], input.as_bytes());
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout.lines().collect::<Vec<_>>(), ["10.0.0.1", "2001:db8::/32", "192.168.1.0/24"]);
}

#[test]
fn a_line_of_stdin_that_is_wrong_has_its_number() {
    for (input, expected) in [
        (&b"10.0.0.1\n10.0.0.256\n"[..], "error: stdin:2: an octet is a number from 0 to 255\n"),
        (b"10.0.0.1\n\xff\n", "error: stdin:2: this line is not UTF-8\n"),
    ] {
        let output = fed(&["ip", "-q", "-"], input);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(2), &b"10.0.0.1\n"[..]));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with(expected), "{stderr}");
    }
}

#[test]
fn a_number_that_is_none_is_refused_in_plain_words() {
    for (arguments, expected) in [
        (&["ip", "list", "::/64", "--limit", "x"][..], "this is no whole number"),
        (&["ip", "list", "::/64", "--limit", ""], "a number is missing"),
        (&["ip", "random", "::/64", "--seed", "99999999999999999999"], "this number is too large"),
    ] {
        let output = run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn two_hosts_that_are_not_on_one_link() {
    let arguments = ["ip", "explain", "192.168.1.10", "192.168.2.20/24"];
    assert_eq!(run(&arguments).status.code(), Some(1));
    insta::assert_snapshot!(text(&arguments));
}

#[test]
fn two_hosts_whose_masks_disagree() {
    let arguments = ["ip", "explain", "10.0.1.5/24", "10.0.2.5/16"];
    assert_eq!(run(&arguments).status.code(), Some(1));
    insta::assert_snapshot!(text(&arguments));
}

#[test]
fn two_ipv6_hosts_on_one_link() {
    let arguments = ["ip", "explain", "2001:db8::1", "2001:db8::2", "--prefix", "64"];
    assert_eq!(run(&arguments).status.code(), Some(0));
    insta::assert_snapshot!(text(&arguments));
}

#[test]
fn neighbours_or_not_by_their_prefixes() {
    for (arguments, code, a_direct, b_direct, common) in [
        (&["10.0.0.1", "10.0.0.2/24"][..], 0, true, true, "10.0.0.0/30"),
        (&["10.0.0.1/24", "10.0.0.2"], 0, true, true, "10.0.0.0/30"),
        (&["10.0.0.1", "10.0.0.2", "--prefix", "/24"], 0, true, true, "10.0.0.0/30"),
        (&["10.0.0.1", "10.0.0.2", "--prefix", "255.255.255.0"], 0, true, true, "10.0.0.0/30"),
        (&["10.0.0.1/24", "10.0.0.200/25"], 1, true, false, "10.0.0.0/24"),
        (&["10.0.0.1/25", "10.0.0.200/24"], 1, false, true, "10.0.0.0/24"),
        (&["10.0.0.1/32", "10.0.0.2/32"], 1, false, false, "10.0.0.0/30"),
        (&["10.0.0.0/31", "10.0.0.1/31"], 0, true, true, "10.0.0.0/31"),
        (&["10.0.0.1/24", "10.0.0.1/24"], 0, true, true, "10.0.0.1/32"),
        (&["0.0.0.1/0", "255.0.0.1/0"], 0, true, true, "0.0.0.0/0"),
        (&["2001:db8:0:1::1/64", "2001:db8:0:2::1/64"], 1, false, false, "2001:db8::/62"),
    ] {
        let all = [&["ip", "explain", "--json"], arguments].concat();
        assert_eq!(run(&all).status.code(), Some(code), "{arguments:?}");
        let link = record("link", &all);
        assert_eq!(link["same_link"], code == 0, "{arguments:?}");
        assert_eq!(link["from"]["sends_directly"], a_direct, "{arguments:?}");
        assert_eq!(link["to"]["sends_directly"], b_direct, "{arguments:?}");
        assert_eq!(link["common_network"], common, "{arguments:?}");
    }
    let link = record("link", &["ip", "explain", "--json", "192.168.1.10", "192.168.2.20/24"]);
    assert_eq!(link["differing_bits"], json!([23, 24]));
    for (arguments, words) in [
        (&["10.0.0.1", "10.0.0.2"][..], "write 10.0.0.2/24"),
        (&["10.0.0.1", "::1/64"], "one host has IPv4 and the other IPv6"),
        (&["10.0.0.1/8", "10.0.0.2/8", "--prefix", "8"], "leave --prefix out"),
        (&["10.0.0.1", "10.0.0.2", "--prefix", "33"], "at most 32 bits"),
        (&["10.0.0.1", "10.0.0.256/8"], "0 to 255"),
    ] {
        let output = run(&[&["ip", "explain"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(words), "{arguments:?}");
    }
}

#[test]
fn what_is_no_single_host_is_said() {
    for (arguments, words) in [
        (&["10.0.0.1", "10.0.0.255/24"][..], "is the broadcast address of 10.0.0.0/24"),
        (&["10.0.0.1", "10.0.0.255/24"], "SO_BROADCAST"),
        (&["10.0.0.1", "10.0.0.0/24"], "is the name of 10.0.0.0/24 itself"),
        (&["10.0.0.1/24", "224.0.0.251"], "01:00:5e:00:00:fb"),
        (&["10.0.0.1/24", "127.0.0.1"], "loopback"),
        (&["fe80::1", "fe80::2/64"], "%interface"),
        (&["10.0.0.1/24", "0.0.0.0"], "no host's address"),
    ] {
        let shown =
            text(&[&["ip", "explain"], arguments].concat()).replace("\n              ", " ");
        assert!(shown.contains(words), "{arguments:?}: {shown}");
    }
}
