//! What is well, or well enough.

use super::*;

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
