//! Rows of the link layer.

use super::*;

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
