//! Opening connections: each way to fail, with who said so.

mod laboratory;

use std::time::Duration;

use laboratory::*;
use plumb_sys::errqueue::Origin;
use plumb_sys::netlink::{NeighbourState, Netlink, RouteKind, RouteSpec};
use plumb_sys::nft::{Chain, Family, Hook, Nft, Policy, Reject, Rule, Table, Transaction};
use plumb_sys::sysctl;
use plumb_sys::tcp::{self, DialOptions, DialOutcome, DialReport};
use plumb_sys::udp::{self, PathMtuDiscovery, ProbeSocket, Reply};

fn dial(address: &str, port: u16, options: DialOptions) -> DialReport {
    runtime().block_on(tcp::dial(at(address, port), &options)).expect("a measurement")
}

fn errno(report: &DialReport) -> Option<i32> {
    match &report.outcome {
        DialOutcome::Failed(error) => error.raw_os_error(),
        _ => None,
    }
}

/// A table at the router's forward hook with these rules.
fn filter(lab: &Laboratory, rules: &[Rule]) {
    lab.in_router(|| {
        let table = Table::new(Family::Inet, "test");
        let mut transaction = Transaction::new();
        transaction
            .remove_table(&table)
            .add_table(&table)
            .add_chain(&table, &Chain::filter("forward", Hook::Forward, Policy::Accept));
        for rule in rules {
            transaction.add_rule(&table, "forward", rule);
        }
        Nft::open().expect("nft").commit(&transaction).expect("rules");
    });
}

#[test]
fn a_connection_is_described() {
    isolated("a_connection_is_described", || {
        let lab = Laboratory::build();
        let _listeners = lab.listen(80);
        for (server, client) in [(SERVER_V4, CLIENT_V4), (SERVER_V6, CLIENT_V6)] {
            let options = DialOptions { mss_bytes: Some(700), ..DialOptions::default() };
            let report = dial(server, 80, options);
            assert!(matches!(report.outcome, DialOutcome::Connected(_)), "{report:?}");
            assert_eq!(report.local.map(|local| local.ip()), Some(ip(client)));
            assert_eq!(report.errors, []);
            let info = report.info.expect("TCP_INFO");
            assert_eq!((info.state, info.total_retransmits), ("ESTABLISHED", 0));
            assert!(info.send_mss_bytes <= 700, "{info:?}");
            assert_eq!(info.send_queue_bytes, Some(0));
        }
        let source = DialOptions { source: Some(ip("10.9.9.9")), ..DialOptions::default() };
        let error = runtime()
            .block_on(tcp::dial(at(SERVER_V4, 80), &source))
            .expect_err("not an own address");
        assert_eq!(plumb_sys::socket::errno_of(&error), Some(libc::EADDRNOTAVAIL));
        assert!(error.to_string().starts_with("bind to 10.9.9.9: "), "{error}");
    });
}

#[test]
fn a_closed_port_refuses_without_a_message() {
    isolated("a_closed_port_refuses_without_a_message", || {
        let _lab = Laboratory::build();
        for server in [SERVER_V4, SERVER_V6] {
            let report = dial(server, 81, DialOptions::default());
            assert_eq!(errno(&report), Some(libc::ECONNREFUSED), "{report:?}");
            assert_eq!(report.errors, []);
        }
    });
}

#[test]
fn a_small_ttl_names_the_router() {
    isolated("a_small_ttl_names_the_router", || {
        let lab = Laboratory::build();
        let _listeners = lab.listen(80);
        for (server, router, origin, kind) in
            [(SERVER_V4, ROUTER_V4, Origin::Icmp, 11), (SERVER_V6, ROUTER_V6, Origin::Icmp6, 3)]
        {
            let one = DialOptions { ttl: Some(1), ..DialOptions::default() };
            let report = dial(server, 80, one);
            assert_eq!(errno(&report), Some(libc::EHOSTUNREACH), "{report:?}");
            let error = &report.errors[0];
            assert_eq!((error.origin, error.icmp_type, error.icmp_code), (origin, kind, 0));
            assert_eq!(error.offender, Some(ip(router)));
            assert_eq!(error.reply_ttl, Some(64));
            assert_eq!(error.payload.get(2..4), Some(&80_u16.to_be_bytes()[..]), "TCP header");
            let two = DialOptions { ttl: Some(2), ..DialOptions::default() };
            assert!(matches!(dial(server, 80, two).outcome, DialOutcome::Connected(_)));
        }
    });
}

#[test]
fn a_refusing_route_is_told_from_a_refusing_filter() {
    isolated("a_refusing_route_is_told_from_a_refusing_filter", || {
        let lab = Laboratory::build();
        let _listeners = lab.listen(80);
        for (kind, code_v4, code_v6) in
            [(RouteKind::Unreachable, 1, 0), (RouteKind::Prohibit, 13, 1)]
        {
            for (server, code) in [(SERVER_V4, code_v4), (SERVER_V6, code_v6)] {
                let mut route = RouteSpec::to(ip(server).into());
                route.kind = kind;
                lab.in_router(|| Netlink::open().expect("netlink").add_route(&route).expect("add"));
                // The route is looked up before the TTL is: even TTL 1 is refused.
                for ttl in [None, Some(1)] {
                    let report = dial(server, 80, DialOptions { ttl, ..DialOptions::default() });
                    let error = report.errors.first().expect("a message");
                    assert_eq!(error.icmp_code, code, "{kind:?} {report:?}");
                    assert!(errno(&report).is_some(), "{report:?}");
                }
                lab.in_router(|| Netlink::open().expect("netlink").del_route(&route).expect("del"));
            }
        }
        filter(&lab, &[Rule::new().tcp_port(80).reject(Reject::AdminProhibited)]);
        for (server, kind, code) in [(SERVER_V4, 3, 13), (SERVER_V6, 1, 1)] {
            let report = dial(server, 80, DialOptions::default());
            let error = report.errors.first().expect("a message");
            assert_eq!((error.icmp_type, error.icmp_code), (kind, code), "{report:?}");
            let report = dial(server, 80, DialOptions { ttl: Some(1), ..DialOptions::default() });
            let error = report.errors.first().expect("a message");
            assert_eq!(error.icmp_type, if ip(server).is_ipv4() { 11 } else { 3 });
        }
    });
}

#[test]
fn silence_is_a_time_out() {
    isolated("silence_is_a_time_out", || {
        let lab = Laboratory::build();
        let _listeners = lab.listen(80);
        filter(&lab, &[Rule::new().tcp_port(80).syn().drop()]);
        for server in [SERVER_V4, SERVER_V6] {
            let options =
                DialOptions { timeout: Duration::from_millis(50), ..DialOptions::default() };
            let report = dial(server, 80, options);
            assert!(matches!(report.outcome, DialOutcome::TimedOut), "{report:?}");
            assert_eq!(report.info.map(|info| info.state), Some("SYN-SENT"));
        }
        // The kernel's own patience ends the same way.
        let options = DialOptions { syn_count: Some(1), ..DialOptions::default() };
        let report = dial(SERVER_V4, 80, options);
        assert!(matches!(report.outcome, DialOutcome::TimedOut), "{report:?}");
    });
}

#[test]
fn no_route_fails_at_once() {
    isolated("no_route_fails_at_once", || {
        let _lab = Laboratory::build();
        let mut netlink = Netlink::open().expect("netlink");
        for route in netlink.routes().expect("routes") {
            if route.destination.prefix_len() == 0 {
                netlink.del_route(&route).expect("delete");
            }
        }
        for server in [SERVER_V4, SERVER_V6] {
            let report = dial(server, 80, DialOptions::default());
            assert_eq!(errno(&report), Some(libc::ENETUNREACH), "{report:?}");
        }
    });
}

#[test]
fn a_dead_neighbour_is_reported_by_the_own_kernel() {
    isolated("a_dead_neighbour_is_reported_by_the_own_kernel", || {
        let _lab = Laboratory::build();
        for (family, nobody, own) in
            [("ipv4", "10.9.1.77", CLIENT_V4), ("ipv6", "2001:db8:1::77", CLIENT_V6)]
        {
            // Three questions a second apart are the kernel's patience.
            sysctl::write(&format!("net/{family}/neigh/c0/retrans_time_ms"), "10").expect("sysctl");
            let report = dial(nobody, 80, DialOptions::default());
            assert_eq!(errno(&report), Some(libc::EHOSTUNREACH), "{report:?}");
            let error = report.errors.first().expect("an entry");
            assert_eq!(error.offender, Some(ip(own)), "{report:?}");
            let neighbour = Netlink::open().expect("netlink").neighbour(ip(nobody)).expect("table");
            assert_eq!(neighbour.map(|entry| entry.state), Some(NeighbourState::Failed));
        }
    });
}

#[test]
fn a_narrow_link_says_its_mtu() {
    isolated("a_narrow_link_says_its_mtu", || {
        let lab = Laboratory::build();
        lab.in_router(|| Netlink::open().expect("netlink").set_mtu("r1", 1400).expect("mtu"));
        runtime().block_on(async {
            for (server, router) in [(SERVER_V4, ROUTER_V4), (SERVER_V6, ROUTER_V6)] {
                let probe = ProbeSocket::connect(at(server, 7), None).expect("connect");
                probe.set_path_mtu_discovery(PathMtuDiscovery::Probe).expect("discovery");
                probe.send(&[0; 1450]).expect("send");
                match probe.receive().await.expect("a reply") {
                    Reply::Error(error) => {
                        assert_eq!((error.errno, error.info), (libc::EMSGSIZE, 1400));
                        assert_eq!(error.offender, Some(ip(router)));
                    }
                    other => panic!("{other:?}"),
                }
                assert_eq!(probe.path_mtu_bytes().expect("mtu"), 1400);
            }
        });
    });
}

#[test]
fn udp_probes_hear_answers_and_errors() {
    isolated("udp_probes_hear_answers_and_errors", || {
        let lab = Laboratory::build();
        runtime().block_on(async {
            for (server, router) in [(SERVER_V4, ROUTER_V4), (SERVER_V6, ROUTER_V6)] {
                let echo = lab.in_server(|| udp::bind(at(server, 7)).expect("bind"));
                let echo = tokio::net::UdpSocket::from_std(echo).expect("tokio");
                let probe = ProbeSocket::connect(at(server, 7), None).expect("connect");
                probe.send(b"hello").expect("send");
                let mut buffer = [0; 64];
                let (size, from) = echo.recv_from(&mut buffer).await.expect("receive");
                echo.send_to(&buffer[..size], from).await.expect("answer");
                match probe.receive().await.expect("a reply") {
                    Reply::Datagram { data, ttl, .. } => {
                        assert_eq!((data.as_slice(), ttl), (&b"hello"[..], Some(63)));
                    }
                    other => panic!("{other:?}"),
                }
                // Several errors pending: none may be lost, no send may fail.
                let probe = ProbeSocket::connect(at(server, 7), None).expect("connect");
                probe.set_ttl(1).expect("ttl");
                for word in [b"1", b"2", b"3"] {
                    probe.send(word).expect("send");
                }
                for word in [b"1", b"2", b"3"] {
                    match probe.receive().await.expect("a reply") {
                        Reply::Error(error) => {
                            assert_eq!(error.offender, Some(ip(router)));
                            assert_eq!(error.payload, word);
                        }
                        other => panic!("{other:?}"),
                    }
                }
                let probe = ProbeSocket::connect(at(server, 9), None).expect("connect");
                probe.send(b"nobody").expect("send");
                match probe.receive().await.expect("a reply") {
                    Reply::Error(error) => assert_eq!(error.errno, libc::ECONNREFUSED),
                    other => panic!("{other:?}"),
                }
                let probe = ProbeSocket::connect(at(server, 7), None).expect("connect");
                probe.set_path_mtu_discovery(PathMtuDiscovery::Probe).expect("discovery");
                let error = probe.send(&[0; 1600]).expect_err("larger than the interface");
                assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
                assert_eq!(probe.path_mtu_bytes().expect("mtu"), 1500);
            }
        });
    });
}

#[test]
fn a_local_filter_shows_as_eperm() {
    isolated("a_local_filter_shows_as_eperm", || {
        let _lab = Laboratory::build();
        let table = Table::new(Family::Inet, "test");
        let mut transaction = Transaction::new();
        transaction
            .add_table(&table)
            .add_chain(&table, &Chain::filter("out", Hook::Output, Policy::Drop));
        Nft::open().expect("nft").commit(&transaction).expect("rules");
        runtime().block_on(async {
            let probe = ProbeSocket::connect(at(SERVER_V4, 7), None).expect("connect");
            let error = probe.send(b"x").expect_err("dropped here");
            assert_eq!(error.raw_os_error(), Some(libc::EPERM));
        });
    });
}
