//! Proxies, datagrams, retries.

use super::*;

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
