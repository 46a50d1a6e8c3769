//! Rows of the network layer.

use super::*;

fn both_unreachable(after_ns: u64) -> Run {
    Run::www().resolved().both_fail(
        (unreachable(), vec![icmp(3, 1, "10.130.1.1", after_ns)]),
        (unreachable(), vec![icmp6(1, 3, "2001:db8:130::1", after_ns)]),
        after_ns,
    )
}

#[test]
fn row_7_dead_host() {
    let run = both_unreachable(3_070 * MS);
    let wanted = questions(&run.evidence);
    assert!(wanted.contains(&Question::Path { destination: sock(V4) }));
    assert!(wanted.contains(&Question::OtherPort { address: sock("10.130.1.4:80") }));
    let run = run.traces(4).other_ports(ConnectOutcome::TimedOut, Vec::new());
    let verdict = broken(&run, F::NetHostUnreachable, &[]);
    assert_eq!(verdict.place, Some(Where::Service));
    assert_eq!(questions(&run.evidence), []);
}

#[test]
fn row_8_unreachable_route() {
    let at = |run: Run, to: &str, by: &str, error: IcmpError, before: &str| {
        run.hop_probe(to, 3, HopOutcome::TimeExceeded { router: ip(before), reply_ttl: None })
            .hop_probe(
                to,
                4,
                HopOutcome::Icmp { error: IcmpError { offender: Some(ip(by)), ..error } },
            )
    };
    let quick = icmp(3, 1, "10.130.1.1", MS);
    let quick6 = icmp6(1, 0, "2001:db8:130::1", MS);
    let run = Run::www().resolved().both_fail(
        (unreachable(), vec![quick.clone()]),
        (failed(101, "ENETUNREACH"), vec![quick6.clone()]),
        MS,
    );
    let run = at(run, V4, "10.130.1.1", quick.clone(), "10.1.1.1");
    let run = at(run, V6, "2001:db8:130::1", quick6, "2001:db8:1::1");
    let run = run.other_ports(unreachable(), vec![quick]);
    broken(&run, F::NetRouteUnreachable, &[]);
}

#[test]
fn row_9_prohibit_route() {
    let quick = icmp(3, 13, "10.130.1.1", MS);
    let quick6 = icmp6(1, 1, "2001:db8:130::1", MS);
    let run = Run::www().resolved().both_fail(
        (ConnectOutcome::TimedOut, vec![quick.clone()]),
        (failed(13, "EACCES"), vec![quick6.clone()]),
        5 * S,
    );
    let run = run
        .hop_probe(V4, 3, HopOutcome::TimeExceeded { router: ip("10.1.1.1"), reply_ttl: None })
        .hop_probe(V4, 4, HopOutcome::Icmp { error: quick.clone() })
        .hop_probe(V6, 3, HopOutcome::TimeExceeded { router: ip("2001:db8:1::1"), reply_ttl: None })
        .hop_probe(V6, 4, HopOutcome::Icmp { error: quick6 })
        .other_ports(unreachable(), vec![quick]);
    broken(&run, F::NetRouteProhibited, &[]);
}

#[test]
fn row_11_local_reject_route() {
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", addresses(&["10.130.1.4"]), MS)
        .dns("AAAA", rcode("noerror", 0), MS)
        .system_addresses(&["10.130.1.4"])
        .route_refused("10.130.1.4", 13, "EACCES")
        .connect(V4, failed(13, "EACCES"), 20_000)
        .phase(PhaseName::Tcp, false);
    broken(&run, F::NetRouteLocalReject, &[]);
}

/// The resolver is silent over every transport and on every port.
fn resolver_gone(run: Run) -> Run {
    run.seen_as(Purpose::Aside)
        .dns("A", silence(), 1_800 * MS)
        .dns("AAAA", silence(), 1_800 * MS)
        .seen_as(Purpose::Walk)
        .system(SystemResult::TimedOut, 5 * S)
        .seen_as(Purpose::Probe)
        .exchange(RESOLVER, DnsTransport::Tcp, "www.example.com", "A", silence(), 2 * S)
        .exchange(RESOLVER, DnsTransport::Udp, ".", "NS", silence(), 2 * S)
        .asked(Question::OtherPort { address: sock("10.1.1.1:80") })
        .connect("10.1.1.1:80", ConnectOutcome::TimedOut, 2 * S)
        .seen_as(Purpose::Walk)
}

#[test]
fn row_12_gateway_does_not_forward() {
    let run =
        resolver_gone(Run::www().route("10.1.1.1")).trace(RESOLVER, &["*"; 8]).gateways_answer();
    let asked = Question::OtherPort { address: sock("192.168.1.1:80") };
    assert!(questions(&run.evidence).contains(&asked));
    let verdict =
        broken(&run.gateway_asked(ConnectOutcome::Refused), F::NetGatewayNotForwarding, &[]);
    assert_eq!(verdict.place, Some(Where::Network));
}

#[test]
fn a_gateway_that_died_a_moment_ago_is_not_said_to_be_there() {
    let run = resolver_gone(Run::www().route("10.1.1.1"))
        .trace(RESOLVER, &["*"; 8])
        .gateways_answer()
        .gateway_asked(ConnectOutcome::TimedOut);
    let candidates = [F::LinkGatewaySilent, F::NetGatewayNotForwarding, F::TcpLocalFirewall];
    let verdict = broken(&run, F::NetPathSilent, &candidates);
    assert_eq!(verdict.place, Some(Where::Network));
    assert_eq!(questions(&run.evidence), []);
}

#[test]
fn a_silent_path_to_the_resolver_is_no_dns_fault() {
    let run = resolver_gone(Run::www().route("10.1.1.1"))
        .trace(RESOLVER, &["192.168.1.1", "10.25.1.1", "*", "*", "*", "*"])
        .gateways_answer();
    broken(&run, F::NetPathSilent, &SILENT_PATH);
}

#[test]
fn a_router_that_cannot_reach_the_resolver_is_no_dns_fault() {
    let told = DnsOutcome::Refused {
        errno: 113,
        errno_name: "EHOSTUNREACH".to_owned(),
        icmp: vec![icmp(3, 1, "192.168.1.1", 3_070 * MS)],
    };
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", told.clone(), 3_070 * MS)
        .dns("AAAA", told, 3_070 * MS)
        .system_failed("EAI_AGAIN")
        .trace(RESOLVER, &["192.168.1.1", "*", "*", "*", "*"]);
    let verdict = broken(&run, F::NetHostUnreachable, &[]);
    assert_eq!(verdict.place, Some(Where::Network));
}

#[test]
fn row_13_loop() {
    let loop_hops = ["192.168.1.1", "10.25.1.1", "10.1.1.1", "10.25.1.1", "10.1.1.1", "10.25.1.1"];
    let run = Run::www()
        .resolved()
        .both_fail((ConnectOutcome::TimedOut, vec![]), (ConnectOutcome::TimedOut, vec![]), 5 * S)
        .trace(V4, &loop_hops);
    broken(&run, F::NetRouteLoop, &[]);
}

#[test]
fn while_a_connection_waits_the_path_is_asked() {
    let run = Run::www().resolved();
    assert_eq!(questions(&run.evidence), []);
    let addresses = vec![sock(V6), sock(V4)];
    let phase = PhaseName::Tcp;
    let waits = run.see(Observation::Waiting { phase, addresses, silent_ns: 700 * MS });
    unknown(&waits);
    assert!(!plumb_diag::conclusive(&waits.evidence));
    let wanted = questions(&waits.evidence);
    assert!(wanted.contains(&Question::Path { destination: sock(V6) }), "{wanted:?}");
    assert!(wanted.contains(&Question::OtherPort { address: sock("10.130.1.4:80") }));
    let healthy_after_all = waits.connected().secured().page(200);
    assert_eq!(questions(&healthy_after_all.evidence), []);
}

#[test]
fn row_14_no_return_route() {
    let run = both_silent();
    unknown(&run);
    let run = run.gateways_answer().traces(4).other_ports(ConnectOutcome::TimedOut, vec![]);
    let verdict = broken(&run, F::NetPathSilent, &SILENT_PATH);
    assert_eq!(verdict.findings.len(), 1);
    assert_eq!(questions(&run.evidence), []);
}

#[test]
fn row_18_mtu_black_hole() {
    let run = Run::www().resolved().connected().stalls(PhaseName::Tls, 0);
    unknown(&run);
    let wanted = questions(&run.evidence);
    assert!(
        wanted.iter().any(|q| matches!(q, Question::SegmentSize { tls: true, .. })),
        "{wanted:?}"
    );
    let run = run
        .segments(V6, &[(1_220, false), (900, false), (640, true), (641, false)])
        .hellos_silent(true, true);
    let verdict = broken(&run, F::NetMtuBlackhole, &[]);
    assert!(verdict.findings[0].claim.contains("700"), "{}", verdict.findings[0].claim);
    assert_eq!(questions(&run.evidence), []);
    assert!(plumb_diag::conclusive(&run.evidence));
}

#[test]
fn row_18_also_over_plain_http() {
    let run = Run::plain_www()
        .resolved()
        .connect("10.130.1.4:80", ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .request()
        .response(200, MS)
        .stalls(PhaseName::Response, 0);
    assert!(
        questions(&run.evidence)
            .iter()
            .any(|q| matches!(q, Question::SegmentSize { tls: false, .. }))
    );
    let run = run
        .segments("10.130.1.4:80", &[(1_460, false), (660, true), (661, false)])
        .body(BodyEnd::Stalled, |_| ());
    let verdict = broken(&run, F::NetMtuBlackhole, &[]);
    assert!(verdict.findings[0].claim.contains("700"));
}

#[test]
fn row_25_ipv6_broken() {
    let told = vec![icmp6(1, 0, "2001:db8:25:a::1", MS)];
    degraded(&v6_dead(failed(101, "ENETUNREACH"), told), F::NetIpv6Broken);
    degraded(&v6_dead(ConnectOutcome::TimedOut, vec![]), F::NetIpv6Broken);
    let cut = v6_dead(ConnectOutcome::Abandoned, vec![]);
    assert_eq!(questions(&cut.evidence), [Question::OtherAddress { address: sock(V6) }]);
    let told = cut
        .seen_as(Purpose::Probe)
        .asked(Question::OtherAddress { address: sock(V6) })
        .connect(V6, ConnectOutcome::TimedOut, 5 * S);
    degraded(&told, F::NetIpv6Broken);
}

#[test]
fn row_26_only_ipv6_for_a_host_without() {
    let run = Run::to("https://six.example.com/", Scheme::Https, "six.example.com", 443)
        .interfaces(vec![loopback(), eth1_only(false)])
        .resolver_config(&[RESOLVER])
        .route("10.1.1.1")
        .dns("AAAA", addresses(&["2001:db8:130::4"]), MS)
        .system_addresses(&["2001:db8:130::4"])
        .no_route("2001:db8:130::4")
        .connect(V6, failed(101, "ENETUNREACH"), 20_000)
        .phase(PhaseName::Tcp, false);
    broken(&run, F::NetIpv6Unavailable, &[]);
}
