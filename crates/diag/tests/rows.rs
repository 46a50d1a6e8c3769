//! The fault table, row by row: evidence as a client would gather it, and the
//! verdict that it must give.

mod scenario;

use plumb_diag::{judge, questions};
use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::*;
use plumb_evidence::{
    FindingId, Observation, Outcome, Purpose, Question, Severity, Verdict, Where,
};
use scenario::*;

/// The verdict, after what must hold of every verdict was checked.
fn verdict(run: &Run) -> Verdict {
    let verdict = judge(&run.evidence);
    for finding in &verdict.findings {
        assert!(!finding.because.is_empty(), "{} without because", finding.id);
        // Where nothing is wrong nothing needs to be done.
        let remedy = !finding.try_next.is_empty() || finding.severity == Severity::Info;
        assert!(remedy, "{} without a remedy", finding.id);
        assert!(!finding.claim.is_empty());
        for cited in finding.because.iter().chain(&finding.ruled_out) {
            assert!(!cited.events.is_empty(), "{}: {} cites nothing", finding.id, cited.text);
            for seq in &cited.events {
                assert!(run.evidence.events.iter().any(|event| event.seq == *seq), "#{seq}");
            }
        }
    }
    assert_eq!(verdict.phases.len() % 6, 0);
    verdict
}

/// Broken, with this root and exactly these candidates.
#[track_caller]
fn broken(run: &Run, root: FindingId, candidates: &[FindingId]) -> Verdict {
    let verdict = verdict(run);
    assert_eq!(verdict.root, Some(root), "{verdict:#?}");
    assert_eq!(verdict.outcome, Outcome::Broken);
    assert_eq!(verdict.layer, Some(root.layer()));
    assert_eq!(verdict.findings[0].candidates, candidates);
    assert_eq!(verdict.exit_code(false), root.layer().exit_code());
    verdict
}

#[track_caller]
fn degraded(run: &Run, root: FindingId) -> Verdict {
    let verdict = verdict(run);
    assert_eq!((verdict.outcome, verdict.root), (Outcome::Degraded, Some(root)), "{verdict:#?}");
    verdict
}

/// All is well, with exactly these remarks.
#[track_caller]
fn healthy(run: &Run, remarks: &[FindingId]) {
    let verdict = verdict(run);
    assert_eq!(verdict.outcome, Outcome::Ok, "{verdict:#?}");
    assert_eq!((verdict.root, verdict.layer, verdict.place), (None, None, None));
    let ids: Vec<FindingId> = verdict.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, remarks);
    assert_eq!(questions(&run.evidence), []);
}

#[track_caller]
fn unknown(run: &Run) {
    let verdict = verdict(run);
    assert_eq!((verdict.outcome, verdict.root), (Outcome::Unknown, None), "{verdict:#?}");
    assert_eq!(verdict.exit_code(false), 3);
}

use FindingId as F;

const SILENT_PATH: [F; 4] = [
    F::NetReturnRouteMissing,
    F::NetRouteBlackhole,
    F::NetReturnPathAsymmetric,
    F::NetHostFiltered,
];

// -- healthy ----------------------------------------------------------------

#[test]
fn a_page_that_comes_is_ok() {
    healthy(&Run::www().resolved().connected().secured().page(200), &[]);
    healthy(&Run::www().resolved().connected().secured().request().response(204, MS), &[]);
}

#[test]
fn a_redirect_that_is_followed_is_ok() {
    let run = Run::www().resolved().connected().secured().page(302).redirects(
        "https://www.example.com/",
        "https://www.example.com/new",
        "www.example.com",
        None,
    );
    unknown(&run);
    let run = run.resolved().connected().secured().page(200);
    healthy(&run, &[]);
    assert_eq!(judge(&run.evidence).phases.len(), 12);
}

#[test]
fn a_redirect_that_is_not_to_be_followed_is_an_answer() {
    let run = Run::www().resolved().connected().secured().page(302).redirects(
        "https://www.example.com/",
        "https://www.example.com/new",
        "",
        Some("too many"),
    );
    healthy(&run, &[]);
}

#[test]
fn a_host_without_ipv6_does_not_suffer() {
    let run = Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
        .interfaces(vec![loopback(), eth1_only(false)])
        .resolver_config(&[RESOLVER])
        .route("10.1.1.1")
        .dns("A", addresses(&["10.130.1.4"]), MS)
        .dns("AAAA", addresses(&["2001:db8:130::4"]), MS)
        .system_addresses(&["2001:db8:130::4", "10.130.1.4"])
        .no_route("2001:db8:130::4")
        .route("10.130.1.4")
        .connect(V6, failed(101, "ENETUNREACH"), 20_000)
        .connect(V4, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .secured()
        .page(200);
    healthy(&run, &[F::NetIpv6Unavailable]);
}

#[test]
fn a_host_without_ipv4_does_not_suffer() {
    let run = Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
        .interfaces(vec![loopback(), eth1_only(true)])
        .resolver_config(&["[2001:db8:1::1]:53"])
        .route("2001:db8:1::1")
        .exchange(
            "[2001:db8:1::1]:53",
            DnsTransport::Udp,
            "www.example.com",
            "AAAA",
            addresses(&["2001:db8:130::4"]),
            MS,
        )
        .system_addresses(&["2001:db8:130::4"])
        .route("2001:db8:130::4")
        .connect(V6, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .secured()
        .page(200);
    healthy(&run, &[]);
}

#[test]
fn a_certificate_with_eight_days_left_is_a_remark() {
    let run = Run::www()
        .resolved()
        .connected()
        .tls(TlsOutcome::Done, |handshake| handshake.chain[0] = leaf(8 * DAY))
        .page(200);
    healthy(&run, &[F::TlsCertExpiresSoon]);
}

#[test]
fn a_narrower_path_of_which_the_kernel_knows_is_a_remark() {
    let run = Run::www().resolved().connected().secured().request();
    let connection = run.chosen_connection();
    let run = run
        .see(Observation::HttpResponse(HttpResponse {
            connection,
            version: "HTTP/1.1".to_owned(),
            status: 200,
            headers: Vec::new(),
            start_ns: 0,
            duration_ns: MS,
            tcp: Some(TcpInfo { path_mtu_bytes: 1_400, ..tcp_info(0) }),
        }))
        .body(BodyEnd::Complete, |_| ());
    healthy(&run, &[F::NetMtuReduced]);
}

#[test]
fn other_schemes_need_no_page() {
    let tcp = Run::to("tcp://10.130.1.4:22", Scheme::Tcp, "10.130.1.4", 22)
        .interfaces(vec![loopback(), eth1(true, true)])
        .route("10.130.1.4")
        .connect("10.130.1.4:22", ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true);
    healthy(&tcp, &[]);
    let tls = Run::to("tls://www.example.com:443", Scheme::Tls, "www.example.com", 443)
        .interfaces(vec![loopback(), eth1(true, true)])
        .resolver_config(&[RESOLVER])
        .resolved()
        .connected();
    unknown(&tls);
    healthy(&tls.secured(), &[]);
}

#[test]
fn a_lost_race_is_no_dead_address() {
    let run = Run::www()
        .resolved()
        .connect(V6, ConnectOutcome::Connected, 20 * MS)
        .phase(PhaseName::Tcp, true)
        .seen_as(Purpose::Aside)
        .connect(V4, ConnectOutcome::Abandoned, 30 * MS)
        .seen_as(Purpose::Walk)
        .secured()
        .page(200);
    healthy(&run, &[]);
}

// -- link ---------------------------------------------------------------------

fn nothing_resolves(run: Run) -> Run {
    run.seen_as(Purpose::Aside)
        .dns("A", dns_refused(101, "ENETUNREACH"), 20_000)
        .dns("AAAA", dns_refused(101, "ENETUNREACH"), 20_000)
        .seen_as(Purpose::Walk)
        .system_failed("EAI_AGAIN")
}

#[test]
fn row_1_interface_down() {
    let run = Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
        .interfaces(vec![loopback(), eth1(false, false)])
        .resolver_config(&[RESOLVER])
        .no_route("10.1.1.1");
    let run = nothing_resolves(run);
    let verdict = broken(&run, F::LinkInterfaceDown, &[]);
    assert_eq!(verdict.findings[0].try_next[0], "ip link set dev eth1 up");
    assert_eq!(verdict.place, Some(Where::Host));
    assert_eq!(questions(&run.evidence), []);
}

#[test]
fn row_2_no_carrier() {
    let run = Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
        .interfaces(vec![loopback(), eth1(true, false)])
        .resolver_config(&[RESOLVER])
        .route("10.1.1.1")
        .seen_as(Purpose::Aside)
        .dns("A", dns_refused(113, "EHOSTUNREACH"), 3_050 * MS)
        .dns("AAAA", dns_refused(113, "EHOSTUNREACH"), 3_050 * MS)
        .seen_as(Purpose::Walk)
        .system_failed("EAI_AGAIN");
    let verdict = broken(&run, F::LinkCarrierLost, &[]);
    assert_eq!(verdict.place, Some(Where::Network));
    assert_eq!(questions(&run.evidence), []);
}

/// What the kernel says of the cable is enough: nothing is waited for or asked.
#[test]
fn row_2_no_carrier_ends_the_wait() {
    let waits = |carrier: bool| {
        Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
            .interfaces(vec![loopback(), eth1(true, carrier)])
            .resolver_config(&[RESOLVER])
            .route("10.1.1.1")
            .see(Observation::Waiting {
                phase: PhaseName::Dns,
                addresses: Vec::new(),
                silent_ns: 700 * MS,
            })
    };
    let cut = waits(false);
    broken(&cut, F::LinkCarrierLost, &[]);
    assert_eq!(questions(&cut.evidence), []);
    assert!(plumb_diag::conclusive(&cut.evidence));
    let whole = waits(true);
    unknown(&whole);
    assert_ne!(questions(&whole.evidence), []);
}

#[test]
fn row_2_no_carrier_and_no_route() {
    let run = Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
        .interfaces(vec![loopback(), eth1(true, false)])
        .resolver_config(&[RESOLVER])
        .no_route("10.1.1.1");
    broken(&nothing_resolves(run), F::LinkCarrierLost, &[]);
}

#[test]
fn row_3_no_address() {
    let mut bare = eth1(true, true);
    bare.addresses.retain(|a| !a.global);
    let run = Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
        .interfaces(vec![loopback(), bare])
        .resolver_config(&[RESOLVER])
        .no_route("10.1.1.1");
    broken(&nothing_resolves(run), F::NetAddressMissing, &[]);
}

#[test]
fn row_4_no_default_route() {
    let run = nothing_resolves(Run::www().no_route("10.1.1.1"));
    let verdict = broken(&run, F::NetRouteMissing, &[]);
    assert!(verdict.findings[0].try_next[0].starts_with("ip route add default"));
    assert_eq!(questions(&run.evidence), []);
    // The same with an address literal.
    let run = Run::to("https://10.130.1.4/", Scheme::Https, "10.130.1.4", 443)
        .interfaces(vec![loopback(), eth1(true, true)])
        .no_route("10.130.1.4")
        .connect(V4, failed(101, "ENETUNREACH"), 20_000)
        .phase(PhaseName::Tcp, false);
    broken(&run, F::NetRouteMissing, &[]);
}

#[test]
fn row_5_dead_gateway() {
    let via = |run: Run| run.route_via("10.1.1.1", Some("192.168.1.77"), "192.168.1.11");
    let run = via(Run::www())
        .seen_as(Purpose::Aside)
        .dns("A", silence(), 1_800 * MS)
        .dns("AAAA", silence(), 1_800 * MS)
        .seen_as(Purpose::Walk)
        .system(SystemResult::TimedOut, 5 * S);
    unknown(&run);
    let wanted = questions(&run.evidence);
    assert!(wanted.contains(&Question::Neighbour { address: ip("192.168.1.77") }), "{wanted:?}");
    let run = run.neighbour("192.168.1.77", NeighbourState::Failed);
    let verdict = broken(&run, F::LinkGatewaySilent, &[]);
    assert_eq!(verdict.place, Some(Where::Network));
    // Or the kernel says so itself.
    let own = DnsOutcome::Refused {
        errno: 113,
        errno_name: "EHOSTUNREACH".to_owned(),
        icmp: vec![icmp(3, 1, "192.168.1.11", 3_080 * MS)],
    };
    let run = via(Run::www())
        .dns("A", own.clone(), 3_080 * MS)
        .dns("AAAA", own, 3_080 * MS)
        .system_failed("EAI_AGAIN");
    broken(&run, F::LinkGatewaySilent, &[]);
}

#[test]
fn row_6_target_taken_for_a_neighbour() {
    let run = Run::to("tcp://10.130.1.4:443", Scheme::Tcp, "10.130.1.4", 443)
        .interfaces(vec![loopback(), eth1(true, true)])
        .route_via("10.130.1.4", None, "10.1.0.2")
        .connect_icmp(V4, unreachable(), vec![icmp(3, 1, "192.168.1.11", 3_066 * MS)], 3_066 * MS)
        .phase(PhaseName::Tcp, false)
        .neighbour("10.130.1.4", NeighbourState::Failed);
    broken(&run, F::LinkNeighbourSilent, &[]);
}

// -- net ----------------------------------------------------------------------

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

fn both_silent() -> Run {
    Run::www().resolved().both_fail(
        (ConnectOutcome::TimedOut, vec![]),
        (ConnectOutcome::TimedOut, vec![]),
        5 * S,
    )
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

fn v6_dead(outcome: ConnectOutcome, icmp: Vec<IcmpError>) -> Run {
    Run::www()
        .resolved()
        .connect_icmp(V6, outcome, icmp, 250 * MS)
        .connect(V4, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .secured()
        .page(200)
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

// -- tcp ----------------------------------------------------------------------

const REFUSED: [F; 2] = [F::TcpPortClosed, F::TcpResetFirewall];

#[test]
fn rows_27_and_28_refused() {
    let run = Run::www().resolved().both_fail(
        (ConnectOutcome::Refused, vec![]),
        (ConnectOutcome::Refused, vec![]),
        MS,
    );
    broken(&run, F::TcpConnectRefused, &REFUSED);
    assert_eq!(questions(&run.evidence), [], "nothing more can be known");
}

fn rejected(v4: IcmpError, v6: IcmpError) -> Run {
    Run::www()
        .resolved()
        .both_fail((unreachable(), vec![v4]), (unreachable(), vec![v6]), MS)
        .traces(4)
}

#[test]
fn row_29_port_unreachable() {
    let run = rejected(icmp(3, 3, "10.130.1.1", MS), icmp6(1, 4, "2001:db8:130::1", MS));
    let one = run.clone().other_ports(ConnectOutcome::Connected, vec![]);
    broken(&one, F::TcpRejectedPortUnreachable, &[]);
    let all = run.other_ports(unreachable(), vec![icmp(3, 3, "10.130.1.1", MS)]);
    broken(&all, F::NetHostRejected, &[]);
}

#[test]
fn row_30_admin_prohibited() {
    let run = rejected(icmp(3, 13, "10.130.1.1", MS), icmp6(1, 1, "2001:db8:130::1", MS));
    let one = run.clone().other_ports(ConnectOutcome::Connected, vec![]);
    let verdict = broken(&one, F::TcpRejectedAdminProhibited, &[]);
    assert_eq!(verdict.findings.len(), 1, "one fault, one finding");
    let all = run.other_ports(unreachable(), vec![icmp(3, 13, "10.130.1.1", MS)]);
    broken(&all, F::NetHostRejected, &[]);
}

#[test]
fn row_31_host_unreachable_by_a_filter() {
    let run = rejected(icmp(3, 1, "10.130.1.1", MS), icmp6(1, 3, "2001:db8:130::1", MS));
    let one = run.clone().other_ports(ConnectOutcome::Connected, vec![]);
    broken(&one, F::TcpRejectedHostUnreachable, &[]);
    let all = run.other_ports(unreachable(), vec![icmp(3, 1, "10.130.1.1", MS)]);
    broken(&all, F::NetHostRejected, &[]);
}

#[test]
fn row_32_syn_dropped() {
    let candidates = [F::TcpSynFiltered, F::TcpSynAckFiltered, F::TcpBacklogFull];
    let run = both_silent().gateways_answer().traces(4);
    let open = run.clone().other_ports(ConnectOutcome::Connected, vec![]);
    broken(&open, F::TcpPortSilent, &candidates);
    let closed = run.other_ports(ConnectOutcome::Refused, vec![]);
    broken(&closed, F::TcpPortSilent, &candidates);
}

#[test]
fn rows_34_and_35_local_firewall() {
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", dns_refused(1, "EPERM"), 20_000)
        .dns("AAAA", dns_refused(1, "EPERM"), 20_000)
        .system_failed("EAI_AGAIN");
    broken(&run, F::TcpLocalFirewall, &[]);
    let own = vec![icmp(3, 3, "192.168.1.11", 30_000)];
    let own6 = vec![icmp6(1, 4, "2001:db8:25:a::11", 30_000)];
    let run = Run::www().resolved().both_fail(
        (failed(111, "ECONNREFUSED"), own),
        (failed(111, "ECONNREFUSED"), own6),
        30_000,
    );
    broken(&run, F::TcpLocalFirewall, &[]);
}

#[test]
fn row_37_and_38_taken_and_ended() {
    let run = Run::www().resolved().connected();
    let reset = run.clone().tls(TlsOutcome::Reset, |_| ()).hello(
        HelloVariant::Nothing,
        HelloOutcome::Reset,
        None,
    );
    broken(&reset, F::TcpResetAfterAccept, &[]);
    // The same, where the RST came so soon that connect() itself fails with it.
    let at_once = failed(104, "ECONNRESET");
    let at_once = Run::www().resolved().both_fail((at_once.clone(), vec![]), (at_once, vec![]), MS);
    broken(&at_once, F::TcpResetAfterAccept, &[]);
    let closed = run.clone().tls(TlsOutcome::Closed, |_| ()).hello(
        HelloVariant::Nothing,
        HelloOutcome::Closed,
        None,
    );
    broken(&closed, F::TcpClosedAfterAccept, &[]);
    let on_hello = run.tls(TlsOutcome::Closed, |_| ()).hello(
        HelloVariant::Nothing,
        HelloOutcome::Silent,
        None,
    );
    broken(&on_hello, F::TlsHandshakeCut, &[]);
}

#[test]
fn row_40_payload_dropped() {
    let run = Run::www()
        .resolved()
        .connected()
        .stalls(PhaseName::Tls, 2)
        .segments(V6, &[(1_440, false), (600, false)])
        .hellos_silent(false, false);
    broken(&run, F::TcpPayloadDropped, &[]);
}

#[test]
fn row_43_ports_exhausted() {
    let run = Run::www().resolved().both_fail(
        (failed(99, "EADDRNOTAVAIL"), vec![]),
        (failed(99, "EADDRNOTAVAIL"), vec![]),
        20_000,
    );
    broken(&run, F::TcpLocalExhausted, &[]);
}

#[test]
fn row_45_one_dead_address() {
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", addresses(&["10.130.1.99", "10.130.1.4"]), MS)
        .dns("AAAA", addresses(&["2001:db8:130::4"]), MS)
        .system_addresses(&["2001:db8:130::4", "10.130.1.99", "10.130.1.4"])
        .connect(V6, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .seen_as(Purpose::Aside)
        .connect(V4, ConnectOutcome::Connected, MS)
        .connect("10.130.1.99:443", ConnectOutcome::TimedOut, 1_500 * MS)
        .seen_as(Purpose::Walk)
        .secured()
        .page(200);
    let verdict = degraded(&run, F::TcpAddressDead);
    assert_eq!(verdict.findings.len(), 1);
}

#[test]
fn a_refusing_family_is_a_dead_address() {
    degraded(&v6_dead(ConnectOutcome::Refused, vec![]), F::TcpAddressDead);
}

#[test]
fn a_host_that_refuses_counts_before_a_dead_family() {
    let run = Run::www()
        .resolved()
        .both_fail((ConnectOutcome::Refused, vec![]), (ConnectOutcome::TimedOut, vec![]), 5 * S)
        .traces(4)
        .other_ports(ConnectOutcome::TimedOut, vec![]);
    let verdict = broken(&run, F::TcpConnectRefused, &REFUSED);
    assert_eq!(verdict.findings[1].id, F::NetIpv6Broken);
}

// -- dns ----------------------------------------------------------------------

fn dns_both(outcome: DnsOutcome) -> Run {
    Run::www()
        .route("10.1.1.1")
        .seen_as(Purpose::Aside)
        .dns("A", outcome.clone(), MS)
        .dns("AAAA", outcome, MS)
        .seen_as(Purpose::Walk)
        .system_failed("EAI_AGAIN")
}

#[test]
fn row_47_resolver_port_closed() {
    let closed = DnsOutcome::Refused {
        errno: 111,
        errno_name: "ECONNREFUSED".to_owned(),
        icmp: vec![icmp(3, 3, "10.1.1.1", MS)],
    };
    broken(&dns_both(closed), F::DnsResolverPortClosed, &[]);
}

#[test]
fn row_48_udp_blocked() {
    let run = dns_both(silence());
    let wanted = questions(&run.evidence);
    let tcp = Question::Resolver {
        server: sock(RESOLVER),
        name: "www.example.com".to_owned(),
        rtype: "A".to_owned(),
        transport: DnsTransport::Tcp,
    };
    assert!(wanted.contains(&tcp), "{wanted:?}");
    let run = run
        .seen_as(Purpose::Probe)
        .exchange(RESOLVER, DnsTransport::Udp, ".", "NS", silence(), 2 * S)
        .exchange(
            RESOLVER,
            DnsTransport::Tcp,
            "www.example.com",
            "A",
            addresses(&["10.130.1.4"]),
            MS,
        );
    let verdict = broken(&run, F::DnsResolverUdpBlocked, &[]);
    assert_eq!(verdict.place, Some(Where::Network));
}

#[test]
fn a_resolver_that_is_alive_and_mute() {
    let run = dns_both(silence())
        .gateways_answer()
        .seen_as(Purpose::Probe)
        .exchange(RESOLVER, DnsTransport::Tcp, "www.example.com", "A", silence(), 2 * S)
        .exchange(RESOLVER, DnsTransport::Udp, ".", "NS", silence(), 2 * S)
        .connect("10.1.1.1:80", ConnectOutcome::Refused, MS);
    broken(&run, F::DnsResolverSilent, &[]);
}

#[test]
fn row_49_silent_about_one_name() {
    let run = dns_both(silence()).seen_as(Purpose::Probe).exchange(
        RESOLVER,
        DnsTransport::Udp,
        ".",
        "NS",
        rcode("noerror", 0),
        MS,
    );
    assert!(questions(&run.evidence).iter().any(|q| matches!(q, Question::Delegation { .. })));
    let mute = run.clone().delegation(silence());
    broken(&mute, F::DnsAuthoritySilent, &[]);
    let good = run.delegation(authoritative(&["10.130.1.4"]));
    broken(&good, F::DnsResolverSilent, &[]);
}

#[test]
fn row_50_nxdomain() {
    let run = dns_both(rcode("nxdomain", 3));
    let verdict = broken(&run, F::DnsNameNonexistent, &[]);
    assert_eq!(verdict.place, Some(Where::Service));
    assert_eq!(questions(&run.evidence), [], "a definite answer is not asked again");
}

#[test]
fn row_51_no_address() {
    broken(&dns_both(rcode("noerror", 0)), F::DnsNameNoAddress, &[]);
}

#[test]
fn row_52_servfail() {
    let run = dns_both(rcode("servfail", 2));
    assert!(questions(&run.evidence).iter().any(|q| matches!(q, Question::Delegation { .. })));
    let run = run.delegation(authoritative(&["10.130.1.4"]));
    let verdict = broken(&run, F::DnsResolverServfail, &[]);
    assert_eq!(verdict.place, Some(Where::Network));
}

#[test]
fn servfail_with_port_53_closed_to_the_outside() {
    let run = dns_both(rcode("servfail", 2)).seen_as(Purpose::Probe).authority(
        "198.41.0.4:53",
        ".",
        silence(),
    );
    let verdict = broken(&run, F::DnsResolverServfail, &[]);
    assert_eq!(verdict.place, Some(Where::Unknown), "nothing is known of the zone");
}

#[test]
fn row_53_refused() {
    let run = dns_both(rcode("refused", 5)).delegation(authoritative(&["10.130.1.4"]));
    broken(&run, F::DnsResolverRefuses, &[]);
}

#[test]
fn row_54_formerr() {
    let run = dns_both(rcode("formerr", 1)).delegation(authoritative(&["10.130.1.4"]));
    broken(&run, F::DnsResolverError, &[]);
}

#[test]
fn row_55_truncated_and_no_tcp() {
    let truncated = DnsOutcome::Reply(DnsReply { truncated: true, ..reply("noerror", 0) });
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", truncated.clone(), MS)
        .exchange(
            RESOLVER,
            DnsTransport::Tcp,
            "www.example.com",
            "A",
            dns_refused(111, "ECONNREFUSED"),
            MS,
        )
        .dns("AAAA", truncated, MS)
        .system_failed("EAI_AGAIN");
    broken(&run, F::DnsTcpBlocked, &[]);
}

#[test]
fn row_57_garbage() {
    let garbage = DnsOutcome::Malformed { error: "2 bytes".to_owned(), size_bytes: 2 };
    let run = dns_both(garbage).delegation(authoritative(&["10.130.1.4"]));
    broken(&run, F::DnsResolverMalformed, &[]);
}

fn slow_names() -> Run {
    Run::www()
        .route("10.1.1.1")
        .seen_as(Purpose::Aside)
        .dns("A", addresses(&["10.130.1.4"]), 1_501 * MS)
        .dns("AAAA", addresses(&["2001:db8:130::4"]), 1_501 * MS)
        .seen_as(Purpose::Walk)
        .system_addresses(&["2001:db8:130::4", "10.130.1.4"])
        .connected()
        .secured()
        .page(200)
}

#[test]
fn row_58_slow_resolver() {
    let run = slow_names();
    assert_eq!(questions(&run.evidence).len(), 1, "asked again, once");
    let again = |took| {
        let outcome = addresses(&["2001:db8:130::4"]);
        run.clone().seen_as(Purpose::Probe).dns("AAAA", outcome, took)
    };
    degraded(&again(1_502 * MS), F::DnsResolverSlow);
    assert_eq!(questions(&again(1_502 * MS).evidence), []);
    degraded(&again(MS), F::DnsAuthoritySlow);
}

#[test]
fn row_59_aaaa_dropped() {
    let run = Run::www()
        .route("10.1.1.1")
        .seen_as(Purpose::Aside)
        .dns("A", addresses(&["10.130.1.4"]), MS)
        .seen_as(Purpose::Walk)
        .system(SystemResult::Addresses { addresses: vec![ip("10.130.1.4")] }, 5 * S)
        .connect(V4, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .secured()
        .page(200)
        .seen_as(Purpose::Aside)
        .dns("AAAA", silence(), 6 * S);
    degraded(&run, F::DnsResolverAaaaDropped);
}

#[test]
fn a_resolver_that_keeps_the_system_waiting_is_to_blame_not_the_system() {
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", addresses(&["10.130.1.4"]), MS)
        .dns("AAAA", silence(), 3_000 * MS)
        .system(SystemResult::TimedOut, 5 * S);
    broken(&run, F::DnsResolverAaaaDropped, &[]);
}

#[test]
fn row_60_lame_delegation() {
    let run = dns_both(rcode("servfail", 2)).delegation(rcode("refused", 5));
    let verdict = broken(&run, F::DnsDelegationLame, &[]);
    assert_eq!(verdict.place, Some(Where::Service));
    // Not authoritative is lame as well.
    let run = dns_both(rcode("servfail", 2)).delegation(addresses(&["10.130.1.4"]));
    broken(&run, F::DnsDelegationLame, &[]);
}

#[test]
fn row_61_silent_authorities() {
    let run = dns_both(rcode("servfail", 2)).delegation(silence());
    broken(&run, F::DnsAuthoritySilent, &[]);
}

#[test]
fn rows_63_to_65_dnssec() {
    let bogus = DnsReply {
        extended_errors: vec![(7, "signature expired".to_owned())],
        ..reply("servfail", 2)
    };
    broken(&dns_both(DnsOutcome::Reply(bogus)), F::DnsDnssecBogus, &[]);
}

#[test]
fn name_servers_that_routers_cut_off_are_the_routers_fault() {
    let told = DnsOutcome::Refused {
        errno: 101,
        errno_name: "ENETUNREACH".to_owned(),
        icmp: vec![icmp(3, 0, "10.1.1.1", MS)],
    };
    let run = dns_both(rcode("servfail", 2)).delegation(told);
    let verdict = broken(&run, F::NetRouteUnreachable, &[]);
    assert_eq!(verdict.place, Some(Where::Path));
}

#[test]
fn a_hosts_file_that_leads_astray_is_proven_by_the_address_of_dns() {
    let run = Run::www()
        .resolved()
        .see(Observation::ResolverConfig {
            servers: vec![sock(RESOLVER)],
            search: vec![],
            ndots: 1,
            hosts_file: vec![ip("10.130.1.77")],
            nsswitch: None,
        })
        .system_addresses(&["10.130.1.77"])
        .connect("10.130.1.77:443", ConnectOutcome::Refused, MS)
        .phase(PhaseName::Tcp, false);
    broken(&run, F::TcpConnectRefused, &[F::TcpPortClosed, F::TcpResetFirewall]);
    assert!(questions(&run.evidence).contains(&Question::OtherAddress { address: sock(V4) }));
    let run = run.seen_as(Purpose::Probe).connect(V4, ConnectOutcome::Connected, MS);
    let verdict = broken(&run, F::DnsHostsOverride, &[]);
    assert_eq!(verdict.place, Some(Where::Host));
}

#[test]
fn row_67_dangling_alias() {
    let answers = vec![record("www.example.com", "CNAME", "gone.example.com")];
    let run = dns_both(DnsOutcome::Reply(DnsReply { answers, ..reply("nxdomain", 3) }));
    broken(&run, F::DnsCnameDangling, &[]);
}

#[test]
fn row_68_alias_loop() {
    let answers = vec![
        record("www.example.com", "CNAME", "a.example.com"),
        record("a.example.com", "CNAME", "www.example.com"),
    ];
    let run = dns_both(DnsOutcome::Reply(DnsReply { answers, ..reply("servfail", 2) }));
    broken(&run, F::DnsCnameLoop, &[]);
}

#[test]
fn a_dead_first_resolver_is_a_warning() {
    let run = Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
        .interfaces(vec![loopback(), eth1(true, true)])
        .resolver_config(&["10.1.1.7:53", RESOLVER])
        .route("10.1.1.7")
        .route("10.1.1.1")
        .exchange("10.1.1.7:53", DnsTransport::Udp, "www.example.com", "A", silence(), 2 * S)
        .dns("A", addresses(&["10.130.1.4"]), MS)
        .dns("AAAA", addresses(&["2001:db8:130::4"]), MS)
        .system_addresses(&["2001:db8:130::4", "10.130.1.4"])
        .connected()
        .secured()
        .page(200);
    degraded(&run, F::DnsResolverSilent);
}

#[test]
fn the_system_disagrees_with_dns() {
    let run = Run::www()
        .route("10.1.1.1")
        .dns("A", addresses(&["10.130.1.4"]), MS)
        .dns("AAAA", rcode("noerror", 0), MS)
        .system_failed("EAI_NONAME");
    broken(&run, F::DnsSystemDisagrees, &[]);
}

// -- tls ----------------------------------------------------------------------

fn secure() -> Run {
    Run::www().resolved().connected()
}

#[test]
fn rows_77_to_82_certificates() {
    let mut old = leaf(-40 * DAY);
    let run = secure().untrusted(TrustResult::Expired, vec![old.clone(), intermediate()]);
    let verdict = broken(&run, F::TlsCertExpired, &[]);
    assert!(verdict.findings[0].claim.contains("40 days ago"), "{}", verdict.findings[0].claim);
    assert_eq!(verdict.place, Some(Where::Service));
    let mut early = leaf(900 * DAY);
    early.not_before_unix_s = NOW + DAY;
    let run = secure().untrusted(TrustResult::NotYetValid, vec![early, intermediate()]);
    broken(&run, F::TlsCertNotYetValid, &[]);
    old.names = vec!["dns:other.example".to_owned()];
    let run = secure().untrusted(TrustResult::WrongName, vec![old, intermediate()]);
    broken(&run, F::TlsCertWrongName, &[]);
    let own = certificate("CN=www.example.com", "CN=www.example.com");
    let run = secure().untrusted(TrustResult::UnknownIssuer, vec![own]);
    broken(&run, F::TlsCertSelfSigned, &[]);
    let run = secure().untrusted(TrustResult::WrongPurpose, vec![leaf(DAY * 100), intermediate()]);
    broken(&run, F::TlsCertWrongPurpose, &[]);
}

#[test]
fn certificates_that_strict_clients_refuse() {
    let mut authority = leaf(DAY * 100);
    authority.is_authority = true;
    let run = secure().untrusted(TrustResult::UnknownIssuer, vec![authority]);
    broken(&run, F::TlsCertUntrusted, &[]);
    let text = "invalid peer certificate: BadSignature".to_owned();
    let run = secure().tls(TlsOutcome::Protocol { text }, |handshake| {
        handshake.chain = vec![Certificate { key: "RSA 1024".to_owned(), ..leaf(DAY * 100) }];
    });
    let tls12 = server_hello("TLSv1.2");
    let run = run.versions([tls12.clone(), tls12.clone(), tls12]);
    let verdict = broken(&run, F::TlsCertUntrusted, &[]);
    assert!(verdict.findings[0].claim.contains("1024 bits"), "{}", verdict.findings[0].claim);
}

#[test]
fn every_failure_of_a_certificate_is_told() {
    let run = secure().tls(TlsOutcome::Untrusted, |handshake| {
        handshake.chain = vec![leaf(-DAY), intermediate()];
        let failures = vec![TrustResult::Expired, TrustResult::WrongName];
        handshake.trust = Some(Trust { failures, ..trust(TrustResult::Expired) });
    });
    let verdict = broken(&run, F::TlsCertExpired, &[]);
    assert_eq!(verdict.findings[1].id, F::TlsCertWrongName);
}

#[test]
fn row_83_unknown_root() {
    let root = certificate("CN=Other Root", "CN=Other Root");
    let mut middle = intermediate();
    middle.issuer = "CN=Other Root".to_owned();
    let run = secure().untrusted(TrustResult::UnknownIssuer, vec![leaf(DAY * 100), middle, root]);
    broken(&run, F::TlsCertUnknownRoot, &[]);
}

#[test]
fn row_84_missing_intermediate() {
    let url = "http://ca.example.com/intermediate.cer";
    let run = secure().untrusted(TrustResult::UnknownIssuer, vec![leaf(DAY * 100)]);
    let candidates = [F::TlsCertMissingIntermediate, F::TlsCertUnknownRoot];
    let verdict = broken(&run, F::TlsCertUntrusted, &candidates);
    assert!(verdict.findings[0].try_next[0].contains("--aia"));
    assert_eq!(questions(&run.evidence), [], "nothing is fetched unasked");
    let mut run = run;
    run.evidence.target.aia = true;
    assert_eq!(questions(&run.evidence), [Question::Issuer { url: url.to_owned() }]);
    let fetched = |certificate: Certificate, completes_chain| IssuerResult::Fetched {
        certificate: Box::new(certificate),
        completes_chain,
    };
    let good = run.clone().issuer(url, fetched(intermediate(), true));
    broken(&good, F::TlsCertMissingIntermediate, &[]);
    assert_eq!(questions(&good.evidence), []);
    let root = certificate("CN=Lab Intermediate", "CN=Lab Intermediate");
    let other = run.clone().issuer(url, fetched(root, false));
    broken(&other, F::TlsCertUnknownRoot, &[]);
    let none = run.issuer(url, IssuerResult::Failed { text: "404".to_owned() });
    broken(&none, F::TlsCertUntrusted, &candidates);
    assert_eq!(questions(&none.evidence), []);
}

#[test]
fn an_accepted_bad_certificate_is_a_warning() {
    let mut run = secure();
    run.evidence.target.insecure = true;
    let run = run
        .tls(TlsOutcome::Done, |handshake| {
            handshake.chain = vec![leaf(-DAY)];
            handshake.trust = Some(trust(TrustResult::Expired));
        })
        .page(200);
    degraded(&run, F::TlsCertExpired);
}

#[test]
fn row_90_plaintext() {
    let run = secure().tls(TlsOutcome::NotTls, |h| h.first_bytes = b"HTTP/1.1 400 Bad".to_vec());
    broken(&run, F::TlsServerPlaintext, &[]);
    assert_eq!(questions(&run.evidence), []);
    // A server that waits for the end of a line first.
    let run = secure()
        .stalls(PhaseName::Tls, 0)
        .segments(V6, &[(1_440, false), (600, false)])
        .hello(HelloVariant::Small, HelloOutcome::Silent, Some(true))
        .hello(HelloVariant::NoServerName, HelloOutcome::Silent, Some(true))
        .hello(HelloVariant::PlainBytes, HelloOutcome::Silent, Some(true))
        .plain_http(Some(200), b"HTTP/1.1 200 OK");
    broken(&run, F::TlsServerPlaintext, &[]);
}

#[test]
fn row_92_old_version() {
    let no = || alert(70, "protocol_version");
    let run =
        secure().tls(TlsOutcome::Alert { code: 70, name: "protocol_version".to_owned() }, |_| ());
    assert_eq!(questions(&run.evidence).len(), 3);
    let told = run.versions([no(), no(), server_hello("TLSv1.0")]);
    broken(&told, F::TlsVersionTooOld, &[]);
    let protocol = TlsOutcome::Protocol { text: "peer is incompatible".to_owned() };
    let run = secure().tls(protocol, |_| ()).versions([
        server_hello("TLSv1.0"),
        server_hello("TLSv1.0"),
        server_hello("TLSv1.0"),
    ]);
    broken(&run, F::TlsVersionTooOld, &[]);
}

#[test]
fn row_93_cipher_mismatch() {
    let failure = TlsOutcome::Alert { code: 40, name: "handshake_failure".to_owned() };
    let run = secure().tls(failure.clone(), |_| ()).versions([
        server_hello("TLSv1.2"),
        server_hello("TLSv1.1"),
        server_hello("TLSv1.0"),
    ]);
    broken(&run, F::TlsCipherMismatch, &[]);
    let no = || alert(40, "handshake_failure");
    let run = secure().tls(failure, |_| ()).versions([no(), no(), no()]);
    broken(&run, F::TlsAlert, &[]);
}

#[test]
fn row_94_client_certificate() {
    let asked = |h: &mut TlsHandshake| h.client_certificate_requested = true;
    let late = secure()
        .tls(TlsOutcome::Done, asked)
        .request()
        .http_fails(HttpError::Alert { code: 116, name: "certificate_required".to_owned() });
    broken(&late, F::TlsClientCertRequired, &[]);
    let reset = secure().tls(TlsOutcome::Done, asked).request().http_fails(HttpError::Reset);
    broken(&reset, F::TlsClientCertRequired, &[]);
    let early =
        secure().tls(TlsOutcome::Alert { code: 40, name: "handshake_failure".to_owned() }, asked);
    broken(&early, F::TlsClientCertRequired, &[]);
    assert_eq!(questions(&early.evidence), []);
    // One that may but need not be shown.
    healthy(&secure().tls(TlsOutcome::Done, asked).page(200), &[]);
}

#[test]
fn row_95_unknown_name() {
    let code = TlsOutcome::Alert { code: 112, name: "unrecognized_name".to_owned() };
    let run = secure().tls(code, |_| ());
    broken(&run, F::TlsNameUnrecognized, &[]);
    assert_eq!(questions(&run.evidence), []);
}

fn hello_lost(acked: bool) -> Run {
    secure()
        .stalls(PhaseName::Tls, if acked { 0 } else { 2 })
        .segments(V6, &[(1_440, false), (600, false)])
}

#[test]
fn row_96_name_filtered() {
    let run = hello_lost(false)
        .hello(HelloVariant::Small, HelloOutcome::Silent, Some(false))
        .hello(HelloVariant::NoServerName, alert(112, "unrecognized_name"), Some(true))
        .hello(HelloVariant::PlainBytes, HelloOutcome::Silent, Some(true))
        .plain_http(None, b"");
    broken(&run, F::TlsHelloNameFiltered, &[]);
}

#[test]
fn row_97_hello_dropped() {
    let run = hello_lost(false).hellos_silent(false, true);
    broken(&run, F::TlsHelloDropped, &[]);
    assert_eq!(questions(&run.evidence), []);
    assert!(plumb_diag::conclusive(&run.evidence));
    // A web server that says 400 to plain HTTP on its TLS port.
    let run = hello_lost(false)
        .hello(HelloVariant::Small, HelloOutcome::Silent, Some(false))
        .hello(HelloVariant::PlainBytes, HelloOutcome::Closed, Some(true))
        .plain_http(Some(400), b"HTTP/1.1 400");
    broken(&run, F::TlsHelloDropped, &[]);
}

#[test]
fn row_98_big_hello_dropped() {
    let run = hello_lost(false)
        .hello(HelloVariant::Same, HelloOutcome::Silent, Some(false))
        .hello(HelloVariant::Small, server_hello("TLSv1.3"), Some(true))
        .hello(HelloVariant::NoServerName, HelloOutcome::Silent, Some(false));
    broken(&run, F::TlsHelloBigDropped, &[]);
}

#[test]
fn rows_21_and_22_loss_is_no_filter() {
    let run = hello_lost(false)
        .hello(HelloVariant::Same, server_hello("TLSv1.3"), Some(true))
        .hello(HelloVariant::Small, HelloOutcome::Silent, Some(false))
        .hello(HelloVariant::NoServerName, server_hello("TLSv1.3"), Some(true))
        .hello(HelloVariant::PlainBytes, HelloOutcome::Silent, Some(true))
        .plain_http(Some(400), b"HTTP/1.1 400");
    unknown(&run);
    let run = run.tls(TlsOutcome::TimedOut, |h| h.duration_ns = 5 * S);
    broken(&run, F::NetPathLossy, &[]);
}

#[test]
fn a_stuck_walk_beside_late_connections_is_loss() {
    let run = secure()
        .stalls(PhaseName::Tls, 0)
        .seen_as(Purpose::Probe)
        .connect("[2001:db8:130::4]:443", ConnectOutcome::Connected, 1_020 * MS)
        .connect("[2001:db8:130::4]:443", ConnectOutcome::Connected, 3_050 * MS)
        .seen_as(Purpose::Walk);
    unknown(&run);
    let run = run.tls(TlsOutcome::TimedOut, |h| h.duration_ns = 5 * S);
    broken(&run, F::NetPathLossy, &[]);
}

#[test]
fn a_port_that_answers_now_and_then() {
    let run = both_silent().seen_as(Purpose::Probe).connect(V4, ConnectOutcome::Connected, MS);
    let run = run.connect(V6, ConnectOutcome::Connected, MS);
    broken(&run, F::NetPathLossy, &[F::NetPathLossy, F::TcpBacklogFull]);
}

#[test]
fn a_reset_while_it_opens_is_a_reset_after_it_was_taken() {
    let run = Run::www()
        .resolved()
        .connect(V4, failed(104, "ECONNRESET"), MS)
        .connect(V6, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .tls(TlsOutcome::Reset, |handshake| handshake.received_bytes = 0)
        .hello(HelloVariant::Nothing, HelloOutcome::ConnectFailed, None);
    let verdict = broken(&run, F::TcpResetAfterAccept, &[]);
    assert!(verdict.findings.iter().all(|finding| finding.id != F::NetIpv4Broken));
}

#[test]
fn rows_70_and_71_addresses_that_lead_back() {
    for address in ["0.0.0.0", "127.0.0.1"] {
        let to = format!("{address}:443");
        let run = Run::www()
            .dns("A", addresses(&[address]), MS)
            .dns("AAAA", addresses(&[]), MS)
            .system_addresses(&[address])
            .connect(&to, ConnectOutcome::Refused, MS)
            .phase(PhaseName::Tcp, false);
        broken(&run, F::DnsAnswerUnusable, &[]);
    }
}

#[test]
fn losses_at_every_size_are_no_black_hole() {
    let rungs = [(1_440, false), (1_200, true), (900, false), (700, false), (536, true)];
    let run = secure().stalls(PhaseName::Tls, 0).segments(V6, &rungs);
    unknown(&run);
    let run = run.hellos_silent(true, true).tls(TlsOutcome::TimedOut, |_| ());
    let verdict = broken(&run, F::NetPathLossy, &[]);
    assert!(verdict.findings.iter().all(|finding| finding.id != F::NetMtuBlackhole));
}

#[test]
fn a_tls_server_that_turns_plain_http_away_is_no_plain_server() {
    let run = hello_lost(true)
        .hello(HelloVariant::Same, server_hello("TLSv1.3"), Some(true))
        .hello(HelloVariant::Small, server_hello("TLSv1.3"), Some(true))
        .plain_http(Some(400), b"HTTP/1.1 400");
    unknown(&run);
}

#[test]
fn row_99_handshake_silent() {
    let run = hello_lost(true).hellos_silent(true, true);
    unknown(&run);
    broken(&run.tls(TlsOutcome::TimedOut, |h| h.duration_ns = 5 * S), F::TlsHandshakeSilent, &[]);
}

#[test]
fn row_101_alert() {
    let run =
        secure().tls(TlsOutcome::Alert { code: 80, name: "internal_error".to_owned() }, |_| ());
    broken(&run, F::TlsAlert, &[]);
}

// -- http ---------------------------------------------------------------------

#[test]
fn row_39_silent_server() {
    let run = secure().secured().request().stalls(PhaseName::Wait, 0);
    unknown(&run);
    let verdict = broken(&run.http_fails(HttpError::TimedOut), F::HttpResponseSilent, &[]);
    assert_eq!(verdict.place, Some(Where::Service));
}

#[test]
fn a_response_that_drips_is_not_silence() {
    let waits = |received: u64, state: u32| {
        let run = plain();
        let connection = run.chosen_connection();
        let mut tcp = tcp_info(state);
        tcp.received_bytes = Some(received);
        let during = PhaseName::Wait;
        run.see(Observation::TcpState { connection, during, silent_ns: 200 * MS, tcp })
            .http_fails(HttpError::TimedOut)
    };
    broken(&waits(0, 0), F::HttpResponseSilent, &[]);
    broken(&waits(17, 0), F::HttpResponseSlow, &[]);
    // The queue is full because the server does not read: nothing is resent.
    let verdict = broken(&waits(0, 1), F::HttpResponseSilent, &[]);
    assert!(verdict.findings[0].ruled_out.is_empty());
}

#[test]
fn a_switch_of_protocols_that_nobody_asked_for() {
    broken(&secure().secured().page(101), F::HttpProtocolError, &[]);
}

#[test]
fn rows_106_and_107_statuses() {
    for (status, id) in [
        (500, F::HttpStatusServerError),
        (503, F::HttpStatusServerError),
        (502, F::HttpStatusGatewayError),
        (504, F::HttpStatusGatewayError),
        (404, F::HttpStatusClientError),
        (401, F::HttpStatusClientError),
        (429, F::HttpStatusClientError),
    ] {
        broken(&secure().secured().page(status), id, &[]);
    }
}

#[test]
fn row_108_redirect_loop() {
    let url = "https://www.example.com/";
    let run = secure().secured().page(302).redirects(url, url, "", Some("loop"));
    broken(&run, F::HttpRedirectLoop, &[]);
    // Found by the limit.
    let run = secure()
        .secured()
        .page(302)
        .redirects(url, "https://www.example.com/a", "www.example.com", None)
        .connected()
        .secured()
        .page(302)
        .redirects("https://www.example.com/a", url, "", Some("too many"));
    broken(&run, F::HttpRedirectLoop, &[]);
}

#[test]
fn redirects_without_end_or_aim() {
    let run = secure()
        .secured()
        .page(302)
        .redirects("https://www.example.com/", "https://www.example.com/1", "www.example.com", None)
        .connected()
        .secured()
        .page(302)
        .redirects("https://www.example.com/1", "https://www.example.com/2", "", Some("too many"));
    broken(&run, F::HttpRedirectTooMany, &[]);
    let run = secure().secured().page(308).redirects(
        "https://www.example.com/",
        "",
        "",
        Some("no Location"),
    );
    broken(&run, F::HttpRedirectInvalid, &[]);
}

#[test]
fn row_109_redirect_to_a_dead_name() {
    let run = secure()
        .secured()
        .page(302)
        .redirects(
            "https://www.example.com/",
            "https://gone.example.com/",
            "gone.example.com",
            None,
        )
        .dns("A", rcode("nxdomain", 3), MS)
        .dns("AAAA", rcode("nxdomain", 3), MS)
        .system_failed("EAI_NONAME");
    let verdict = broken(&run, F::HttpRedirectDeadName, &[]);
    assert_eq!(verdict.findings.len(), 1);
}

#[test]
fn a_redirect_to_a_host_with_a_bad_certificate() {
    let run = secure()
        .secured()
        .page(302)
        .redirects("https://www.example.com/", "https://ftp.example.com/", "ftp.example.com", None)
        .resolved()
        .connected()
        .untrusted(TrustResult::Expired, vec![leaf(-DAY), intermediate()]);
    broken(&run, F::TlsCertExpired, &[]);
}

#[test]
fn row_112_slow_response() {
    let run =
        secure().secured().request().response(200, 2_501 * MS).body(BodyEnd::Complete, |_| ());
    let verdict = degraded(&run, F::HttpResponseSlow);
    assert_eq!(verdict.place, Some(Where::Service));
    // Where this host's own segments got lost, the answer may have been too.
    let mut run = run;
    for event in &mut run.evidence.events {
        if let Observation::HttpResponse(response) = &mut event.what {
            response.tcp = Some(TcpInfo { total_retransmits: 3, ..tcp_info(0) });
        }
    }
    let verdict = degraded(&run, F::HttpResponseSlow);
    assert_eq!(verdict.place, Some(Where::Unknown));
    assert_eq!(verdict.findings[0].candidates, [F::HttpResponseSlow, F::NetPathLossy]);
}

#[test]
fn rows_114_to_118_bodies() {
    let begun = || secure().secured().request().response(200, MS);
    broken(&begun().body(BodyEnd::Short, |_| ()), F::HttpBodyTruncated, &[]);
    let stalled = begun().body(BodyEnd::Stalled, |_| ());
    broken(&stalled, F::HttpBodyStalled, &[F::HttpBodyStalled, F::TcpStalled]);
    broken(&begun().body(BodyEnd::Reset, |_| ()), F::HttpResponseReset, &[]);
    let bad = BodyEnd::Malformed { text: "bad chunk size".to_owned() };
    broken(&begun().body(bad, |_| ()), F::HttpProtocolError, &[]);
    let corrupt = begun().body(BodyEnd::Complete, |body| {
        body.encoding = Some("gzip".to_owned());
        body.encoding_error = Some("not in gzip format".to_owned());
        body.decoded_bytes = None;
    });
    broken(&corrupt, F::HttpEncodingCorrupt, &[]);
}

fn plain() -> Run {
    Run::plain_www()
        .resolved()
        .connect("10.130.1.4:80", ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .request()
}

#[test]
fn rows_119_and_120_no_http() {
    let empty = plain().http_fails(HttpError::EmptyReply);
    assert!(!questions(&empty.evidence).is_empty());
    let waits = empty.hello(HelloVariant::Nothing, HelloOutcome::Silent, None);
    broken(&waits, F::HttpResponseEmpty, &[]);
    let reset = plain().http_fails(HttpError::Reset);
    broken(&reset, F::HttpResponseReset, &[]);
    let banner = HttpError::NotHttp { first_bytes: b"SSH-2.0-OpenSSH".to_vec() };
    broken(&plain().http_fails(banner), F::HttpResponseNotHttp, &[]);
}

#[test]
fn row_91_plain_http_to_a_tls_port() {
    let alert = HttpError::NotHttp { first_bytes: vec![21, 3, 1, 0, 2, 2, 70] };
    broken(&plain().http_fails(alert), F::HttpToTlsPort, &[]);
    let run = plain()
        .http_fails(HttpError::EmptyReply)
        .hello(HelloVariant::Nothing, HelloOutcome::Silent, None)
        .hello(HelloVariant::Small, server_hello("TLSv1.3"), Some(true));
    broken(&run, F::HttpToTlsPort, &[]);
}

// -- proxies, udp, retries -------------------------------------------------------

fn through_proxy() -> Run {
    Run::www()
        .see(Observation::Proxy {
            from: "https_proxy".to_owned(),
            url: "http://192.168.1.9:3128".to_owned(),
        })
        .route_via("192.168.1.9", None, "192.168.1.11")
}

#[test]
fn row_127_proxies() {
    let refused = through_proxy()
        .connect("192.168.1.9:3128", ConnectOutcome::Refused, MS)
        .phase(PhaseName::Tcp, false);
    let verdict = broken(&refused, F::HttpProxyUnreachable, &[]);
    assert_eq!(verdict.place, Some(Where::Network));
    let connected = || {
        through_proxy()
            .connect("192.168.1.9:3128", ConnectOutcome::Connected, MS)
            .phase(PhaseName::Tcp, true)
    };
    let answer = |status| Observation::ProxyConnect {
        proxy: "http://192.168.1.9:3128".to_owned(),
        authority: "www.example.com:443".to_owned(),
        status,
        error: None,
    };
    broken(&connected().see(answer(Some(407))), F::HttpProxyRefused, &[]);
    let good = connected().see(answer(Some(200))).secured().page(200);
    healthy(&good, &[F::HttpProxyUsed]);
}

#[test]
fn what_fails_behind_a_proxy_may_be_the_proxy() {
    let plain = || {
        Run::plain_www()
            .see(Observation::Proxy {
                from: "http_proxy".to_owned(),
                url: "http://192.168.1.9:3128".to_owned(),
            })
            .connect("192.168.1.9:3128", ConnectOutcome::Connected, MS)
            .phase(PhaseName::Tcp, true)
    };
    for (run, id) in [
        (plain().request().http_fails(HttpError::EmptyReply), F::HttpResponseEmpty),
        (plain().request().http_fails(HttpError::TimedOut), F::HttpResponseSilent),
        (plain().page(502), F::HttpStatusGatewayError),
        (plain().page(403), F::HttpStatusClientError),
    ] {
        assert_eq!(broken(&run, id, &[]).place, Some(Where::Unknown), "{id}");
    }
}

#[test]
fn datagrams() {
    let udp = |outcome, icmp| {
        Run::to("udp://10.130.1.4:9", Scheme::Udp, "10.130.1.4", 9)
            .interfaces(vec![loopback(), eth1(true, true)])
            .route("10.130.1.4")
            .see(Observation::UdpExchange {
                address: sock("10.130.1.4:9"),
                sent_bytes: 0,
                outcome,
                icmp,
                start_ns: 0,
                duration_ns: 2 * S,
            })
    };
    unknown(&udp(UdpOutcome::Silence, vec![]));
    healthy(&udp(UdpOutcome::Reply { size_bytes: 4 }, vec![]), &[]);
    let refused = UdpOutcome::Failed { errno: 111, errno_name: "ECONNREFUSED".to_owned() };
    broken(&udp(refused, vec![icmp(3, 3, "10.130.1.4", MS)]), F::UdpPortUnreachable, &[]);
}

#[test]
fn a_retry_supersedes_what_failed_before() {
    let run = Run::www()
        .resolved()
        .both_fail((ConnectOutcome::Refused, vec![]), (ConnectOutcome::Refused, vec![]), MS)
        .see(Observation::Retry { attempt: 1, wait_ms: 500 });
    unknown(&run);
    healthy(&run.resolved().connected().secured().page(200), &[]);
}
