//! Invented runs: for the snapshots of the views, and for the documents that
//! show what each observation looks like. Nothing here was measured.

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::evidence::{FORMAT_VERSION, Scheme};
use plumb_evidence::observation::*;
use plumb_evidence::verdict::Attempt;
use plumb_evidence::{
    Event, Evidence, Finding, FindingId, Observation, Outcome, Phase, Purpose, Question, Severity,
    Target, Verdict, Where,
};

/// 2026-11-20T08:00:00Z, the wall clock of every example.
const NOW_UNIX_S: i64 = 1_795_161_600;
const DAY_S: i64 = 86_400;
const MS: u64 = 1_000_000;

/// What one check saw, and what was concluded from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What was seen.
    pub evidence: Evidence,
    /// What it means.
    pub verdict: Verdict,
}

/// An event of the walk's first hop.
pub fn event(seq: u32, at_ns: u64, what: Observation) -> Event {
    Event { seq, at_ns, hop: 0, purpose: Purpose::Walk, what }
}

/// Collects events with rising numbers and times.
struct Run {
    events: Vec<Event>,
    at_ns: u64,
    hop: u16,
}

impl Run {
    /// A run that has seen this host: interface, route, resolver.
    fn begun() -> Run {
        let mut run = Run { events: Vec::new(), at_ns: 0, hop: 0 };
        run.see(0, hop_begins("www.example.com", "https://www.example.com/"));
        run.see(110_000, interfaces());
        run.see(60_000, resolver_config());
        run
    }

    fn see(&mut self, after_ns: u64, what: Observation) -> u32 {
        self.at_ns += after_ns;
        let seq = self.events.len() as u32 + 1;
        self.events.push(Event { hop: self.hop, ..event(seq, self.at_ns, what) });
        seq
    }

    fn phase(&mut self, phase: PhaseName, duration_ns: u64, ok: bool) {
        let start_ns = self.at_ns.saturating_sub(duration_ns);
        self.see(0, Observation::Phase { phase, start_ns, duration_ns: Some(duration_ns), ok });
    }

    /// Resolved in 3.1 ms, routed, connected in 0.9 ms.
    fn resolve_and_connect(&mut self) {
        self.see(3_100_000, system_answer(&["2001:db8:130::4", "10.130.1.4"]));
        self.phase(PhaseName::Dns, 3_100_000, true);
        self.see(80_000, route("2001:db8:130::4", "2001:db8:25:a::1"));
        let mut attempt = connect_attempt(1, "[2001:db8:130::4]:443", ConnectOutcome::Connected);
        attempt.chosen = true;
        self.see(900_000, Observation::Connect(attempt));
        self.phase(PhaseName::Tcp, 900_000, true);
    }

    fn evidence(self) -> Evidence {
        Evidence {
            format: FORMAT_VERSION,
            plumb: "0.1.0".to_owned(),
            target: target(),
            started_unix_s: NOW_UNIX_S,
            events: self.events,
        }
    }
}

/// The page arrived.
pub fn healthy() -> Example {
    let mut run = Run::begun();
    run.resolve_and_connect();
    run.see(
        4_200_000,
        Observation::TlsHandshake(handshake(TlsOutcome::Done, TrustResult::Trusted, 90)),
    );
    run.phase(PhaseName::Tls, 4_200_000, true);
    exchange(&mut run, 200, &[]);
    let evidence = run.evidence();
    Example { verdict: verdict(&evidence, Outcome::Ok, vec![]), evidence }
}

/// The certificate's time is over.
pub fn expired_certificate() -> Example {
    let mut run = Run::begun();
    run.resolve_and_connect();
    let hand = run.see(
        4_200_000,
        Observation::TlsHandshake(handshake(TlsOutcome::Untrusted, TrustResult::Expired, -3)),
    );
    run.phase(PhaseName::Tls, 4_200_000, false);
    let finding = Finding::new(
        FindingId::TlsCertExpired,
        Severity::Error,
        Where::Service,
        "the certificate of www.example.com expired 3 days ago",
    )
    .because("the leaf certificate was valid until 2026-11-17T08:00:00Z", [hand])
    .because("this host's clock says 2026-11-20T08:00:00Z", [])
    .ruled_out(
        "an untrusted issuer: without the dates the chain verifies up to a root of this host",
        [hand],
    )
    .ruled_out("a wrong clock here: the certificate had expired before plumb was built", [hand])
    .try_next("renew the certificate on the server and reload it")
    .try_next("look at all of it: plumb tls www.example.com");
    let evidence = run.evidence();
    Example { verdict: verdict(&evidence, Outcome::Broken, vec![finding]), evidence }
}

/// A redirect leads to a name that does not exist.
pub fn dead_redirect() -> Example {
    let mut run = Run::begun();
    run.resolve_and_connect();
    run.see(
        4_200_000,
        Observation::TlsHandshake(handshake(TlsOutcome::Done, TrustResult::Trusted, 90)),
    );
    run.phase(PhaseName::Tls, 4_200_000, true);
    exchange(&mut run, 302, &[("location", "https://old.example.com/moved?to=a-long-path")]);
    let redirect = run.see(
        0,
        Observation::Redirect {
            from: "https://www.example.com/".to_owned(),
            to: "https://old.example.com/moved?to=a-long-path".to_owned(),
            status: 302,
            followed: true,
            why_not: None,
        },
    );
    run.hop = 1;
    run.see(0, hop_begins("old.example.com", "https://old.example.com/moved?to=a-long-path"));
    run.see(60_000, interfaces());
    let dead = run.see(
        2_500_000,
        Observation::SystemAnswer {
            name: "old.example.com".to_owned(),
            result: SystemResult::Failed {
                eai: -2,
                eai_name: "EAI_NONAME".to_owned(),
                text: "Name or service not known".to_owned(),
            },
            start_ns: 9 * MS,
            duration_ns: 2_500_000,
        },
    );
    run.phase(PhaseName::Dns, 2_500_000, false);
    let finding = Finding::new(
        FindingId::HttpRedirectDeadName,
        Severity::Error,
        Where::Service,
        "the server redirects to old.example.com, and that name does not exist",
    )
    .because("https://www.example.com/ answered 302 with that location", [redirect])
    .because("the name does not exist", [dead])
    .try_next("correct the location that the server sends, or create the name");
    let evidence = run.evidence();
    Example { verdict: verdict(&evidence, Outcome::Broken, vec![finding]), evidence }
}

/// Nobody answers on the port, and one vantage point cannot tell why.
pub fn silent_port() -> Example {
    let mut run = Run::begun();
    run.see(3_100_000, system_answer(&["10.130.1.4"]));
    run.phase(PhaseName::Dns, 3_100_000, true);
    run.see(80_000, route("10.130.1.4", "192.168.1.1"));
    let silent = run.see(
        2000 * MS,
        Observation::Connect(connect_attempt(1, "10.130.1.4:443", ConnectOutcome::TimedOut)),
    );
    run.phase(PhaseName::Tcp, 2000 * MS, false);
    let mut hops = Vec::new();
    for (ttl, router) in [(1, "192.168.1.1"), (2, "10.25.1.1"), (3, "10.1.1.1"), (4, "10.130.1.1")]
    {
        let outcome = HopOutcome::TimeExceeded { router: ip(router), reply_ttl: Some(65 - ttl) };
        hops.push(run.see(300_000, hop_probe(ttl, outcome)));
    }
    run.see(MS, hop_probe(5, HopOutcome::Silent));
    let finding = Finding::new(
        FindingId::TcpPortSilent,
        Severity::Error,
        Where::Unknown,
        "10.130.1.4 never answers on port 443, though it answers on another port",
    )
    .because("no answer to the SYN and its repetitions within 2 s", [silent])
    .because("every router up to 10.130.1.1 passes SYNs for this port on", hops.iter().copied())
    .ruled_out("a dead host: port 80 of the same address refused at once", [silent])
    .not_looked_at("what arrives at the far end: only a capture there could show it")
    .candidates([FindingId::TcpSynFiltered, FindingId::TcpSynAckFiltered, FindingId::TcpBacklogFull])
    .try_next("capture on the server while this runs: tcpdump -n tcp port 443; no SYN there means a filter before it");
    let evidence = run.evidence();
    Example { verdict: verdict(&evidence, Outcome::Broken, vec![finding]), evidence }
}

/// The page arrived, but the resolver took its time.
pub fn slow_resolver() -> Example {
    let mut run = Run::begun();
    let Observation::SystemAnswer { name, result, .. } = system_answer(&["10.130.1.4"]) else {
        unreachable!("system_answer builds nothing else")
    };
    let answer = run.see(
        1503 * MS,
        Observation::SystemAnswer { name, result, start_ns: MS, duration_ns: 1503 * MS },
    );
    run.phase(PhaseName::Dns, 1503 * MS, true);
    run.see(80_000, route("10.130.1.4", "192.168.1.1"));
    let mut attempt = connect_attempt(1, "10.130.1.4:443", ConnectOutcome::Connected);
    attempt.chosen = true;
    run.see(900_000, Observation::Connect(attempt));
    run.phase(PhaseName::Tcp, 900_000, true);
    run.see(
        4_200_000,
        Observation::TlsHandshake(handshake(TlsOutcome::Done, TrustResult::Trusted, 8)),
    );
    run.phase(PhaseName::Tls, 4_200_000, true);
    exchange(&mut run, 200, &[]);
    let slow = Finding::new(
        FindingId::DnsResolverSlow,
        Severity::Warning,
        Where::Network,
        "the resolver 10.1.1.1 took 1.50 s to answer",
    )
    .because("www.example.com took 1.50 s", [answer])
    .try_next("use another resolver, or ask its operator why it is slow");
    let soon = Finding::new(
        FindingId::TlsCertExpiresSoon,
        Severity::Info,
        Where::Service,
        "the certificate of www.example.com expires in 8 days",
    );
    let evidence = run.evidence();
    Example { verdict: verdict(&evidence, Outcome::Degraded, vec![slow, soon]), evidence }
}

/// A server that sends what a terminal would act on, wherever it can.
pub fn hostile() -> Example {
    const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\n\u{9b}31m\u{202e}evil";
    let mut run = Run::begun();
    run.resolve_and_connect();
    let mut hand = handshake(TlsOutcome::Done, TrustResult::Trusted, 90);
    hand.alpn = Some(EVIL.to_owned());
    run.see(MS, Observation::TlsHandshake(hand));
    exchange(&mut run, 200, &[("content-type", EVIL)]);
    let to = format!("https://{EVIL}/");
    let seen = run.see(
        0,
        Observation::Redirect {
            from: EVIL.to_owned(),
            to: to.clone(),
            status: 302,
            followed: true,
            why_not: Some(EVIL.to_owned()),
        },
    );
    run.hop = 1;
    run.see(0, hop_begins(EVIL, &to));
    run.see(0, Observation::NotLookedAt { what: EVIL.to_owned(), why: EVIL.to_owned() });
    let finding =
        Finding::new(FindingId::HttpRedirectInvalid, Severity::Error, Where::Service, EVIL)
            .because(EVIL, [seen])
            .ruled_out(EVIL, [seen])
            .not_looked_at(EVIL)
            .try_next(EVIL);
    let mut evidence = run.evidence();
    evidence.target.text = format!("https://www.example.com/{EVIL}");
    Example { verdict: verdict(&evidence, Outcome::Broken, vec![finding]), evidence }
}

/// One of every kind of observation, in the order of the layers.
pub fn observations() -> Vec<Observation> {
    let mut all = host_observations();
    all.extend(transport_observations());
    all.extend(tls_observations());
    all.extend(http_observations());
    all.extend([
        Observation::Phase {
            phase: PhaseName::Dns,
            start_ns: 0,
            duration_ns: Some(3_100_000),
            ok: true,
        },
        Observation::Mapped { from: socket("10.130.1.4:443"), to: socket("127.0.0.1:40443") },
        Observation::Waiting {
            phase: PhaseName::Tcp,
            addresses: vec![socket("10.130.1.4:443")],
            silent_ns: 700 * MS,
        },
        Observation::Asked { question: Question::Path { destination: socket("10.130.1.4:443") } },
        Observation::NotLookedAt {
            what: "the neighbour table of the gateway".to_owned(),
            why: "only its administrator can".to_owned(),
        },
        Observation::Retry { attempt: 2, wait_ms: 250 },
    ]);
    all
}

fn host_observations() -> Vec<Observation> {
    vec![
        hop_begins("www.example.com", "https://www.example.com/"),
        Observation::AddressesGiven {
            name: "www.example.com".to_owned(),
            addresses: vec![ip("10.130.1.4")],
        },
        interfaces(),
        route("10.130.1.4", "192.168.1.1"),
        Observation::Neighbour {
            address: ip("192.168.1.1"),
            interface: "eth1".to_owned(),
            state: NeighbourState::Reachable,
            mac: Some("02:00:00:00:01:01".to_owned()),
        },
        resolver_config(),
        Observation::Proxy {
            from: "https_proxy".to_owned(),
            url: "http://proxy.example.com:3128/".to_owned(),
        },
        system_answer(&["2001:db8:130::4", "10.130.1.4"]),
        Observation::Dns(dns_exchange()),
    ]
}

fn transport_observations() -> Vec<Observation> {
    let refused = ConnectOutcome::Failed { errno: 113, errno_name: "EHOSTUNREACH".to_owned() };
    let mut attempt = connect_attempt(2, "10.130.1.4:443", refused);
    attempt.icmp = vec![icmp_error()];
    vec![
        Observation::Connect(attempt),
        Observation::UdpExchange {
            address: socket("10.130.1.4:7"),
            sent_bytes: 4,
            outcome: UdpOutcome::Reply { size_bytes: 4 },
            icmp: vec![],
            start_ns: MS,
            duration_ns: 400_000,
        },
        Observation::TcpState {
            connection: 1,
            during: PhaseName::Tls,
            silent_ns: 800 * MS,
            tcp: tcp_info(),
        },
        hop_probe(4, HopOutcome::Icmp { error: icmp_error() }),
        Observation::SegmentSize(SegmentSizeProbe {
            address: socket("10.130.1.4:443"),
            mss_bytes: 536,
            answered: true,
            received_bytes: 1843,
            acked: Some(true),
            duration_ns: 5 * MS,
        }),
    ]
}

fn tls_observations() -> Vec<Observation> {
    vec![
        Observation::TlsHandshake(handshake(TlsOutcome::Untrusted, TrustResult::Expired, -3)),
        Observation::Hello(HelloProbe {
            address: socket("10.130.1.4:443"),
            variant: HelloVariant::MaxVersion { version: "TLSv1.0".to_owned() },
            sent_bytes: 212,
            outcome: HelloOutcome::ServerHello {
                version: "TLSv1.0".to_owned(),
                cipher_suite: "TLS_RSA_WITH_AES_128_CBC_SHA".to_owned(),
            },
            acked: Some(true),
            duration_ns: 900_000,
        }),
        Observation::IssuerFetch {
            url: "http://ca.example.com/intermediate.cer".to_owned(),
            result: IssuerResult::Failed { text: "404".to_owned() },
        },
    ]
}

fn http_observations() -> Vec<Observation> {
    let mut run = Run { events: Vec::new(), at_ns: 0, hop: 0 };
    exchange(&mut run, 200, &[]);
    let mut all: Vec<Observation> = run
        .events
        .into_iter()
        .map(|e| e.what)
        .filter(|w| !matches!(w, Observation::Phase { .. }))
        .collect();
    all.extend([
        Observation::HttpFailure {
            connection: 1,
            during: PhaseName::Wait,
            error: HttpError::TimedOut,
            text: "no first byte within 5 s".to_owned(),
        },
        Observation::Redirect {
            from: "http://www.example.com/".to_owned(),
            to: "https://www.example.com/".to_owned(),
            status: 301,
            followed: true,
            why_not: None,
        },
        Observation::ProxyConnect {
            proxy: "http://proxy.example.com:3128/".to_owned(),
            authority: "www.example.com:443".to_owned(),
            status: Some(403),
            error: None,
        },
        Observation::PlainHttp {
            address: socket("10.130.1.4:443"),
            status: Some(400),
            first_bytes: b"HTTP/1.1 400 Bad Request".to_vec(),
            error: None,
        },
    ]);
    all
}

fn target() -> Target {
    Target {
        text: "https://www.example.com/".to_owned(),
        scheme: Scheme::Https,
        host: "www.example.com".to_owned(),
        port: 443,
        insecure: false,
        aia: false,
        timeout_ms: 5000,
    }
}

fn verdict(evidence: &Evidence, outcome: Outcome, findings: Vec<Finding>) -> Verdict {
    let root = findings.first().filter(|finding| finding.severity != Severity::Info);
    Verdict {
        target: evidence.target.text.clone(),
        outcome,
        layer: root.map(|finding| finding.layer),
        root: root.map(|finding| finding.id),
        place: root.map(|finding| finding.place),
        phases: phases(evidence),
        findings,
    }
}

fn phases(evidence: &Evidence) -> Vec<Phase> {
    let hops = evidence.events.iter().map(|event| event.hop).max().unwrap_or(0);
    let of = |hop: u16, wanted: PhaseName| {
        evidence.events.iter().find_map(|event| match event.what {
            Observation::Phase { phase, start_ns, duration_ns, .. }
                if event.hop == hop && phase == wanted =>
            {
                Some((start_ns, duration_ns))
            }
            _ => None,
        })
    };
    let attempts = |hop: u16, phase: PhaseName| {
        let connects =
            evidence.events.iter().filter(|event| event.hop == hop && phase == PhaseName::Tcp);
        connects
            .filter_map(|event| match &event.what {
                Observation::Connect(attempt) => Some(Attempt::of_connect(attempt)),
                _ => None,
            })
            .collect()
    };
    (0..=hops)
        .flat_map(|hop| PhaseName::ALL.map(|phase| (hop, phase)))
        .map(|(hop, phase)| Phase {
            hop,
            phase,
            start_ns: of(hop, phase).map(|(start, _)| start),
            duration_ns: of(hop, phase).and_then(|(_, duration)| duration),
            attempts: attempts(hop, phase),
        })
        .collect()
}

fn hop_begins(host: &str, url: &str) -> Observation {
    Observation::HopBegins {
        scheme: Scheme::Https,
        host: host.to_owned(),
        port: 443,
        url: Some(url.to_owned()),
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address written in this file")
}

fn socket(text: &str) -> SocketAddr {
    text.parse().expect("an address written in this file")
}

fn interfaces() -> Observation {
    let address =
        |text, prefix_bits, global| InterfaceAddress { address: ip(text), prefix_bits, global };
    Observation::Interfaces {
        interfaces: vec![
            Interface {
                index: 1,
                name: "lo".to_owned(),
                loopback: true,
                admin_up: true,
                carrier: true,
                mtu_bytes: 65_536,
                mac: None,
                addresses: vec![address("127.0.0.1", 8, false)],
            },
            Interface {
                index: 2,
                name: "eth1".to_owned(),
                loopback: false,
                admin_up: true,
                carrier: true,
                mtu_bytes: 1500,
                mac: Some("02:00:00:00:01:0b".to_owned()),
                addresses: vec![
                    address("192.168.1.11", 24, true),
                    address("2001:db8:25:a::11", 64, true),
                    address("fe80::ff:fe00:10b", 64, false),
                ],
            },
        ],
    }
}

fn route(destination: &str, gateway: &str) -> Observation {
    let source = if destination.contains(':') { "2001:db8:25:a::11" } else { "192.168.1.11" };
    Observation::Route {
        destination: ip(destination),
        result: RouteResult::Found {
            interface: "eth1".to_owned(),
            gateway: Some(ip(gateway)),
            source: Some(ip(source)),
            mtu_bytes: None,
        },
    }
}

fn resolver_config() -> Observation {
    Observation::ResolverConfig {
        servers: vec![socket("10.1.1.1:53")],
        search: vec!["example.com".to_owned()],
        ndots: 1,
        hosts_file: vec![],
        nsswitch: Some("files dns".to_owned()),
    }
}

fn system_answer(addresses: &[&str]) -> Observation {
    Observation::SystemAnswer {
        name: "www.example.com".to_owned(),
        result: SystemResult::Addresses {
            addresses: addresses.iter().map(|text| ip(text)).collect(),
        },
        start_ns: 170_000,
        duration_ns: 3_100_000,
    }
}

fn dns_exchange() -> DnsExchange {
    DnsExchange {
        server: socket("10.1.1.1:53"),
        role: DnsRole::SystemResolver,
        transport: DnsTransport::Udp,
        name: "www.example.com".to_owned(),
        rtype: "A".to_owned(),
        recursion_desired: true,
        tries: 1,
        mismatched: 0,
        outcome: DnsOutcome::Reply(DnsReply {
            rcode: "noerror".to_owned(),
            rcode_raw: 0,
            authoritative: false,
            truncated: false,
            recursion_available: true,
            answers: vec![DnsRecord {
                name: "www.example.com".to_owned(),
                rtype: "A".to_owned(),
                ttl_s: 300,
                data: "10.130.1.4".to_owned(),
            }],
            authorities: vec![],
            additionals: vec![],
            extended_errors: vec![],
            size_bytes: 60,
        }),
        start_ns: 200_000,
        duration_ns: 2_900_000,
    }
}

fn connect_attempt(connection: u32, address: &str, outcome: ConnectOutcome) -> ConnectAttempt {
    let connected = outcome == ConnectOutcome::Connected;
    let duration_ns = if outcome == ConnectOutcome::TimedOut { 2000 * MS } else { 900_000 };
    ConnectAttempt {
        connection,
        address: socket(address),
        local: None,
        outcome,
        icmp: vec![],
        tcp: connected.then(tcp_info),
        start_ns: 3_400_000,
        duration_ns,
        chosen: false,
    }
}

fn tcp_info() -> TcpInfo {
    TcpInfo {
        state: "ESTABLISHED".to_owned(),
        rtt_us: 620,
        rtt_min_us: Some(610),
        retransmits: 0,
        total_retransmits: 0,
        backoff: 0,
        unacked_segments: 0,
        lost_segments: 0,
        path_mtu_bytes: 1500,
        send_mss_bytes: 1448,
        receive_mss_bytes: 536,
        advertised_mss_bytes: 1448,
        sent_bytes: Some(0),
        acked_bytes: Some(1),
        received_bytes: Some(0),
        send_queue_bytes: Some(0),
    }
}

fn icmp_error() -> IcmpError {
    IcmpError {
        origin: IcmpOrigin::Icmp,
        offender: Some(ip("10.130.1.1")),
        offender_is_self: false,
        icmp_type: 3,
        icmp_code: 1,
        errno: 113,
        mtu_bytes: None,
        reply_ttl: Some(61),
        after_ns: 3000 * MS,
    }
}

fn hop_probe(ttl: u8, outcome: HopOutcome) -> Observation {
    Observation::Hop(HopProbe {
        destination: socket("10.130.1.4:443"),
        protocol: HopProtocol::Tcp,
        ttl,
        outcome,
        duration_ns: 300_000,
    })
}

fn handshake(outcome: TlsOutcome, trust: TrustResult, days_left: i64) -> TlsHandshake {
    TlsHandshake {
        connection: 1,
        server_name: Some("www.example.com".to_owned()),
        alpn_offered: vec!["h2".to_owned(), "http/1.1".to_owned()],
        alpn: (outcome == TlsOutcome::Done).then(|| "h2".to_owned()),
        outcome,
        version: Some("TLSv1.3".to_owned()),
        cipher_suite: Some("TLS13_AES_256_GCM_SHA384".to_owned()),
        group: Some("X25519MLKEM768".to_owned()),
        chain: vec![certificate(days_left)],
        trust: Some(Trust {
            path_ok: trust == TrustResult::Trusted,
            failures: if trust == TrustResult::Trusted { vec![] } else { vec![trust.clone()] },
            result: trust,
            store: "/etc/ssl/certs".to_owned(),
            roots: 1,
            last_issuer_in_store: true,
            leaf_in_store: false,
        }),
        client_certificate_requested: false,
        client_certificate_sent: false,
        client_certificate_authorities: vec![],
        hello_bytes: 1523,
        received_bytes: 2841,
        first_bytes: vec![0x16, 0x03, 0x03],
        start_ns: 4_300_000,
        duration_ns: 4_200_000,
    }
}

fn certificate(days_left: i64) -> Certificate {
    let not_after_unix_s = NOW_UNIX_S + days_left * DAY_S;
    Certificate {
        subject: "CN=www.example.com".to_owned(),
        issuer: "CN=plumb lab intermediate".to_owned(),
        names: vec!["dns:www.example.com".to_owned()],
        common_name: Some("www.example.com".to_owned()),
        serial: "01".to_owned(),
        not_before_unix_s: not_after_unix_s - 90 * DAY_S,
        not_after_unix_s,
        key: "EC P-256".to_owned(),
        signature_algorithm: "ecdsa-with-SHA256".to_owned(),
        is_authority: false,
        self_signed: false,
        subject_key_id: None,
        authority_key_id: None,
        extended_key_usage: vec!["serverAuth".to_owned()],
        issuer_urls: vec!["http://ca.example.com/intermediate.cer".to_owned()],
        sha256: "00".repeat(32),
        der: vec![0x30, 0x00],
    }
}

/// A request and its response over HTTP/2.
fn exchange(run: &mut Run, status: u16, headers: &[(&str, &str)]) {
    let mut shown = vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
    if !headers.is_empty() {
        shown =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    }
    run.see(
        90_000,
        Observation::HttpRequest(HttpRequest {
            connection: 1,
            method: "GET".to_owned(),
            url: "https://www.example.com/".to_owned(),
            version: "HTTP/2".to_owned(),
            headers: vec![("accept".to_owned(), "*/*".to_owned())],
            body_bytes: 0,
            start_ns: 8_600_000,
            duration_ns: 90_000,
        }),
    );
    run.phase(PhaseName::Request, 90_000, true);
    run.see(
        1_200_000,
        Observation::HttpResponse(HttpResponse {
            connection: 1,
            version: "HTTP/2".to_owned(),
            status,
            headers: shown,
            start_ns: 8_700_000,
            duration_ns: 1_200_000,
            tcp: None,
        }),
    );
    run.phase(PhaseName::Wait, 1_200_000, true);
    run.see(
        140_000,
        Observation::HttpBody(HttpBody {
            connection: 1,
            received_bytes: 1270,
            declared_bytes: Some(1270),
            decoded_bytes: None,
            ended: BodyEnd::Complete,
            encoding: None,
            encoding_error: None,
            start_ns: 9_900_000,
            duration_ns: 140_000,
            first_bytes: b"<!doctype html>".to_vec(),
        }),
    );
    run.phase(PhaseName::Response, 140_000, true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_observation_has_an_example_that_reads_back() {
        let all = observations();
        let mut kinds = Vec::new();
        for what in &all {
            let json = serde_json::to_value(what).unwrap();
            kinds.push(json["kind"].as_str().unwrap().to_owned());
            assert_eq!(serde_json::from_value::<Observation>(json).unwrap(), *what);
        }
        // serde names the kinds that it knows when it meets one that it does not.
        let unknown = serde_json::json!({"kind": "no_such_kind"});
        let message = serde_json::from_value::<Observation>(unknown).unwrap_err().to_string();
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        assert!(known.len() >= 27, "{message}");
        for kind in known {
            assert!(kinds.iter().any(|have| have == kind), "{kind} has no example");
        }
    }
}
