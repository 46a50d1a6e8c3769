//! What is read and what is refused, and with which words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

/// The error as a person sees it: the text, a caret under each byte of the place, the words.
fn shown(text: &str) -> String {
    let Err(error) = network(text) else { return format!("{text}\n  READ\n") };
    let place = " ".repeat(error.range.start) + &"^".repeat(error.range.len().max(1));
    let right = error.right.map(|right| format!("\n  -> {right}")).unwrap_or_default();
    format!("{text}\n{place}\n  {}{right}\n\n", error.problem)
}

#[test]
fn what_is_refused_is_pointed_at_with_a_remedy() {
    let text: String = [
        // IPv4
        "256.1.1.1",
        "1.2.3.04",
        "010.0.0.1",
        "1.2.3.08",
        "0x7f.1",
        "0x7f.0.0.1",
        "1.2.3",
        "1",
        "127.1",
        "1.2.3.4.5",
        "1.2.3.4.",
        ".1.2.3.4",
        "1..3.4",
        "1.2.3.-4",
        "1.2.3.4a",
        "10.0.*.*",
        "1.2.3.99999",
        // IPv6
        "::1::2",
        ":::1",
        "1:2:3",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4::5:6:7:8",
        "::12345",
        "::00001",
        "2001:db8::g",
        ":1::2",
        "1:2:3:4:5:6:7:",
        "1::2:",
        "::1.2.3",
        "::1.2.3.04",
        "1.2.3.4::",
        "1:2:3:4:5:6:7:1.2.3.4",
        // What stands around an address
        "fe80::1%eth0",
        "[::1]",
        "[::1]:80",
        "[::1",
        "1.2.3.4:80",
        " 10.0.0.1",
        "10.0.0.1 255.0.0.0",
        "10.0.0.0 /24",
        "1.2.3.04/24",
        "[::1]/64",
        "\"10.0.0.1\"",
        "10.0.0.1,",
        "http://10.0.0.1/",
        "10.0.0.1-10.0.0.9",
        // What is no address
        "",
        "/8",
        "/64",
        "/x",
        "-",
        "www.example.com",
        "localhost",
        "host:80",
        "02:00:5e:10:00:01",
        "3232235876",
        "0xc0a80164",
        "c0a80164",
        // Other scripts
        "\u{ff11}\u{ff10}.0.0.1",
        "10\u{3002}0.0.1",
        "10.0.0.\u{0661}",
        "10.0.0.1\u{200b}",
        "é",
        // Prefixes
        "10.0.0.0/33",
        "::/129",
        "10.0.0.1/",
        "::1/",
        "10.0.0.0/08",
        "10.0.0.0/00",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0.0/x",
        "10.0.0.0/8/8",
        "10.0.0.0/ 8",
        "10/8",
        "10.0.0/24",
        "10.0.0.0/255.0.255.0",
        "10.0.0.0/0.255.0.255",
        "10.0.0.0/255.255.255.256",
        "10.0.0.0/255.255",
        "::/255.0.0.0",
        "::/ffff::",
        "::/ff0f::",
        "10.0.0.0/ffff::",
    ]
    .map(shown)
    .concat();
    insta::assert_snapshot!(text);
}

#[test]
fn an_address_is_no_network() {
    let error = address("10.0.0.1/8").unwrap_err();
    assert_eq!((error.problem, error.range), (Problem::Network, 8..10));
    assert_eq!(error.right.as_deref(), Some("write 10.0.0.1"));
    assert_eq!(address("10.0.0.256/8").unwrap_err().problem, Problem::OctetTooLarge);
}

#[test]
fn every_form_of_an_ipv6_address() {
    for (text, expected) in [
        ("::", "::"),
        ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"),
        ("FF01::101", "ff01::101"),
        ("0:0:0:0:0:0:13.1.68.3", "::d01:4403"),
        ("::FFFF:129.144.52.38", "::ffff:129.144.52.38"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("1::8", "1::8"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("0000:0000:0000:0000:0000:0000:0000:0001", "::1"),
    ] {
        assert_eq!(address(text).unwrap().to_string(), expected, "{text}");
    }
}

#[test]
fn prefixes_as_lengths_and_masks() {
    for (text, expected) in [
        ("10.1.2.3/8", "10.1.2.3/8"),
        ("10.1.2.3/255.0.0.0", "10.1.2.3/8"),
        ("10.1.2.3/0.255.255.255", "10.1.2.3/8"),
        ("10.1.2.3/255.255.255.255", "10.1.2.3/32"),
        ("10.1.2.3/0.0.0.0", "10.1.2.3/0"),
        ("10.1.2.3/255.255.255.254", "10.1.2.3/31"),
        ("10.1.2.3/0.0.0.1", "10.1.2.3/31"),
        ("10.1.2.3/127.255.255.255", "10.1.2.3/1"),
        ("10.1.2.3/128.0.0.0", "10.1.2.3/1"),
        ("10.1.2.3/0", "10.1.2.3/0"),
        ("10.1.2.3/32", "10.1.2.3/32"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("::1/0", "::1/0"),
        ("::1/128", "::1/128"),
        ("::1", "::1/128"),
    ] {
        assert_eq!(network(text).unwrap().to_string(), expected, "{text}");
    }
}

#[test]
fn a_long_text_is_repeated_up_to_a_limit() {
    let text = "é".repeat(TEXT_BYTES_MAX / 2);
    assert_eq!(address(&text).unwrap_err().problem, Problem::Foreign('é'));
    let error = network(&format!("{text}é")).unwrap_err();
    assert_eq!((error.problem, &error.text), (Problem::Long(TEXT_BYTES_MAX + 2), &text));
    let error = network(&format!("10.0.0.0/{}", "1".repeat(TEXT_BYTES_MAX))).unwrap_err();
    assert_eq!((error.text.len(), error.range), (TEXT_BYTES_MAX, 0..TEXT_BYTES_MAX));
}

proptest! {
    #[test]
    fn ipv4_prints_as_it_is_read(bits: u32) {
        let expected = Ipv4Addr::from(bits);
        prop_assert_eq!(address(&expected.to_string()), Ok(IpAddr::V4(expected)));
        // The C library agrees with every strict spelling.
        prop_assert_eq!(lax(&expected.to_string()), Some(expected));
        prop_assert_eq!(lax(&format!("{bits}")), Some(expected));
        prop_assert_eq!(lax(&format!("{bits:#x}")), Some(expected));
        prop_assert_eq!(lax(&format!("0{bits:o}")), Some(expected));
    }

    #[test]
    fn ipv6_reads_in_all_its_forms(bits: u128, zeros in 0u32..128) {
        let expected = Ipv6Addr::from(bits.checked_shr(zeros).unwrap_or(0));
        let [.., a, b, c, d] = expected.octets();
        let groups = expected.segments();
        let long = groups.map(|group| format!("{group:04X}")).join(":");
        let dotted = groups[..6].iter().map(|group| format!("{group:x}:")).collect::<String>()
            + &Ipv4Addr::new(a, b, c, d).to_string();
        for text in [expected.to_string(), long, dotted] {
            prop_assert_eq!(address(&text), Ok(IpAddr::V6(expected)), "{}", text);
        }
    }

    #[test]
    fn networks_keep_their_host_bits(bits: u32, length in 0u8..=32) {
        let expected = IpNet::new(Ipv4Addr::from(bits).into(), length).unwrap();
        let address = expected.addr();
        prop_assert_eq!(network(&expected.to_string()), Ok(expected));
        prop_assert_eq!(network(&format!("{address}/{}", expected.netmask())), Ok(expected));
        // All ones and all zeros are netmasks first.
        if (1..32).contains(&length) {
            prop_assert_eq!(network(&format!("{address}/{}", expected.hostmask())), Ok(expected));
        }
    }

    #[test]
    fn networks_of_ipv6_too(bits: u128, length in 0u8..=128) {
        let expected = IpNet::new(Ipv6Addr::from(bits).into(), length).unwrap();
        prop_assert_eq!(network(&expected.to_string()), Ok(expected));
    }

    #[test]
    fn an_error_points_into_the_text(text in "[0-9a-fx:./%\\[\\] é１*-]{0,40}|\\PC{0,40}") {
        for error in [address(&text).err(), network(&text).err()].into_iter().flatten() {
            prop_assert!(error.text.get(error.range.clone()).is_some(), "{error}");
            prop_assert_eq!(&error.text, &text);
            prop_assert!(!error.problem.to_string().is_empty());
        }
        lax(&text);
    }

    #[test]
    fn what_is_advised_is_read(text in "[0-9a-f:.]{1,24}(/[0-9.]{0,16})?") {
        let Err(error) = network(&text) else { return Ok(()) };
        let advised = error.right.as_deref().and_then(|right| right.strip_prefix("write "));
        if let Some(advised) = advised.filter(|_| error.problem != Problem::GroupTooLong) {
            let first = advised.split([' ', ',', ';']).next().unwrap_or_default();
            prop_assert!(network(first).is_ok(), "{text}: {advised}");
        }
    }
}
