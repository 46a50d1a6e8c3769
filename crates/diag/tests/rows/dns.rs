//! Rows of names.

use super::*;

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
