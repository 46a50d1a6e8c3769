//! Topology files: the built-in one means what it says, and mistakes are
//! pointed at.

use plumb_lab::topology::{Plan, Service, ZoneData, builtin, parse};

fn internet() -> Plan {
    builtin("internet").expect("it is built in").expect("it is sound")
}

#[test]
fn the_internet_has_its_twelve_machines() {
    let plan = internet();
    let names: Vec<_> = plan.machines.iter().map(|machine| machine.name.as_str()).collect();
    let expected = "h1 h2 h3 h4 modemA modemB isp backbone example ftp mail www"
        .split(' ')
        .collect::<Vec<_>>();
    assert_eq!(names, expected);
    let h1 = plan.machine("h1").expect("h1");
    assert_eq!(h1.interfaces[0].name, "eth1");
    assert_eq!(h1.interfaces[0].addresses[0].to_string(), "192.168.1.11/24");
    assert_eq!(h1.resolvers[0].to_string(), "10.1.1.1");
    assert!(plan.machine("backbone").expect("backbone").serves(Service::Recursor));
}

#[test]
fn delegations_lead_from_the_root_to_every_zone() {
    let plan = internet();
    let has = |zone: &str, name: &str, server: &str| {
        plan.zone(zone).expect("zone").records.iter().any(|record| {
            record.name == name && matches!(&record.data, ZoneData::Ns(ns) if ns == server)
        })
    };
    assert!(has(".", "com", "a.gtld-servers.net"));
    assert!(has("com", "example.com", "ns1.example.com"));
    assert!(has("org", "httpbin.org", "ns2.example.com"));
    assert!(has("arpa", "in-addr.arpa", "ns1.example.com"));
    let reverse = &plan.zone("in-addr.arpa").expect("zone").records;
    let dns_google = reverse.iter().find(|record| record.name == "8.8.8.8.in-addr.arpa");
    assert_eq!(dns_google.map(|r| &r.data), Some(&ZoneData::Ptr("dns.google".to_owned())));
}

/// The message of the one mistake in `text`.
fn mistake(text: &str) -> String {
    parse("lab.toml", text).expect_err("it is wrong").to_string()
}

#[test]
fn mistakes_are_pointed_at() {
    let cases = [
        ("", "lab.toml:1:1: no machine"),
        (
            "[lan.a]\n[machine.x]\nlan.b = \"10.0.0.1/24\"",
            "lab.toml:3:5: no LAN \"b\"; declared are a",
        ),
        ("[lan.a]\n[machine.x]\nlan.a = \"10.0.0.1\"", "lab.toml:3:10: 10.0.0.1 needs a prefix"),
        (
            "[lan.a]\n[machine.x]\nlan.a = \"10.0.0.1/24, 10.0.0.300/24\"",
            "lab.toml:3:23: \"10.0.0.300/24\"",
        ),
        ("[cable.c]\n[machine.x]\ncable.c = \"10.0.0.1/24\"", "lab.toml:1:8: cable c has 1 ends"),
        ("[machine.x]\nservices = [\"htp\"]", "lab.toml:2:13: no service \"htp\""),
        ("[machine.x]\ncolour = 3", "lab.toml:2:1: unknown field `colour`"),
        (
            "[lan.a]\n[machine.x]\nlan.a = \"10.0.0.1/24\"\ngateway = \"10.9.9.9\"",
            "lab.toml:4:12: gateway 10.9.9.9",
        ),
        ("[machine.\"a b\"]", "lab.toml:1:10: \"a b\" cannot name a machine"),
        (
            "[machine.x]\n[zone.com]\nservers = [\"x\"]",
            "lab.toml:2:7: a zone that nothing leads to",
        ),
        (
            "[lan.a]\n[machine.x]\nlan.a = \"10.0.0.1/24\"\n[machine.y]\nlan.a = \"10.0.0.1/24\"",
            "lab.toml:4:10: y and x both have 10.0.0.1 on a",
        ),
        ("[lan.a]\nmtu = 12\n[machine.x]", "lab.toml:2:7: an MTU of 12 bytes"),
        ("[machine", "lab.toml:1:9: "),
    ];
    for (text, expected) in cases {
        let got = mistake(text);
        assert!(got.starts_with(expected), "{text:?}\n  gave     {got}\n  expected {expected}");
    }
}

fn many(machines: usize) -> String {
    (0..machines).map(|number| format!("[machine.m{number}]\n")).collect()
}

#[test]
fn the_limits_hold_and_one_more_is_refused() {
    parse("lab.toml", &many(64)).expect("64 machines");
    assert!(mistake(&many(65)).contains("65 machines; at most 64 fit"));
    let named = |length: usize| format!("[machine.{}]", "m".repeat(length));
    parse("lab.toml", &named(63)).expect("a name of 63 letters");
    assert!(mistake(&named(64)).contains("cannot name a machine"));
    let interface = |length: usize| {
        format!("[lan.a]\n[machine.x]\nlan.a = {{ interface = \"{}\" }}", "e".repeat(length))
    };
    parse("lab.toml", &interface(15)).expect("an interface of 15 letters");
    assert!(mistake(&interface(16)).contains("cannot name an interface"));
    for (mtu_bytes, fits) in [(1279, false), (1280, true), (65_535, true), (65_536, false)] {
        let text = format!("[lan.a]\nmtu = {mtu_bytes}\n[machine.x]");
        assert_eq!(parse("lab.toml", &text).is_ok(), fits, "{mtu_bytes}");
    }
    let padded = |bytes: usize| {
        let mut text = "[machine.x]\n".to_owned();
        text.extend(std::iter::repeat_n('#', bytes - text.len()));
        text
    };
    parse("lab.toml", &padded(1 << 20)).expect("a file of 1 MiB");
    assert!(mistake(&padded((1 << 20) + 1)).contains("at most 1048576 are read"));
}
