//! Evidence as the probes would record it, for one machine on the tiny
//! Internet: h1 (192.168.1.11) behind 192.168.1.1, the resolver 10.1.1.1, the
//! target www.example.com at 10.130.1.4 and 2001:db8:130::4.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "builders of tests may panic")]

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::evidence::{FORMAT_VERSION, Scheme};
use plumb_evidence::observation::*;
use plumb_evidence::{Event, Evidence, Observation, Purpose, Question, Target};

pub const MS: u64 = 1_000_000;
pub const S: u64 = 1_000 * MS;
pub const V4: &str = "10.130.1.4:443";
pub const V6: &str = "[2001:db8:130::4]:443";
pub const RESOLVER: &str = "10.1.1.1:53";
/// 2026-11-20.
pub const NOW: i64 = 1_795_132_800;
pub const DAY: i64 = 86_400;

/// A run that is being recorded.
#[derive(Debug, Clone)]
pub struct Run {
    pub evidence: Evidence,
    pub hop: u16,
    pub purpose: Purpose,
    pub at_ns: u64,
    connections: u32,
}

pub fn sock(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl Run {
    /// The first events of every walk to a target on h1.
    pub fn to(text: &str, scheme: Scheme, host: &str, port: u16) -> Run {
        let target = Target {
            text: text.to_owned(),
            scheme,
            host: host.to_owned(),
            port,
            insecure: false,
            aia: false,
            timeout_ms: 5_000,
        };
        let evidence = Evidence {
            format: FORMAT_VERSION,
            plumb: "0.1.0".to_owned(),
            target,
            started_unix_s: NOW,
            events: Vec::new(),
        };
        let run = Run { evidence, hop: 0, purpose: Purpose::Walk, at_ns: 0, connections: 0 };
        run.begins(scheme, host, port, text)
    }

    /// https://www.example.com/ from h1, its interface up.
    pub fn www() -> Run {
        Run::to("https://www.example.com/", Scheme::Https, "www.example.com", 443)
            .interfaces(vec![loopback(), eth1(true, true)])
            .resolver_config(&[RESOLVER])
    }

    /// The same over plain HTTP.
    pub fn plain_www() -> Run {
        Run::to("http://www.example.com/", Scheme::Http, "www.example.com", 80)
            .interfaces(vec![loopback(), eth1(true, true)])
            .resolver_config(&[RESOLVER])
    }

    pub fn see(mut self, what: Observation) -> Run {
        let seq = u32::try_from(self.evidence.events.len()).unwrap() + 1;
        self.at_ns += MS;
        let event = Event { seq, at_ns: self.at_ns, hop: self.hop, purpose: self.purpose, what };
        self.evidence.events.push(event);
        self
    }

    pub fn seen_as(mut self, purpose: Purpose) -> Run {
        self.purpose = purpose;
        self
    }

    pub fn begins(self, scheme: Scheme, host: &str, port: u16, url: &str) -> Run {
        self.see(Observation::HopBegins {
            scheme,
            host: host.to_owned(),
            port,
            url: scheme.is_http().then(|| url.to_owned()),
        })
    }

    pub fn interfaces(self, interfaces: Vec<Interface>) -> Run {
        self.see(Observation::Interfaces { interfaces })
    }

    pub fn resolver_config(self, servers: &[&str]) -> Run {
        self.see(Observation::ResolverConfig {
            servers: servers.iter().map(|s| sock(s)).collect(),
            search: vec!["example.com".to_owned()],
            ndots: 1,
            hosts_file: Vec::new(),
            nsswitch: Some("hosts: files dns".to_owned()),
        })
    }

    pub fn route(self, to: &str) -> Run {
        let destination = ip(to);
        let (gateway, source) = match destination {
            IpAddr::V4(_) => ("192.168.1.1", "192.168.1.11"),
            IpAddr::V6(_) => ("fe80::1", "2001:db8:25:a::11"),
        };
        self.route_via(to, Some(gateway), source)
    }

    pub fn route_via(self, to: &str, gateway: Option<&str>, source: &str) -> Run {
        self.see(Observation::Route {
            destination: ip(to),
            result: RouteResult::Found {
                interface: "eth1".to_owned(),
                gateway: gateway.map(ip),
                source: Some(ip(source)),
                mtu_bytes: None,
            },
        })
    }

    pub fn no_route(self, to: &str) -> Run {
        self.route_refused(to, 101, "ENETUNREACH")
    }

    pub fn route_refused(self, to: &str, errno: i32, name: &str) -> Run {
        self.see(Observation::Route {
            destination: ip(to),
            result: RouteResult::Refused { errno, errno_name: name.to_owned() },
        })
    }

    pub fn neighbour(self, address: &str, state: NeighbourState) -> Run {
        self.see(Observation::Neighbour {
            address: ip(address),
            interface: "eth1".to_owned(),
            state,
            mac: None,
        })
    }

    pub fn asked(self, question: Question) -> Run {
        self.see(Observation::Asked { question })
    }

    pub fn system(self, result: SystemResult, took_ns: u64) -> Run {
        let name = self.host();
        let ok = matches!(result, SystemResult::Addresses { .. });
        let start_ns = self.at_ns;
        self.see(Observation::SystemAnswer { name, result, start_ns, duration_ns: took_ns })
            .phase(PhaseName::Dns, ok)
    }

    pub fn system_addresses(self, addresses: &[&str]) -> Run {
        let addresses = addresses.iter().map(|a| ip(a)).collect();
        self.system(SystemResult::Addresses { addresses }, 2 * MS)
    }

    pub fn system_failed(self, name: &str) -> Run {
        let result =
            SystemResult::Failed { eai: -3, eai_name: name.to_owned(), text: "no luck".to_owned() };
        self.system(result, 2 * MS)
    }

    pub fn phase(self, phase: PhaseName, ok: bool) -> Run {
        let start_ns = self.at_ns;
        self.see(Observation::Phase { phase, start_ns, duration_ns: Some(MS), ok })
    }

    fn host(&self) -> String {
        self.evidence
            .events
            .iter()
            .rev()
            .find_map(|event| match &event.what {
                Observation::HopBegins { host, .. } => Some(host.clone()),
                _ => None,
            })
            .unwrap()
    }

    /// A question to the system's resolver, and what came of it.
    pub fn dns(self, rtype: &str, outcome: DnsOutcome, took_ns: u64) -> Run {
        let name = self.host();
        self.exchange(RESOLVER, DnsTransport::Udp, &name, rtype, outcome, took_ns)
    }

    pub fn exchange(
        self,
        server: &str,
        transport: DnsTransport,
        name: &str,
        rtype: &str,
        outcome: DnsOutcome,
        took_ns: u64,
    ) -> Run {
        let start_ns = self.at_ns;
        self.see(Observation::Dns(DnsExchange {
            server: sock(server),
            role: DnsRole::SystemResolver,
            transport,
            name: name.to_owned(),
            rtype: rtype.to_owned(),
            recursion_desired: true,
            tries: 1,
            mismatched: 0,
            outcome,
            start_ns,
            duration_ns: took_ns,
        }))
    }

    /// A question on the walk from the root.
    pub fn authority(self, server: &str, zone: &str, outcome: DnsOutcome) -> Run {
        let name = self.host();
        let start_ns = self.at_ns;
        self.see(Observation::Dns(DnsExchange {
            server: sock(server),
            role: DnsRole::Authority { zone: zone.to_owned(), server_name: None },
            transport: DnsTransport::Udp,
            name,
            rtype: "A".to_owned(),
            recursion_desired: false,
            tries: 1,
            mismatched: 0,
            outcome,
            start_ns,
            duration_ns: MS,
        }))
    }

    /// The walk down to example.com, whose own server says `outcome`.
    pub fn delegation(self, outcome: DnsOutcome) -> Run {
        let name = self.host();
        self.seen_as(Purpose::Probe)
            .asked(Question::Delegation { name, rtype: "A".to_owned() })
            .authority("198.41.0.4:53", ".", referral("com"))
            .authority("192.5.6.30:53", "com", referral("example.com"))
            .authority("10.130.1.1:53", "example.com", outcome)
    }

    /// The name resolves, both families, as on a healthy day.
    pub fn resolved(self) -> Run {
        self.route("10.1.1.1")
            .seen_as(Purpose::Aside)
            .dns("A", addresses(&["10.130.1.4"]), MS)
            .dns("AAAA", addresses(&["2001:db8:130::4"]), MS)
            .seen_as(Purpose::Walk)
            .system_addresses(&["2001:db8:130::4", "10.130.1.4"])
            .route("2001:db8:130::4")
            .route("10.130.1.4")
    }

    pub fn connect(self, to: &str, outcome: ConnectOutcome, took_ns: u64) -> Run {
        self.connect_icmp(to, outcome, Vec::new(), took_ns)
    }

    pub fn connect_icmp(
        mut self,
        to: &str,
        outcome: ConnectOutcome,
        icmp: Vec<IcmpError>,
        took_ns: u64,
    ) -> Run {
        self.connections += 1;
        let connected = outcome == ConnectOutcome::Connected;
        let chosen = connected && self.purpose == Purpose::Walk;
        let attempt = ConnectAttempt {
            connection: self.connections,
            address: sock(to),
            local: None,
            outcome,
            icmp,
            // A SYN is sent again after a second.
            tcp: connected
                .then(|| TcpInfo { total_retransmits: u32::from(took_ns >= S), ..tcp_info(0) }),
            start_ns: self.at_ns,
            duration_ns: took_ns,
            chosen,
        };
        self.see(Observation::Connect(attempt))
    }

    /// Connected to the IPv6 address, and to the other one beside.
    pub fn connected(self) -> Run {
        self.connect(V6, ConnectOutcome::Connected, MS / 2)
            .phase(PhaseName::Tcp, true)
            .seen_as(Purpose::Aside)
            .connect(V4, ConnectOutcome::Connected, MS / 2)
            .seen_as(Purpose::Walk)
    }

    /// Both addresses fail likewise.
    pub fn both_fail(
        self,
        v4: (ConnectOutcome, Vec<IcmpError>),
        v6: (ConnectOutcome, Vec<IcmpError>),
        took_ns: u64,
    ) -> Run {
        self.connect_icmp(V6, v6.0, v6.1, took_ns)
            .connect_icmp(V4, v4.0, v4.1, took_ns)
            .phase(PhaseName::Tcp, false)
    }

    pub fn chosen_connection(&self) -> u32 {
        self.evidence
            .events
            .iter()
            .rev()
            .find_map(|event| match &event.what {
                Observation::Connect(attempt) if attempt.chosen => Some(attempt.connection),
                _ => None,
            })
            .unwrap()
    }

    /// The walk's connection makes no progress.
    pub fn stalls(self, during: PhaseName, unacked: u32) -> Run {
        let connection = self.chosen_connection();
        self.see(Observation::TcpState {
            connection,
            during,
            silent_ns: 700 * MS,
            tcp: tcp_info(unacked),
        })
    }

    pub fn tls(self, outcome: TlsOutcome, change: impl FnOnce(&mut TlsHandshake)) -> Run {
        let ok = outcome == TlsOutcome::Done;
        let mut handshake = TlsHandshake {
            connection: self.chosen_connection(),
            server_name: Some(self.host()),
            alpn_offered: vec!["h2".to_owned(), "http/1.1".to_owned()],
            version: ok.then(|| "TLSv1.3".to_owned()),
            cipher_suite: ok.then(|| "TLS_AES_256_GCM_SHA384".to_owned()),
            group: ok.then(|| "X25519MLKEM768".to_owned()),
            alpn: ok.then(|| "h2".to_owned()),
            chain: Vec::new(),
            trust: None,
            client_certificate_requested: false,
            client_certificate_sent: false,
            client_certificate_authorities: Vec::new(),
            hello_bytes: 1_700,
            received_bytes: if ok { 3_500 } else { 0 },
            first_bytes: Vec::new(),
            start_ns: self.at_ns,
            duration_ns: 2 * MS,
            outcome,
        };
        if ok {
            handshake.chain = vec![leaf(300 * DAY), intermediate()];
            handshake.trust = Some(trust(TrustResult::Trusted));
        }
        change(&mut handshake);
        self.see(Observation::TlsHandshake(handshake)).phase(PhaseName::Tls, ok)
    }

    pub fn secured(self) -> Run {
        self.tls(TlsOutcome::Done, |_| ())
    }

    pub fn untrusted(self, result: TrustResult, chain: Vec<Certificate>) -> Run {
        self.tls(TlsOutcome::Untrusted, |handshake| {
            handshake.chain = chain;
            handshake.trust = Some(trust(result));
        })
    }

    /// What HTTP clients of today speak with and without TLS.
    fn version(&self) -> String {
        let tls = self.evidence.target.scheme.is_tls();
        if tls { "HTTP/2" } else { "HTTP/1.1" }.to_owned()
    }

    pub fn request(self) -> Run {
        let request = HttpRequest {
            connection: self.chosen_connection(),
            method: "GET".to_owned(),
            url: self.evidence.target.text.clone(),
            version: self.version(),
            headers: Vec::new(),
            body_bytes: 0,
            start_ns: self.at_ns,
            duration_ns: MS,
        };
        self.see(Observation::HttpRequest(request)).phase(PhaseName::Request, true)
    }

    pub fn response(self, status: u16, took_ns: u64) -> Run {
        let response = HttpResponse {
            connection: self.chosen_connection(),
            version: self.version(),
            status,
            headers: Vec::new(),
            start_ns: self.at_ns,
            duration_ns: took_ns,
            tcp: Some(tcp_info(0)),
        };
        self.see(Observation::HttpResponse(response)).phase(PhaseName::Wait, true)
    }

    pub fn body(self, ended: BodyEnd, change: impl FnOnce(&mut HttpBody)) -> Run {
        let ok = ended == BodyEnd::Complete;
        let mut body = HttpBody {
            connection: self.chosen_connection(),
            received_bytes: 1_000,
            declared_bytes: Some(if ok { 1_000 } else { 5_000 }),
            decoded_bytes: Some(1_000),
            ended,
            encoding: None,
            encoding_error: None,
            start_ns: self.at_ns,
            duration_ns: MS,
            first_bytes: b"<html>".to_vec(),
        };
        change(&mut body);
        self.see(Observation::HttpBody(body)).phase(PhaseName::Response, ok)
    }

    /// Request, status and a whole body.
    pub fn page(self, status: u16) -> Run {
        self.request().response(status, 2 * MS).body(BodyEnd::Complete, |_| ())
    }

    pub fn http_fails(self, error: HttpError) -> Run {
        let connection = self.chosen_connection();
        self.see(Observation::HttpFailure {
            connection,
            during: PhaseName::Wait,
            error,
            text: "what the parser said".to_owned(),
        })
        .phase(PhaseName::Wait, false)
    }

    pub fn redirects(mut self, from: &str, to: &str, host: &str, why_not: Option<&str>) -> Run {
        self = self.see(Observation::Redirect {
            from: from.to_owned(),
            to: to.to_owned(),
            status: 302,
            followed: why_not.is_none(),
            why_not: why_not.map(str::to_owned),
        });
        if why_not.is_none() {
            self.hop += 1;
            self = self.begins(Scheme::Https, host, 443, to);
        }
        self
    }

    /// TTL-limited probes: `*` for silence, `!` for a connection, `x` for a
    /// RST, an address for "time exceeded".
    pub fn trace(self, to: &str, hops: &[&str]) -> Run {
        let mut run = self.seen_as(Purpose::Probe).asked(Question::Path { destination: sock(to) });
        for (ttl, hop) in (1u8..).zip(hops) {
            let outcome = match *hop {
                "*" => HopOutcome::Silent,
                "!" => HopOutcome::Connected,
                "x" => HopOutcome::Refused,
                router => {
                    HopOutcome::TimeExceeded { router: ip(router), reply_ttl: Some(64 - ttl) }
                }
            };
            run = run.hop_probe(to, ttl, outcome);
        }
        run.seen_as(Purpose::Walk)
    }

    pub fn hop_probe(self, to: &str, ttl: u8, outcome: HopOutcome) -> Run {
        self.seen_as(Purpose::Probe)
            .see(Observation::Hop(HopProbe {
                destination: sock(to),
                protocol: HopProtocol::Tcp,
                ttl,
                outcome,
                duration_ns: MS,
            }))
            .seen_as(Purpose::Walk)
    }

    /// The way to www as routers tell it, as far as `routers` of them answer,
    /// then silence.
    pub fn traces(self, routers: usize) -> Run {
        let v4 = ["192.168.1.1", "10.25.1.1", "10.1.1.1", "10.130.1.1"];
        let v6 = ["2001:db8:25:a::1", "2001:db8:25::1", "2001:db8:1::1", "2001:db8:130::1"];
        let cut = |all: [&'static str; 4]| {
            let mut hops: Vec<&str> = all[..routers].to_vec();
            hops.resize(8, "*");
            hops
        };
        self.trace(V4, &cut(v4)).trace(V6, &cut(v6))
    }

    /// Another port of both addresses, port 80.
    pub fn other_ports(self, outcome: ConnectOutcome, icmp: Vec<IcmpError>) -> Run {
        let took = if outcome == ConnectOutcome::TimedOut { 3 * S } else { MS };
        let v4 = sock("10.130.1.4:80");
        let v6 = sock("[2001:db8:130::4]:80");
        self.seen_as(Purpose::Probe)
            .asked(Question::OtherPort { address: v4 })
            .connect_icmp("10.130.1.4:80", outcome.clone(), icmp.clone(), took)
            .asked(Question::OtherPort { address: v6 })
            .connect_icmp("[2001:db8:130::4]:80", outcome, icmp, took)
            .seen_as(Purpose::Walk)
    }

    pub fn gateways_answer(self) -> Run {
        self.neighbour("192.168.1.1", NeighbourState::Reachable)
            .neighbour("fe80::1", NeighbourState::Reachable)
    }

    /// Whether the gateway itself answers a connection.
    pub fn gateway_asked(self, outcome: ConnectOutcome) -> Run {
        self.seen_as(Purpose::Probe)
            .asked(Question::OtherPort { address: sock("192.168.1.1:80") })
            .connect_icmp("192.168.1.1:80", outcome, vec![], 3 * S)
            .seen_as(Purpose::Walk)
    }

    pub fn segments(self, address: &str, rungs: &[(u16, bool)]) -> Run {
        let question = Question::SegmentSize {
            address: sock(address),
            server_name: Some("www.example.com".to_owned()),
            tls: true,
        };
        let mut run = self.seen_as(Purpose::Probe).asked(question);
        for &(mss_bytes, answered) in rungs {
            run = run.see(Observation::SegmentSize(SegmentSizeProbe {
                address: sock(address),
                mss_bytes,
                answered,
                received_bytes: if answered { 3_000 } else { 0 },
                acked: Some(true),
                duration_ns: MS,
            }));
        }
        run.seen_as(Purpose::Walk)
    }

    pub fn hello(self, variant: HelloVariant, outcome: HelloOutcome, acked: Option<bool>) -> Run {
        let address = self.chosen_address();
        let question = Question::Hello {
            address,
            server_name: Some("www.example.com".to_owned()),
            variant: variant.clone(),
        };
        let small = variant == HelloVariant::Small;
        self.seen_as(Purpose::Probe)
            .asked(question)
            .see(Observation::Hello(HelloProbe {
                address,
                variant,
                sent_bytes: if small { 280 } else { 1_700 },
                outcome,
                acked,
                duration_ns: MS,
            }))
            .seen_as(Purpose::Walk)
    }

    pub fn chosen_address(&self) -> SocketAddr {
        self.evidence
            .events
            .iter()
            .rev()
            .find_map(|event| match &event.what {
                Observation::Connect(attempt) if attempt.chosen => Some(attempt.address),
                _ => None,
            })
            .unwrap()
    }

    pub fn plain_http(self, status: Option<u16>, bytes: &[u8]) -> Run {
        let address = self.chosen_address();
        self.seen_as(Purpose::Probe)
            .asked(Question::PlainHttp { address, host: "www.example.com".to_owned() })
            .see(Observation::PlainHttp {
                address,
                status,
                first_bytes: bytes.to_vec(),
                error: None,
            })
            .seen_as(Purpose::Walk)
    }

    /// Every raw hello of the silent ladder meets silence; plain bytes are
    /// acknowledged or not.
    pub fn hellos_silent(self, hello_acked: bool, plain_acked: bool) -> Run {
        let silent = || HelloOutcome::Silent;
        self.hello(HelloVariant::Same, silent(), Some(hello_acked))
            .hello(HelloVariant::Small, silent(), Some(hello_acked))
            .hello(HelloVariant::NoServerName, silent(), Some(hello_acked))
            .hello(HelloVariant::PlainBytes, silent(), Some(plain_acked))
            .plain_http(None, b"")
    }

    /// Answers to the ladder of versions.
    pub fn versions(self, outcomes: [HelloOutcome; 3]) -> Run {
        let mut run = self;
        for (version, outcome) in ["TLSv1.2", "TLSv1.1", "TLSv1.0"].into_iter().zip(outcomes) {
            let variant = HelloVariant::MaxVersion { version: version.to_owned() };
            run = run.hello(variant, outcome, Some(true));
        }
        run
    }

    pub fn issuer(self, url: &str, result: IssuerResult) -> Run {
        self.seen_as(Purpose::Probe)
            .asked(Question::Issuer { url: url.to_owned() })
            .see(Observation::IssuerFetch { url: url.to_owned(), result })
            .seen_as(Purpose::Walk)
    }
}

pub fn loopback() -> Interface {
    Interface {
        index: 1,
        name: "lo".to_owned(),
        loopback: true,
        admin_up: true,
        carrier: true,
        mtu_bytes: 65_536,
        mac: None,
        addresses: vec![InterfaceAddress {
            address: ip("127.0.0.1"),
            prefix_bits: 8,
            global: false,
        }],
    }
}

pub fn eth1(admin_up: bool, carrier: bool) -> Interface {
    let address = |text: &str, prefix_bits, global| InterfaceAddress {
        address: ip(text),
        prefix_bits,
        global,
    };
    let mut addresses = vec![address("192.168.1.11", 24, true)];
    // The kernel drops IPv6 addresses of an interface that is set down.
    if admin_up {
        addresses.push(address("2001:db8:25:a::11", 64, true));
        addresses.push(address("fe80::11", 64, false));
    }
    Interface {
        index: 2,
        name: "eth1".to_owned(),
        loopback: false,
        admin_up,
        carrier,
        mtu_bytes: 1_500,
        mac: Some("02:00:00:00:00:11".to_owned()),
        addresses,
    }
}

/// eth1 with addresses of one family only.
pub fn eth1_only(v6: bool) -> Interface {
    let mut interface = eth1(true, true);
    interface.addresses.retain(|a| a.address.is_ipv6() == v6 || !a.global);
    interface
}

pub fn icmp(kind: u8, code: u8, by: &str, after_ns: u64) -> IcmpError {
    IcmpError {
        origin: IcmpOrigin::Icmp,
        offender: Some(ip(by)),
        offender_is_self: by == "192.168.1.11" || by == "2001:db8:25:a::11",
        icmp_type: kind,
        icmp_code: code,
        errno: 113,
        mtu_bytes: None,
        reply_ttl: Some(61),
        after_ns,
    }
}

pub fn icmp6(kind: u8, code: u8, by: &str, after_ns: u64) -> IcmpError {
    IcmpError { origin: IcmpOrigin::Icmp6, ..icmp(kind, code, by, after_ns) }
}

pub fn failed(errno: i32, name: &str) -> ConnectOutcome {
    ConnectOutcome::Failed { errno, errno_name: name.to_owned() }
}

pub fn unreachable() -> ConnectOutcome {
    failed(113, "EHOSTUNREACH")
}

/// `unacked`: segments that wait for an acknowledgement.
pub fn tcp_info(unacked: u32) -> TcpInfo {
    TcpInfo {
        state: "ESTABLISHED".to_owned(),
        rtt_us: 300,
        rtt_min_us: Some(250),
        retransmits: 0,
        total_retransmits: unacked,
        backoff: u8::from(unacked > 0),
        unacked_segments: unacked,
        lost_segments: unacked,
        path_mtu_bytes: 1_500,
        send_mss_bytes: 1_448,
        receive_mss_bytes: 536,
        advertised_mss_bytes: 1_460,
        sent_bytes: Some(1_700),
        acked_bytes: Some(if unacked > 0 { 1 } else { 1_701 }),
        received_bytes: Some(0),
        send_queue_bytes: Some(unacked * 1_448),
    }
}

pub fn record(name: &str, rtype: &str, data: &str) -> DnsRecord {
    DnsRecord { name: name.to_owned(), rtype: rtype.to_owned(), ttl_s: 300, data: data.to_owned() }
}

pub fn reply(rcode: &str, rcode_raw: u16) -> DnsReply {
    DnsReply {
        rcode: rcode.to_owned(),
        rcode_raw,
        authoritative: false,
        truncated: false,
        recursion_available: true,
        answers: Vec::new(),
        authorities: Vec::new(),
        additionals: Vec::new(),
        extended_errors: Vec::new(),
        size_bytes: 60,
    }
}

pub fn addresses(list: &[&str]) -> DnsOutcome {
    let answers = list
        .iter()
        .map(|a| record("www.example.com", if ip(a).is_ipv4() { "A" } else { "AAAA" }, a))
        .collect();
    DnsOutcome::Reply(DnsReply { answers, ..reply("noerror", 0) })
}

pub fn authoritative(list: &[&str]) -> DnsOutcome {
    match addresses(list) {
        DnsOutcome::Reply(reply) => DnsOutcome::Reply(DnsReply { authoritative: true, ..reply }),
        other => other,
    }
}

pub fn rcode(name: &str, raw: u16) -> DnsOutcome {
    DnsOutcome::Reply(reply(name, raw))
}

pub fn referral(zone: &str) -> DnsOutcome {
    let authorities = vec![record(zone, "NS", &format!("ns.{zone}"))];
    DnsOutcome::Reply(DnsReply { authorities, ..reply("noerror", 0) })
}

pub fn silence() -> DnsOutcome {
    DnsOutcome::Silence { icmp: Vec::new() }
}

pub fn dns_refused(errno: i32, name: &str) -> DnsOutcome {
    DnsOutcome::Refused { errno, errno_name: name.to_owned(), icmp: Vec::new() }
}

pub fn certificate(subject: &str, issuer: &str) -> Certificate {
    Certificate {
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        names: Vec::new(),
        common_name: None,
        serial: "01".to_owned(),
        not_before_unix_s: NOW - 30 * DAY,
        not_after_unix_s: NOW + 300 * DAY,
        key: "ECDSA P-256".to_owned(),
        signature_algorithm: "ecdsa-with-SHA256".to_owned(),
        is_authority: true,
        self_signed: subject == issuer,
        subject_key_id: None,
        authority_key_id: None,
        extended_key_usage: vec!["serverAuth".to_owned()],
        issuer_urls: Vec::new(),
        sha256: format!("sha of {subject}"),
        der: Vec::new(),
    }
}

/// www's certificate with this much left.
pub fn leaf(left_s: i64) -> Certificate {
    Certificate {
        names: vec!["dns:www.example.com".to_owned()],
        is_authority: false,
        not_after_unix_s: NOW + left_s,
        issuer_urls: vec!["http://ca.example.com/intermediate.cer".to_owned()],
        ..certificate("CN=www.example.com", "CN=Lab Intermediate")
    }
}

pub fn intermediate() -> Certificate {
    certificate("CN=Lab Intermediate", "CN=Lab Root")
}

pub fn trust(result: TrustResult) -> Trust {
    Trust {
        failures: if result == TrustResult::Trusted { Vec::new() } else { vec![result.clone()] },
        path_ok: matches!(result, TrustResult::Trusted | TrustResult::WrongName),
        result,
        store: "/etc/ssl/certs".to_owned(),
        roots: 140,
        last_issuer_in_store: true,
        leaf_in_store: false,
    }
}

pub fn server_hello(version: &str) -> HelloOutcome {
    HelloOutcome::ServerHello {
        version: version.to_owned(),
        cipher_suite: "TLS_RSA_WITH_AES_128_CBC_SHA".to_owned(),
    }
}

pub fn alert(code: u8, name: &str) -> HelloOutcome {
    HelloOutcome::Alert { code, name: name.to_owned() }
}
