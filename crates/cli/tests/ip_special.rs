//! The special-purpose registries beside Python's `ipaddress`: each difference stands in a list,
//! with the row that decides, and in `docs/addresses.md`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use plumb_wire::addr::embedded::{self, Embedded};
use plumb_wire::addr::special::{self, Says};
use serde_json::Value;

/// Addresses of each family that are drawn at random, beside all bounds.
const RANDOM: u64 = 4000;

/// Which versions of Python differ.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    /// Every one so far; if one does not, the list is out of date.
    Always,
    /// Some; the page says which.
    Some,
}
use When::{Always, Some as InSome};

/// A property in which Python differs where one of these rows decides.
struct Difference {
    property: &'static str,
    python: bool,
    when: When,
    rows: &'static [&'static str],
}

const fn differs(
    property: &'static str,
    python: bool,
    when: When,
    rows: &'static [&'static str],
) -> Difference {
    Difference { property, python, when, rows }
}

/// Space that was never given to anybody, or is no longer: no registry says that it is reachable.
const NOBODYS: &[&str] = &[
    "192.88.99.0/24",
    "224.1.0.0/16",
    "224.5.0.0-224.251.255.255",
    "225.0.0.0-231.255.255.255",
    "235.0.0.0-238.255.255.255",
    "::/8",
    "::/96",
    "100::/8",
    "200::/7",
    "400::/6",
    "800::/5",
    "1000::/4",
    "3ffe::/16",
    "4000::/3",
    "6000::/3",
    "8000::/3",
    "a000::/3",
    "c000::/3",
    "e000::/4",
    "f000::/5",
    "f800::/6",
    "fe00::/9",
    "fec0::/10",
];

/// Groups that reach no further than a link or a site, by their scope.
const SCOPED: &[&str] = &[
    "224.0.0.0/24",
    "239.0.0.0/8",
    "239.192.0.0/14",
    "239.255.0.0/16",
    "ff00::/8",
    "ff00::/12",
    "ff02::1:ff00:0/104",
    "ff02::2:ff00:0/104",
    "ff10::/12",
    "ff30::/12",
    "ff70::/12",
];

/// Rows that newer versions know: 3.13 and the corrections of 2024 to older ones.
const GLOBAL_SINCE: &[&str] = &[
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:20::/28",
    "2001:30::/28",
];
const PRIVATE_SINCE: &[&str] = &["192.0.0.0/24", "192.0.0.8/32", "64:ff9b:1::/48", "3fff::/20"];

/// Rows that 3.14 does not know.
const GLOBAL_UNKNOWN: &[&str] = &["2001:1::3/128"];
const PRIVATE_UNKNOWN: &[&str] = &["192.88.99.2/32", "100:0:0:1::/64", "5f00::/16"];

const MAPPED: &[&str] = &["::ffff:0:0/96"];
const SIX_TO_FOUR: &[&str] = &["2002::/16"];

const DIFFERENCES: &[Difference] = &[
    differs("is_global", true, Always, NOBODYS),
    differs("is_global", true, Always, SCOPED),
    differs("is_private", false, Always, SCOPED),
    differs("is_private", false, Always, &["100.64.0.0/10"]),
    differs("is_global", true, InSome, MAPPED),
    differs("is_private", false, InSome, MAPPED),
    differs("is_private", true, Always, &["2001::/32"]),
    differs("is_private", true, InSome, SIX_TO_FOUR),
    differs("is_global", true, InSome, SIX_TO_FOUR),
    differs("is_global", false, InSome, GLOBAL_SINCE),
    differs("is_private", true, InSome, GLOBAL_SINCE),
    differs("is_global", true, InSome, PRIVATE_SINCE),
    differs("is_private", false, InSome, PRIVATE_SINCE),
    differs("is_global", false, InSome, GLOBAL_UNKNOWN),
    differs("is_private", true, InSome, GLOBAL_UNKNOWN),
    differs("is_global", true, InSome, PRIVATE_UNKNOWN),
    differs("is_private", false, InSome, PRIVATE_UNKNOWN),
    differs("is_reserved", false, Always, &["fec0::/10"]),
    differs("is_reserved", false, InSome, MAPPED),
    differs("is_loopback", true, InSome, MAPPED),
    differs("is_multicast", true, InSome, MAPPED),
    differs("is_link_local", true, InSome, MAPPED),
    differs("is_unspecified", true, InSome, MAPPED),
];

/// IPv6 addresses whose IPv4 part has a property of its own.
const EMBEDDED: &[&str] = &[
    "::ffff:8.8.8.8",
    "::ffff:0.0.0.0",
    "::ffff:10.1.2.3",
    "::ffff:127.0.0.1",
    "::ffff:169.254.1.1",
    "::ffff:224.0.0.1",
    "::ffff:240.0.0.1",
    "::ffff:100.64.0.1",
    "::10.1.2.3",
    "2002:a01:203::1",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "64:ff9b::808:808",
    "64:ff9b::a01:203",
];

const PYTHON: &str = r#"
import ipaddress, json, sys
NAMES = ["is_private", "is_global", "is_multicast", "is_reserved", "is_loopback", "is_link_local",
    "is_unspecified"]
print(json.dumps(list(sys.version_info[:3])))
for line in sys.stdin:
    address = ipaddress.ip_address(line.strip())
    out = {name: getattr(address, name) for name in NAMES}
    if address.version == 6:
        out["mapped"] = str(address.ipv4_mapped)
        out["sixtofour"] = str(address.sixtofour)
        out["teredo"] = [str(part) for part in address.teredo or []]
    print(json.dumps(out))
"#;

/// Python's answers, in order; the first is its version.
fn python(addresses: &[IpAddr]) -> Option<Vec<Value>> {
    let spawned = Command::new("python3")
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        println!("SKIP: python3 is not installed");
        return None;
    };
    let text: String = addresses.iter().map(|address| format!("{address}\n")).collect();
    let mut input = child.stdin.take().unwrap();
    // It answers while it reads: both pipes would fill.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn step(address: IpAddr, by: i8) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits().checked_add_signed(by.into())?;
            Some(Ipv4Addr::from_bits(bits).into())
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits().checked_add_signed(by.into())?;
            Some(Ipv6Addr::from_bits(bits).into())
        }
    }
}

/// The bounds of every row with their neighbours, and addresses at random: of IPv6 half of them
/// below the beginning of some row.
fn addresses() -> Vec<IpAddr> {
    let mut all = BTreeSet::new();
    let rows: Vec<_> = special::table().map(|block| block.extent).collect();
    for extent in &rows {
        let ends =
            [(extent.first(), -1), (extent.first(), 0), (extent.last(), 0), (extent.last(), 1)];
        all.extend(ends.into_iter().filter_map(|(address, by)| step(address, by)));
    }
    all.extend(EMBEDDED.iter().map(|text| text.parse::<IpAddr>().unwrap()));
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..RANDOM {
        all.insert(Ipv4Addr::from_bits((random() >> 32) as u32).into());
        let bits = u128::from(random()) << 64 | u128::from(random());
        let extent = &rows[random() as usize % rows.len()];
        let (IpAddr::V6(first), IpAddr::V6(last)) = (extent.first(), extent.last()) else {
            all.insert(Ipv6Addr::from_bits(bits).into());
            continue;
        };
        let within = first.to_bits() | bits & (first.to_bits() ^ last.to_bits());
        all.insert(Ipv6Addr::from_bits(within).into());
    }
    all.into_iter().collect()
}

/// What the registries say to a property of Python's.
fn holds(property: &str, address: IpAddr) -> bool {
    let rows = special::rows(address);
    let is_in = |names: &[&str]| rows.iter().any(|row| names.contains(&row.name));
    match property {
        // As its manual has it since 3.13: not globally reachable.
        "is_private" => special::verdict(address).globally_reachable == Says::No,
        "is_global" => special::verdict(address).globally_reachable == Says::Yes,
        "is_multicast" => is_in(&["Multicast"]),
        "is_loopback" => is_in(&["Loopback", "Loopback Address"]),
        "is_link_local" => is_in(&["Link Local", "Link-Local Unicast"]),
        "is_unspecified" => is_in(&["\"This host on this network\"", "Unspecified Address"]),
        "is_reserved" if address.is_ipv4() => is_in(&["Reserved"]) && !address.is_multicast(),
        "is_reserved" => rows.iter().any(|row| row.name.starts_with("Reserved by IETF")),
        other => panic!("{other}"),
    }
}

/// The row that decides, as it is listed.
fn decides(property: &str, address: IpAddr) -> String {
    let verdict = special::verdict(address);
    let rows = special::rows(address);
    match property {
        "is_private" | "is_global" => {
            verdict.decided_by.map_or_else(|| "none".to_owned(), |extent| extent.to_string())
        }
        _ => rows.first().map_or_else(|| "none".to_owned(), |row| row.extent.to_string()),
    }
}

#[test]
fn differences_from_python_are_listed() {
    let addresses = addresses();
    let Some(answers) = python(&addresses) else { return };
    let version = &answers[0];
    assert_eq!(answers.len(), addresses.len() + 1);
    let (mut unlisted, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for (&address, answer) in addresses.iter().zip(&answers[1..]) {
        for property in [
            "is_private",
            "is_global",
            "is_multicast",
            "is_reserved",
            "is_loopback",
            "is_link_local",
            "is_unspecified",
        ] {
            let python = answer[property].as_bool().unwrap();
            if holds(property, address) == python {
                continue;
            }
            let row = decides(property, address);
            let listed = DIFFERENCES.iter().find(|difference| {
                (difference.property, difference.python) == (property, python)
                    && difference.rows.contains(&row.as_str())
            });
            match listed {
                Some(_) => _ = seen.insert((property, python, row)),
                None => _ = unlisted.insert(format!("{property} {python} {row}"), address),
            }
        }
    }
    assert!(unlisted.is_empty(), "Python {version} differs: {unlisted:#?}");
    for Difference { property, python, when, rows } in DIFFERENCES {
        for row in *rows {
            let is_seen = seen.contains(&(*property, *python, (*row).to_owned()));
            assert!(is_seen || *when != Always, "Python {version} agrees: {property} {row}");
        }
    }
    println!("Python {version}: {} addresses, {} differences", addresses.len(), seen.len());
}

#[test]
fn what_is_embedded_is_what_python_finds() {
    let addresses: Vec<_> = addresses().into_iter().filter(IpAddr::is_ipv6).collect();
    let Some(answers) = python(&addresses) else { return };
    for (&address, answer) in addresses.iter().zip(&answers[1..]) {
        let parts = embedded::parts(address);
        let mapped = parts.iter().find(|part| matches!(part, Embedded::Ipv4Mapped { .. }));
        let site = parts.iter().find(|part| matches!(part, Embedded::SixToFour { .. }));
        let text = |part: Option<&Embedded>| {
            part.and_then(Embedded::ipv4).map_or_else(|| "None".to_owned(), |it| it.to_string())
        };
        assert_eq!(text(mapped), answer["mapped"], "{address}");
        assert_eq!(text(site), answer["sixtofour"], "{address}");
        let teredo = parts.iter().find_map(|part| match part {
            Embedded::Teredo { server, client, .. } => {
                Some(vec![server.to_string(), client.to_string()])
            }
            _ => None,
        });
        assert_eq!(serde_json::json!(teredo.unwrap_or_default()), answer["teredo"], "{address}");
    }
}

#[test]
fn every_difference_is_in_the_documentation() {
    let page = include_str!("../../../docs/addresses.md");
    for Difference { property, rows, .. } in DIFFERENCES {
        for row in *rows {
            assert!(page.contains(&format!("`{row}`")), "{property}: {row} is missing");
        }
        assert!(page.contains(&format!("`{property}`")), "{property}");
    }
}

/// What `plumb ip` says of the place and the inside of an address.
fn place_and_inside(arguments: &[&str]) -> String {
    let output = ground::command().arg("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let parts = text.split("\n\n").filter(|part| part.contains("  registry"));
    parts.map(|part| format!("{}\n", part.trim_end())).collect()
}

fn record(arguments: &[&str]) -> Value {
    let output = ground::command().args(["ip", "--json"]).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.find(|record| record["type"] == "address").unwrap()["data"].clone()
}

#[test]
fn as_it_is_shown() {
    let shown: String = [
        &["10.1.2.3"][..],
        &["192.0.0.9"],
        &["192.0.0.0/24"],
        &["192.0.0.0/8"],
        &["10.0.0.1/7"],
        &["224.4.0.0/15"],
        &["224.0.0.251"],
        &["192.88.99.1"],
        &["2001:10::1"],
        &["4000::1"],
        &["-v", "2002:c000:204::1"],
        &["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
        &["64:ff9b::8.8.8.8"],
        &["::8.8.8.8"],
        &["::/0"],
        &["fe80::fcfd:4aff:fecf:ea4e"],
        &["ff7e:140:2001:db8:beef:feed:0:1234"],
        &["ff05::1:3"],
    ]
    .iter()
    .map(|arguments| format!("# {}\n{}\n", arguments.join(" "), place_and_inside(arguments)))
    .collect();
    insta::assert_snapshot!(shown);
}

#[test]
fn translators_by_their_prefix() {
    let data = record(&["--nat64", "2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"]);
    assert_eq!(data["embedded"][0]["kind"], "nat64");
    assert_eq!(data["embedded"][0]["ipv4"], "192.0.2.33");
    assert_eq!(data["embedded"][0]["known"], "given");
    assert_eq!(data["embedded"][0]["ipv4_verdict"]["decided_by"], "192.0.2.0/24");
    let data = record(&["--nat64", "2001:db8:122:300::/56", "192.0.2.33"]);
    assert_eq!(data["in_ipv6"]["nat64"][0], "2001:db8:122:3c0:0:221::");
    assert_eq!(data["in_ipv6"]["mapped"], "::ffff:192.0.2.33");
    assert!(data["in_ipv6"]["6to4"].is_null(), "not of what is not globally reachable");
    for refused in ["2001:db8::/31", "10.0.0.0/8", "2001:db8:0:0:100::/96", "64:ff9b::"] {
        let output = ground::command().args(["ip", "--nat64", refused, "::1"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{refused}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(refused), "{refused}");
    }
}

#[test]
fn columns_in_json_are_the_registrys() {
    let teredo = record(&["2001::1"])["special"].clone();
    assert_eq!(teredo["verdict"]["globally_reachable"], "N/A");
    assert_eq!(teredo["blocks"][0]["block"], "2001::/32");
    assert_eq!(teredo["blocks"][0]["footnotes"][0]["number"], 2);
    let ended = record(&["192.88.99.1"])["special"].clone();
    assert_eq!(ended["blocks"][0]["terminated"], "2015-03");
    assert!(ended["verdict"]["source"].is_null());
    assert!(record(&["8.8.8.8"])["special"]["verdict"]["decided_by"].is_null());
    let network = record(&["192.0.0.0/24"])["special"].clone();
    assert_eq!(network["holds"].as_array().unwrap().len(), 6);
}
