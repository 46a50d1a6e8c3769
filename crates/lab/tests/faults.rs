//! Every fault: made, seen by a program that nobody here wrote, healed, gone.

#![allow(clippy::unwrap_used)] // a test may panic

use std::process::Output;

use plumb_lab::{Lab, faults};

/// Longer than a healthy page takes by far, and than the kernel's patience with
/// a neighbour that does not answer (some 3 s).
const PATIENCE_S: &str = "4";

const PAGE: &str = "https://www.example.com/";

/// What a fault may change in a machine's network, as text. The link-local
/// addresses that the kernel makes by itself may come a little late.
const STATE: &str = "ip -o link show up | cut -d: -f2; \
    ip -br addr | sed -E 's/ +[A-Z]+ +/ /; s/fe80::[0-9a-f:]*ff:fe[0-9a-f:]*\\/64 //'; ip route; ip -6 route; \
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding";

fn lab() -> Lab {
    Lab::builder().start().unwrap()
}

/// Runs a program on a machine; its exit code, and what it printed.
fn run(lab: &Lab, machine: &str, program: &str, args: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } =
        lab.command(machine, program).args(args).output().unwrap();
    let text = [stdout, stderr].concat();
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// curl's exit code and the HTTP status for a URL, as h1 gets it.
fn fetch(lab: &Lab, args: &[&str]) -> (i32, String) {
    let common = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--compressed", "--max-time"];
    let args: Vec<&str> =
        common.into_iter().chain([PATIENCE_S]).chain(args.iter().copied()).collect();
    run(lab, "h1", "curl", &args)
}

fn assert_healthy(lab: &Lab, when: &str) {
    for family in ["-4", "-6"] {
        let (code, text) = fetch(lab, &[family, PAGE]);
        assert_eq!((code, text.as_str()), (0, "200"), "{when}, {family}");
    }
}

/// The state of every machine.
fn state(lab: &Lab) -> Vec<String> {
    let machines = lab.client().unwrap().status().unwrap().machines;
    machines
        .iter()
        .map(|machine| format!("{machine}\n{}", run(lab, machine, "sh", &["-c", STATE]).1))
        .collect()
}

fn assert_same(before: &[String], after: &[String], when: &str) {
    for (before, after) in before.iter().zip(after) {
        let lost: Vec<&str> = before.lines().filter(|l| !after.lines().any(|o| o == *l)).collect();
        let new: Vec<&str> = after.lines().filter(|l| !before.lines().any(|o| o == *l)).collect();
        let machine = before.lines().next().unwrap_or_default();
        assert!(lost.is_empty() && new.is_empty(), "{when}: {machine} lost {lost:?}, got {new:?}");
    }
}

/// Makes a fault, holds `seen` against what h1 meets, heals, and expects the
/// state from before.
fn check(fault: &str, seen: impl Fn(&Lab)) {
    let lab = lab();
    let before = state(&lab);
    lab.break_fault(fault).unwrap();
    let active = lab.map().unwrap().faults;
    let name = fault.split(['@', ',']).next().unwrap();
    assert!(active.len() == 1 && active[0].starts_with(name), "{active:?}");
    seen(&lab);
    assert_eq!(lab.heal(Some(fault)).unwrap(), active);
    assert!(lab.map().unwrap().faults.is_empty());
    assert_same(&before, &state(&lab), fault);
    assert_healthy(&lab, fault);
}

/// curl meets this exit code over each family.
fn curl_meets(fault: &str, code: i32) {
    check(fault, |lab| {
        for family in ["-4", "-6"] {
            let (met, text) = fetch(lab, &[family, PAGE]);
            assert_eq!(met, code, "{fault} {family}: {text}");
        }
    });
}

/// ping, for each family, says this. A fault of one port does not concern it.
fn ping_says(lab: &Lab, address: &str, said: &str) {
    let (_, text) = run(lab, "h1", "ping", &["-n", "-c", "1", "-W", "9", address]);
    assert!(text.contains(said), "{said} not in: {text}");
}

/// curl to an address, which needs no resolver.
fn connect(lab: &Lab, address: &str) -> (i32, String) {
    let to = format!("www.example.com:443:{address}");
    fetch(lab, &["--resolve", &to, PAGE])
}

/// dig from h1 to the lab's resolver, without retries.
fn dig(lab: &Lab, args: &[&str]) -> String {
    let common = ["@10.1.1.1", "+tries=1", "+time=3"];
    let args: Vec<&str> = common.into_iter().chain(args.iter().copied()).collect();
    run(lab, "h1", "dig", &args).1
}

const COULD_NOT_RESOLVE: i32 = 6;
const COULD_NOT_CONNECT: i32 = 7;
const TIMED_OUT: i32 = 28;
const TLS_FAILED: i32 = 35;
const TOO_MANY_REDIRECTS: i32 = 47;
const BAD_CERTIFICATE: i32 = 60;

#[test]
fn the_lab_is_healthy_without_a_fault() {
    assert_healthy(&lab(), "at the start");
}

// --- link ---------------------------------------------------------------------

#[test]
fn link_interface_down() {
    check("link.interface-down", |lab| {
        let (_, link) = run(lab, "h1", "ip", &["-br", "link", "show", "eth1"]);
        assert!(link.contains("DOWN") && !link.contains(",UP"), "{link}");
        assert_eq!(connect(lab, "10.130.1.4").0, COULD_NOT_CONNECT);
    });
}

#[test]
fn link_no_carrier() {
    check("link.no-carrier", |lab| {
        let (_, link) = run(lab, "h1", "ip", &["-br", "link", "show", "eth1"]);
        assert!(link.contains("NO-CARRIER") && link.contains(",UP"), "{link}");
        assert_ne!(connect(lab, "10.130.1.4").0, 0);
    });
}

#[test]
fn link_dead_gateway() {
    check("link.dead-gateway", |lab| {
        let (_, routes) = run(lab, "h1", "ip", &["route", "show", "default"]);
        assert!(routes.contains("192.168.1.77"), "{routes}");
        ping_says(lab, "10.130.1.4", "From 192.168.1.11 icmp_seq=1 Destination Host Unreachable");
        ping_says(
            lab,
            "2001:db8:130::4",
            "From 2001:db8:25:a::11 icmp_seq=1 Destination unreachable",
        );
    });
}

// --- net ----------------------------------------------------------------------

#[test]
fn net_no_default_route() {
    check("net.no-default-route", |lab| {
        ping_says(lab, "10.130.1.4", "Network is unreachable");
        ping_says(lab, "2001:db8:130::4", "Network is unreachable");
        ping_says(lab, "192.168.1.1", " 0% packet loss");
    });
}

#[test]
fn net_dead_host() {
    check("net.dead-host", |lab| {
        ping_says(lab, "10.130.1.4", "From 10.130.1.1 icmp_seq=1 Destination Host Unreachable");
        ping_says(lab, "2001:db8:130::4", "Destination unreachable: Address unreachable");
    });
}

#[test]
fn net_unreachable_route() {
    check("net.unreachable-route", |lab| {
        ping_says(lab, "10.130.1.4", "From 10.130.1.1 icmp_seq=1 Destination Host Unreachable");
        ping_says(lab, "2001:db8:130::4", "Destination unreachable: No route");
        ping_says(lab, "10.130.1.3", " 0% packet loss");
    });
}

#[test]
fn net_prohibit_route() {
    check("net.prohibit-route", |lab| {
        ping_says(lab, "10.130.1.4", "From 10.130.1.1 icmp_seq=1 Packet filtered");
        ping_says(lab, "2001:db8:130::4", "Administratively prohibited");
    });
}

#[test]
fn net_forwarding_off() {
    check("net.forwarding-off", |lab| {
        ping_says(lab, "192.168.1.1", " 0% packet loss");
        ping_says(lab, "10.130.1.4", "100% packet loss");
        ping_says(lab, "2001:db8:130::4", "100% packet loss");
        // Not even a time to live that ends at the router is reported.
        let (_, text) = run(lab, "h1", "ping", &["-n", "-c1", "-W1", "-t1", "10.130.1.4"]);
        assert!(!text.contains("exceeded"), "{text}");
    });
}

#[test]
fn net_no_return_route() {
    check("net.no-return-route", |lab| {
        ping_says(lab, "10.130.1.4", "100% packet loss");
        ping_says(lab, "2001:db8:130::4", "100% packet loss");
        let (_, text) = run(lab, "h1", "ping", &["-n", "-c1", "-W1", "-t4", "10.130.1.4"]);
        assert!(text.contains("From 10.130.1.1"), "{text}");
    });
}

#[test]
fn net_mtu_blackhole() {
    check("net.mtu-blackhole,mtu=700", |lab| {
        for (address, headers) in [("10.130.1.4", 28), ("2001:db8:130::4", 48)] {
            for (size, loss) in [(700, " 0% packet loss"), (701, "100% packet loss")] {
                let data = (size - headers).to_string();
                let (_, text) = run(lab, "h1", "ping", &["-n", "-c1", "-W1", "-s", &data, address]);
                assert!(text.contains(loss), "{size} to {address}: {text}");
            }
        }
        assert_eq!(connect(lab, "10.130.1.4").0, TIMED_OUT);
    });
}

#[test]
fn net_ipv6_broken() {
    check("net.ipv6-broken", |lab| {
        assert!(dig(lab, &["AAAA", "www.example.com"]).contains("2001:db8:dead::4"));
        assert_eq!(fetch(lab, &["-6", PAGE]).0, TIMED_OUT);
        assert_eq!(fetch(lab, &[PAGE]), (0, "200".to_owned()));
    });
    check("net.ipv6-broken@isp,how=unreachable", |lab| {
        ping_says(lab, "2001:db8:dead::4", "Destination unreachable: No route");
    });
}

// --- tcp ----------------------------------------------------------------------

#[test]
fn tcp_port_closed() {
    check("tcp.port-closed", |lab| {
        for family in ["-4", "-6"] {
            assert_eq!(fetch(lab, &[family, PAGE]).0, COULD_NOT_CONNECT);
            assert_eq!(fetch(lab, &[family, "http://www.example.com/"]).1, "200");
        }
    });
}

#[test]
fn tcp_reset() {
    curl_meets("tcp.reset", COULD_NOT_CONNECT);
}

#[test]
fn tcp_reject_port_unreachable() {
    check("tcp.reject-port-unreachable", |lab| {
        for family in ["-4", "-6"] {
            let (code, text) = fetch(lab, &[family, PAGE]);
            assert_eq!(code, COULD_NOT_CONNECT, "{text}");
            assert_eq!(fetch(lab, &[family, "http://www.example.com/"]).1, "200");
        }
    });
}

#[test]
fn tcp_reject_admin_prohibited() {
    check("tcp.reject-admin-prohibited", |lab| {
        assert_ne!(fetch(lab, &["-4", PAGE]).0, 0);
        assert_ne!(fetch(lab, &["-6", PAGE]).0, 0);
        assert_eq!(fetch(lab, &["http://www.example.com/"]).1, "200");
    });
}

#[test]
fn tcp_syn_dropped() {
    check("tcp.syn-dropped", |lab| {
        assert_eq!(fetch(lab, &["-4", PAGE]).0, TIMED_OUT);
        assert_eq!(fetch(lab, &["-6", PAGE]).0, TIMED_OUT);
        assert_eq!(fetch(lab, &["http://www.example.com/"]).1, "200");
    });
    check("tcp.syn-dropped@backbone,port=80", |lab| {
        assert_eq!(fetch(lab, &["http://www.example.com/"]).0, TIMED_OUT);
        assert_healthy(lab, "the other port");
    });
}

#[test]
fn tcp_address_dead() {
    check("tcp.address-dead", |lab| {
        for (rtype, dead, alive) in
            [("A", "10.130.1.99", "10.130.1.4"), ("AAAA", "2001:db8:130::99", "2001:db8:130::4")]
        {
            let answer = dig(lab, &["+short", rtype, "www.example.com"]);
            assert_eq!(answer.lines().collect::<Vec<_>>(), [dead, alive]);
        }
        assert_eq!(fetch(lab, &[PAGE]).1, "200");
    });
}

// --- dns ----------------------------------------------------------------------

#[test]
fn dns_udp_blocked() {
    check("dns.udp-blocked", |lab| {
        assert!(dig(lab, &["www.example.com"]).contains("no servers could be reached"));
        assert!(dig(lab, &["+tcp", "+short", "www.example.com"]).contains("10.130.1.4"));
    });
}

#[test]
fn dns_nxdomain() {
    check("dns.nxdomain", |lab| {
        assert!(dig(lab, &["www.example.com"]).contains("NXDOMAIN"));
        assert_eq!(fetch(lab, &[PAGE]).0, COULD_NOT_RESOLVE);
    });
}

#[test]
fn dns_nxdomain_of_a_zone() {
    check("dns.nxdomain,name=httpbin.org", |lab| {
        assert!(dig(lab, &["httpbin.org"]).contains("NXDOMAIN"));
        assert!(dig(lab, &["+short", "www.python.org"]).contains("10.130.1.4"));
    });
}

#[test]
fn dns_servfail() {
    check("dns.servfail", |lab| {
        assert!(dig(lab, &["www.example.com"]).contains("SERVFAIL"));
        assert!(dig(lab, &["+short", "httpbin.org"]).contains("10.130.1.4"));
    });
}

#[test]
fn dns_truncated() {
    check("dns.truncated", |lab| {
        assert!(dig(lab, &["+ignore", "www.example.com"]).contains("flags: qr tc"));
        let (_, text) = run(lab, "h1", "dig", &["@10.1.1.1", "+tcp", "+tries=1", "example.com"]);
        assert!(text.contains("connection refused"), "{text}");
        assert_eq!(fetch(lab, &[PAGE]).0, COULD_NOT_RESOLVE);
    });
}

#[test]
fn dns_slow_resolver() {
    check("dns.slow-resolver,delay=3500ms", |lab| {
        assert!(dig(lab, &["+time=2", "www.example.com"]).contains("no servers could be reached"));
        assert!(dig(lab, &["+time=9", "+short", "www.example.com"]).contains("10.130.1.4"));
    });
}

#[test]
fn dns_lame_delegation() {
    check("dns.lame-delegation", |lab| {
        assert!(dig(lab, &["www.example.com"]).contains("SERVFAIL"));
        for server in ["@10.130.1.1", "@10.130.1.3"] {
            let (_, text) = run(lab, "h1", "dig", &[server, "www.example.com"]);
            assert!(text.contains("REFUSED"), "{text}");
        }
    });
}

#[test]
fn dns_dangling_cname() {
    check("dns.dangling-cname", |lab| {
        let text = dig(lab, &["www.example.com"]);
        assert!(text.contains("NXDOMAIN") && text.contains("gone.example.com"), "{text}");
    });
}

// --- tls ----------------------------------------------------------------------

#[test]
fn tls_cert_expired() {
    curl_meets("tls.cert-expired", BAD_CERTIFICATE);
}

#[test]
fn tls_wrong_host() {
    curl_meets("tls.wrong-host", BAD_CERTIFICATE);
}

#[test]
fn tls_self_signed() {
    curl_meets("tls.self-signed", BAD_CERTIFICATE);
}

#[test]
fn tls_unknown_root() {
    curl_meets("tls.unknown-root", BAD_CERTIFICATE);
}

#[test]
fn tls_missing_intermediate() {
    check("tls.missing-intermediate", |lab| {
        assert_eq!(fetch(lab, &[PAGE]).0, BAD_CERTIFICATE);
        // The address in the leaf leads to what is missing.
        let (_, text) = run(
            lab,
            "h1",
            "sh",
            &[
                "-c",
                "curl -s http://ca.example.com/intermediate.cer | openssl x509 -inform der -noout -subject",
            ],
        );
        assert!(text.contains("subject"), "{text}");
    });
}

#[test]
fn tls_plaintext() {
    check("tls.plaintext", |lab| {
        assert_eq!(fetch(lab, &[PAGE]).0, TLS_FAILED);
        assert_eq!(fetch(lab, &["http://www.example.com:443/"]).1, "200");
    });
}

#[test]
fn tls_old_version() {
    curl_meets("tls.old-version", TLS_FAILED);
}

#[test]
fn tls_client_cert_required() {
    check("tls.client-cert-required", |lab| {
        assert_ne!(fetch(lab, &[PAGE]).0, 0);
    });
}

#[test]
fn tls_hello_dropped() {
    check("tls.hello-dropped", |lab| {
        for family in ["-4", "-6"] {
            assert_eq!(fetch(lab, &[family, PAGE]).0, TIMED_OUT);
            // Something is there, and it answers other bytes.
            let (_, text) = fetch(lab, &[family, "http://www.example.com:443/"]);
            assert_eq!(text, "400");
        }
    });
}

// --- http ---------------------------------------------------------------------

#[test]
fn http_silent() {
    curl_meets("http.silent", TIMED_OUT);
}

#[test]
fn http_server_error() {
    check("http.server-error,status=503", |lab| {
        assert_eq!(fetch(lab, &[PAGE]), (0, "503".to_owned()));
    });
}

#[test]
fn http_redirect_loop() {
    check("http.redirect-loop", |lab| {
        assert_eq!(fetch(lab, &["-L", "--max-redirs", "5", PAGE]).0, TOO_MANY_REDIRECTS);
    });
}

#[test]
fn http_redirect_dead_name() {
    check("http.redirect-dead-name", |lab| {
        assert_eq!(fetch(lab, &["-L", PAGE]).0, COULD_NOT_RESOLVE);
    });
}

#[test]
fn http_slow() {
    check("http.slow,delay=2s", |lab| {
        assert_eq!(fetch(lab, &["--max-time", "1", PAGE]).0, TIMED_OUT);
        assert_eq!(fetch(lab, &[PAGE]).1, "200");
    });
}

#[test]
fn http_body_truncated() {
    check("http.body-truncated", |lab| {
        assert_eq!(fetch(lab, &["--http1.1", PAGE]).0, 18);
        assert_ne!(fetch(lab, &["--http2", PAGE]).0, 0);
    });
}

#[test]
fn http_encoding_corrupt() {
    curl_meets("http.encoding-corrupt", 61);
}

// --- the rest -------------------------------------------------------------------

#[test]
fn each_further_fault_of_the_network_is_met() {
    for (fault, code) in [
        ("net.blackhole-route", TIMED_OUT),
        ("net.routing-loop", COULD_NOT_CONNECT),
        ("net.host-filtered", TIMED_OUT),
        ("tcp.syn-ack-dropped", TIMED_OUT),
        ("tcp.payload-dropped", TIMED_OUT),
        ("tcp.reject-host-unreachable", COULD_NOT_CONNECT),
    ] {
        curl_meets(fault, code);
    }
    check("net.routing-loop", |lab| {
        for hop in ["From 10.1.1.1", "From 10.130.1.1"] {
            let heard = ["3", "4", "5", "6"].iter().filter(|ttl| {
                let args = ["-4", "-n", "-c1", "-W1", "-t", **ttl, "10.130.1.4"];
                run(lab, "h1", "ping", &args).1.contains(hop)
            });
            assert!(heard.count() >= 2, "{hop}");
        }
    });
    check("net.host-rejected", |lab| ping_says(lab, "10.130.1.4", "Packet filtered"));
}

#[test]
fn each_further_fault_of_a_server_is_met() {
    for (fault, code) in [
        ("tcp.closed-after-accept", TLS_FAILED),
        ("tls.cert-not-yet-valid", BAD_CERTIFICATE),
        ("tls.unrecognized-name", TLS_FAILED),
        ("tls.handshake-silent", TIMED_OUT),
        ("tls.handshake-cut", TLS_FAILED),
        ("tls.internal-error", TLS_FAILED),
        ("http.body-stalled", TIMED_OUT),
    ] {
        curl_meets(fault, code);
    }
    check("tcp.reset-after-accept", |lab| {
        // It depends on the moment whether connect() or the handshake meets it.
        assert!([COULD_NOT_CONNECT, TLS_FAILED].contains(&fetch(lab, &[PAGE]).0));
    });
    check("http.client-error", |lab| assert_eq!(fetch(lab, &[PAGE]).1, "404"));
    check("http.empty-reply", |lab| {
        assert_eq!(fetch(lab, &["http://www.example.com/"]).0, 52);
    });
    check("http.reset", |lab| assert_eq!(fetch(lab, &["http://www.example.com/"]).0, 56));
}

#[test]
fn each_further_fault_of_names_is_met() {
    for (fault, said) in [
        ("dns.resolver-port-closed", "refused"),
        ("dns.resolver-silent", "no servers could be reached"),
        ("dns.refused", "status: REFUSED"),
        ("dns.malformed", "short (< header size)"),
        ("dns.no-address", "ANSWER: 0"),
        ("dns.cname-loop", "loop-of-www.example.com"),
    ] {
        check(fault, |lab| {
            let text = dig(lab, &["www.example.com"]);
            assert!(text.contains(said), "{fault}: {text}");
        });
    }
    check("dns.authority-silent", |lab| {
        let (_, text) =
            run(lab, "h1", "dig", &["@10.130.1.1", "+tries=1", "+time=1", "example.com"]);
        assert!(text.contains("no servers could be reached"), "{text}");
    });
}

// --- variants that break nothing ------------------------------------------------

#[test]
fn variants_break_nothing() {
    let lab = lab();
    let before = state(&lab);
    for variant in faults::VARIANTS {
        lab.break_fault(variant.name).unwrap();
        assert_healthy(&lab, variant.name);
        lab.heal(None).unwrap();
    }
    assert_same(&before, &state(&lab), "all healed");
}

#[test]
fn variants_show() {
    let lab = lab();
    lab.break_fault("net.mtu-reduced").unwrap();
    let ping = |args: &[&str]| {
        let args: Vec<&str> = ["-n", "-c1", "-W9"].iter().chain(args).copied().collect();
        run(&lab, "h1", "ping", &args).1
    };
    let text = ping(&["-M", "do", "-s", "1400", "10.130.1.4"]);
    assert!(text.contains("mtu = 1280") || text.contains("mtu=1280"), "{text}");
    lab.break_fault("net.router-silent").unwrap();
    let text = ping(&["-t2", "-W1", "10.130.1.4"]);
    assert!(!text.contains("exceeded"), "{text}");
    let text = ping(&["-t3", "10.130.1.4"]);
    assert!(text.contains("From 10.1.1.1"), "{text}");
    lab.break_fault("tls.no-http2").unwrap();
    let (_, version) =
        run(&lab, "h1", "curl", &["-s", "-o", "/dev/null", "-w", "%{http_version}", PAGE]);
    assert_eq!(version, "1.1");
}

// --- truth ----------------------------------------------------------------------

#[test]
fn the_lab_counts_what_met_a_fault() {
    for (fault, counts_packets) in [
        ("tcp.syn-dropped,port=80", true),
        ("dns.udp-blocked", true),
        ("tls.cert-expired", false),
        ("http.server-error", false),
        ("dns.nxdomain", false),
        ("dns.lame-delegation", false),
        ("dns.servfail", false),
    ] {
        let lab = lab();
        lab.break_fault(fault).unwrap();
        let count = || {
            let hits = lab.client().unwrap().hits().unwrap();
            assert_eq!(hits.len(), 1);
            assert!(!hits[0].changes.is_empty());
            if counts_packets { hits[0].packets } else { hits[0].served }.unwrap()
        };
        assert_eq!(count(), 0, "{fault}");
        let _ = fetch(&lab, &["--max-time", "1", "http://www.example.com/"]);
        let _ = fetch(&lab, &["--max-time", "1", PAGE]);
        assert!(count() > 0, "{fault}");
    }
}

// --- several at once ------------------------------------------------------------

#[test]
fn faults_heal_in_any_order() {
    let lab = lab();
    let before = state(&lab);
    let faults = [
        "net.unreachable-route",
        "link.interface-down@example:eth1",
        "net.no-return-route@example",
        "tcp.reset",
        "tcp.syn-dropped,port=80",
        "dns.nxdomain",
        "tcp.address-dead",
        "http.slow",
        "http.server-error",
        "tls.cert-expired",
        "tls.wrong-host",
        "net.forwarding-off",
    ];
    for order in [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [5, 2, 0, 11, 1, 10, 3, 8, 4, 9, 7, 6]] {
        for fault in faults {
            lab.break_fault(fault).unwrap();
        }
        for index in order {
            lab.heal(Some(faults[index])).unwrap();
        }
        assert_same(&before, &state(&lab), "all healed");
        assert_healthy(&lab, "all healed");
    }
}

#[test]
fn every_fault_heals_at_every_place() {
    let lab = lab();
    let map = lab.map().unwrap();
    let machines = map.machines.iter().map(|machine| machine.name.clone());
    let links = map.links.iter().map(|link| link.name.clone());
    let ends = map.links.iter().flat_map(|link| link.ends.clone());
    let places: Vec<String> = machines.chain(links).chain(ends).collect();
    let before = state(&lab);
    for spec in faults::known().filter(|spec| !spec.loopback) {
        let mut made = 0;
        for place in &places {
            let fault = format!("{}@{place}", spec.name);
            match lab.break_fault(&fault) {
                Ok(()) => {
                    made += 1;
                    assert_eq!(lab.heal(Some(&fault)).unwrap(), [fault]);
                }
                Err(error) => assert!(error.is_usage(), "{fault}: {error}"),
            }
        }
        assert!(made > 0, "{}", spec.name);
        assert_same(&before, &state(&lab), spec.name);
    }
    assert_healthy(&lab, "all healed");
}

#[test]
fn what_cannot_be_made_leaves_nothing() {
    let lab = lab();
    for (fault, said) in [
        ("tls.cert-expird", "did you mean \"tls.cert-expired\""),
        ("tcp.reset,port=70000", "character 16"),
        ("tcp.port-closed@h1,port=443", "nothing listens"),
        ("dns.nxdomain,name=wwww.example.com", "did you mean www.example.com"),
        ("tls.cert-expired@h1", "not a machine"),
        ("dns.dangling-cname,name=httpbin.org", "cannot be an alias"),
    ] {
        let error = lab.break_fault(fault).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(said), "{error}");
    }
    lab.break_fault("tcp.reset").unwrap();
    assert!(lab.break_fault("tcp.reset").unwrap_err().to_string().contains("active already"));
    assert!(lab.heal(Some("tcp.rest")).unwrap_err().to_string().contains("tcp.reset"));
    assert_eq!(lab.heal(None).unwrap(), ["tcp.reset@example"]);
    assert_healthy(&lab, "after all");
}
