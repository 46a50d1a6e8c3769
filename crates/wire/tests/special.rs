//! The special-purpose registries beside IANA's own export, at the bounds of every row.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use plumb_wire::addr::special::{
    self, Block, Column, GroupFlags, Reference, Registry, Says, Status,
};

const EXPORT: &str = include_str!("samples/special-purpose.txt");

/// A line of the export, for one of its blocks.
#[derive(Debug, Clone)]
struct Record {
    /// As the registry writes it.
    block: &'static str,
    net: IpNet,
    /// The footnote at the block.
    note: Option<u8>,
    name: &'static str,
    references: &'static str,
    allocated: &'static str,
    terminated: &'static str,
    cells: Vec<&'static str>,
}

fn export() -> Vec<Record> {
    let lines = EXPORT.lines().filter(|line| !line.starts_with('#'));
    let records = lines.flat_map(|line| {
        let fields: Vec<_> = line.split('|').collect();
        let [blocks, name, references, allocated, terminated, ..] = fields[..] else { panic!() };
        blocks.split(", ").map(move |block| {
            let (block, note) = noted(block);
            let net = block.parse().unwrap();
            let cells = fields[5..].to_vec();
            Record { block, net, note, name, references, allocated, terminated, cells }
        })
    });
    records.collect()
}

/// `False [1]` as `False` and 1.
fn noted(cell: &str) -> (&str, Option<u8>) {
    match cell.split_once(" [") {
        Some((text, note)) => (text, note.trim_end_matches(']').parse().ok()),
        None => (cell, None),
    }
}

/// A block's references as the registry writes them.
fn references(block: &Block) -> String {
    let texts = block.references.iter().map(|reference| match reference {
        Reference::Rfc(number, None) => format!("[RFC{number}]"),
        Reference::Rfc(number, Some(section)) => format!("[RFC{number}], Section {section}"),
        Reference::Erratum(number) => format!("[RFC Errata {number}]"),
        Reference::Of(name) => format!("[{name}]"),
    });
    texts.collect()
}

#[test]
fn every_field_of_every_row_is_the_registrys() {
    let rows: Vec<_> = special::table().filter(|block| block.special().is_some()).collect();
    let export = export();
    assert_eq!(rows.len(), export.len());
    for (block, record) in rows.iter().zip(&export) {
        assert_eq!(block.extent.to_string(), record.block);
        assert_eq!(block.name, record.name);
        assert_eq!(references(block), record.references, "{}", record.net);
        let special = block.special().unwrap();
        assert_eq!(special.allocated.to_string(), record.allocated, "{}", record.net);
        let note = |column: Column| {
            let on = |note: &&special::Footnote| note.on.contains(&column);
            special.footnotes.iter().find(on).map(|note| note.number)
        };
        assert_eq!(note(Column::Block), record.note, "{}", record.net);
        let properties = match special.status {
            Status::Terminated(month) => {
                assert_eq!(month.to_string(), record.terminated);
                assert!(record.cells.iter().all(|cell| cell.is_empty()));
                continue;
            }
            Status::InForce(properties) => properties,
        };
        assert_eq!(record.terminated, "N/A");
        for ((column, says), cell) in properties.columns().into_iter().zip(&record.cells) {
            let (cell, number) = noted(cell);
            let text = match says {
                Some(true) => "True",
                Some(false) => "False",
                None => "N/A",
            };
            assert_eq!((text, note(column)), (cell, number), "{} {column:?}", record.net);
        }
    }
}

fn step(address: IpAddr, up: bool) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            let bits = if up { bits.checked_add(1) } else { bits.checked_sub(1) };
            bits.map(|bits| Ipv4Addr::from_bits(bits).into())
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let bits = if up { bits.checked_add(1) } else { bits.checked_sub(1) };
            bits.map(|bits| Ipv6Addr::from_bits(bits).into())
        }
    }
}

/// The first and the last address of every row, and those one before and one after.
fn bounds() -> Vec<IpAddr> {
    let ends = special::table().flat_map(|block| {
        let (first, last) = (block.extent.first(), block.extent.last());
        [step(first, false), Some(first), Some(last), step(last, true)]
    });
    let mut ends: Vec<_> = ends.flatten().collect();
    ends.sort();
    ends.dedup();
    ends
}

#[test]
fn at_every_bound_the_rows_are_those_of_the_export() {
    let export = export();
    let mut seen = 0;
    for address in bounds() {
        let mut expected: Vec<_> = export.iter().filter(|row| row.net.contains(&address)).collect();
        expected.sort_by_key(|row| std::cmp::Reverse(row.net.prefix_len()));
        let expected: Vec<_> =
            expected.iter().map(|row| (row.block.to_owned(), row.name)).collect();
        let rows = special::rows(address);
        let sizes = rows.windows(2).all(|pair| pair[1].extent.covers(&pair[0].extent));
        assert!(sizes, "{address}: the most specific first, each within the next: {rows:?}");
        let found = rows.iter().filter(|block| block.special().is_some());
        let found: Vec<_> = found.map(|block| (block.extent.to_string(), block.name)).collect();
        assert_eq!(found, expected, "{address}");
        seen += 1;
    }
    assert!(seen > 200, "{seen} bounds");
}

#[test]
fn at_every_bound_the_most_specific_row_in_force_decides() {
    let export = export();
    for address in bounds() {
        let in_force = |row: &&Record| row.net.contains(&address) && row.terminated == "N/A";
        let decides = export.iter().filter(in_force).max_by_key(|row| row.net.prefix_len());
        let Some(row) = decides else { continue };
        let verdict = special::verdict(address);
        let cells = [
            verdict.source,
            verdict.destination,
            verdict.forwardable,
            verdict.globally_reachable,
            verdict.reserved_by_protocol,
        ];
        let expected = row.cells.iter().map(|cell| match noted(cell).0 {
            "True" => Says::Yes,
            "False" => Says::No,
            _ => Says::NotApplicable,
        });
        assert_eq!(cells.to_vec(), expected.collect::<Vec<_>>(), "{address}");
        assert_eq!(verdict.decided_by.unwrap().to_string(), row.block);
    }
}

#[test]
fn where_no_special_row_is() {
    let verdict = |text: &str| special::verdict(text.parse().unwrap());
    for ordinary in ["8.8.8.8", "1.0.0.0", "223.255.255.255", "2606:4700::1", "2000::", "2003::"] {
        assert_eq!(verdict(ordinary).globally_reachable, Says::Yes, "{ordinary}");
        assert_eq!(verdict(ordinary).source, Says::Yes, "{ordinary}");
    }
    // Nobody says anything: allocations that ended, returned, or were never made.
    for unsaid in ["192.88.99.1", "3ffe::1", "4000::1", "fec0::1", "::5", "fe00::1"] {
        assert_eq!(verdict(unsaid).globally_reachable, Says::Nothing, "{unsaid}");
        assert!(verdict(unsaid).decided_by.is_some(), "{unsaid}");
    }
    // The row around one that ended is in force.
    assert_eq!(verdict("2001:10::1").globally_reachable, Says::No);
    assert_eq!(verdict("2001:10::1").decided_by.unwrap().to_string(), "2001::/23");
}

#[test]
fn a_group_is_no_source_and_reaches_as_far_as_its_scope() {
    for (group, forwardable, global) in [
        ("224.0.0.1", Says::No, Says::No),
        ("224.0.1.1", Says::Yes, Says::Yes),
        ("224.1.0.1", Says::Nothing, Says::Nothing),
        ("232.1.2.3", Says::Yes, Says::Yes),
        ("233.252.0.1", Says::Yes, Says::Yes),
        ("239.255.255.250", Says::Yes, Says::No),
        ("ff02::1", Says::No, Says::No),
        ("ff05::2", Says::Yes, Says::No),
        ("ff3e::1234", Says::Yes, Says::Yes),
        ("ff0f::1", Says::Nothing, Says::Nothing),
    ] {
        let verdict = special::verdict(group.parse().unwrap());
        assert_eq!((verdict.source, verdict.destination), (Says::No, Says::Yes), "{group}");
        assert_eq!((verdict.forwardable, verdict.globally_reachable), (forwardable, global));
    }
}

#[test]
fn all_of_multicast_and_of_ipv6_has_a_row() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u128;
    for _ in 0..2000 {
        random = random.wrapping_mul(0xda94_2042_e4dd_58b5).wrapping_add(0x1234_5678_9abc_def1);
        let bits = random ^ random >> 64 ^ random << 64;
        assert!(!special::rows(Ipv6Addr::from_bits(bits).into()).is_empty());
        let group = Ipv4Addr::from_bits(0xe000_0000 | (bits as u32 >> 4));
        let rows = special::rows(group.into());
        assert_eq!(rows.last().unwrap().extent.to_string(), "224.0.0.0/4");
        assert!(rows.len() > 1 && rows[0].registry() == Registry::Ipv4Multicast, "{group}");
    }
}

#[test]
fn rows_within_a_network() {
    let within = |net: &str| -> Vec<String> {
        let rows = special::within(net.parse().unwrap());
        rows.iter().map(|block| block.extent.to_string()).collect()
    };
    assert_eq!(within("10.0.0.0/8"), [""; 0]);
    assert_eq!(within("10.1.0.0/16"), [""; 0]);
    assert_eq!(within("8.0.0.0/6"), ["10.0.0.0/8"]);
    assert_eq!(
        within("192.0.0.0/24"),
        [
            "192.0.0.0/29",
            "192.0.0.8/32",
            "192.0.0.9/32",
            "192.0.0.10/32",
            "192.0.0.170/32",
            "192.0.0.171/32"
        ]
    );
    // No prefix: it begins within and ends outside.
    assert_eq!(within("224.4.0.0/15"), ["224.3.0.0-224.4.255.255", "224.5.0.0-224.251.255.255"]);
    let all = within("::/0");
    assert!(all.len() > 40 && all[0] == "::/8", "{all:?}");
}

#[test]
fn of_a_network_that_holds_rows() {
    let verdict = |net: &str| special::verdict_of(net.parse().unwrap());
    // Not the row of its first address: that is one of those within.
    assert_eq!(verdict("192.0.0.0/8").globally_reachable, Says::Yes);
    assert_eq!(verdict("192.0.0.0/8").decided_by, None);
    assert_eq!(verdict("192.0.0.0/24").globally_reachable, Says::No);
    assert_eq!(verdict("10.1.0.0/16").forwardable, Says::Yes);
    assert_eq!(verdict("2002::/17").globally_reachable, Says::NotApplicable);
    assert_eq!(verdict("::/0").source, Says::Nothing);
    assert_eq!(verdict("224.0.0.0/4").source, Says::No);
    assert_eq!(verdict("224.0.0.0/4").globally_reachable, Says::Nothing);
    assert_eq!(verdict("ff02::/16").forwardable, Says::No);
}

#[test]
fn what_a_row_changes() {
    let changes = |inner: &str| {
        let rows = special::rows(inner.parse().unwrap());
        rows[0].changes(rows[1])
    };
    assert_eq!(
        changes("192.0.0.9"),
        [
            (Column::Source, Some(true)),
            (Column::Destination, Some(true)),
            (Column::Forwardable, Some(true)),
            (Column::GloballyReachable, Some(true)),
        ]
    );
    assert_eq!(changes("192.0.0.170"), [(Column::ReservedByProtocol, Some(true))]);
    assert_eq!(changes("0.0.0.0"), []);
    assert_eq!(changes("2001::1").last(), Some(&(Column::GloballyReachable, None)));
}

#[test]
fn flags_of_groups() {
    let flags = |text: &str| GroupFlags::of(text.parse().unwrap());
    for (group, bits, expected) in [
        ("ff02::1", 0, "none: a registered group"),
        ("ff15::1", 1, "T (transient)"),
        ("ff3e::1", 3, "P (a network's own), T (transient)"),
        (
            "ff7e:140:2001:db8::1",
            7,
            "R (its rendezvous point in it), P (a network's own), T (transient)",
        ),
        ("ff2e::1", 2, "P (a network's own); P without T is not allowed (RFC 3306 section 4)"),
        (
            "ff5e::1",
            5,
            "R (its rendezvous point in it), T (transient); R without P is not allowed (RFC 3956 \
             section 3)",
        ),
        ("ff8e::1", 8, "X (reserved)"),
    ] {
        let flags = flags(group).unwrap();
        assert_eq!((flags.bits, flags.to_string().as_str()), (bits, expected), "{group}");
    }
    assert_eq!(flags("fe80::1"), None);
    assert_eq!(flags("239.1.2.3"), None);
}

#[test]
fn well_known_groups() {
    let group = |text: &str| special::group(text.parse().unwrap()).map(|group| group.name);
    assert_eq!(group("224.0.0.251"), Some("mDNS"));
    assert_eq!(group("224.0.0.3"), None);
    assert_eq!(group("ff02::1"), Some("All Nodes Address"));
    assert_eq!(group("ff05::1"), None);
    for scope in ["ff01::101", "ff05::101", "ff0e::101"] {
        assert_eq!(group(scope), Some("Network Time Protocol"));
    }
    assert_eq!(group("ff15::101"), None, "a transient group is nobody's");
    assert_eq!(group("::101"), None);
}

#[test]
fn json_keeps_what_the_registry_leaves_open() {
    let json = |text: &str| serde_json::to_value(special::rows(text.parse().unwrap())[0]).unwrap();
    let private = json("10.0.0.1");
    assert_eq!(private["block"], "10.0.0.0/8");
    assert_eq!(private["registry"], "iana-ipv4-special-registry");
    assert_eq!(private["references"][0], "RFC 1918");
    assert_eq!(private["globally_reachable"], false);
    assert!(private["terminated"].is_null());
    assert_eq!(json("2002::1")["globally_reachable"], "N/A");
    assert_eq!(json("2002::1")["footnotes"][0]["on"][1], "globally_reachable");
    assert_eq!(json("192.88.99.1")["terminated"], "2015-03");
    assert!(json("192.88.99.1")["source"].is_null());
    assert!(json("224.0.0.1")["source"].is_null());
    let verdict = |text: &str| special::verdict(text.parse().unwrap());
    let verdict = |text: &str| serde_json::to_value(verdict(text)).unwrap();
    assert_eq!(verdict("2002::1")["globally_reachable"], "N/A");
    assert_eq!(verdict("8.8.8.8")["globally_reachable"], true);
    assert!(verdict("8.8.8.8")["decided_by"].is_null());
    assert!(verdict("192.88.99.1")["globally_reachable"].is_null());
}
