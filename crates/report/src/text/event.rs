//! One line per event, for `-v`.

use plumb_evidence::observation::{
    DnsExchange, DnsRole, DnsTransport, HopOutcome, HopProbe, HopProtocol, IssuerResult,
    Observation, RouteResult, SystemResult, TlsHandshake, UdpOutcome,
};
use plumb_evidence::{Event, Layer, Purpose, Question};

use super::{COLUMNS_MAX, words};
use crate::sanitize;
use crate::styled::{self, Line, Tone};
use crate::units;

/// `   3.12 ms   #7 dns  10.1.1.1 udp A www.example.com: 10.130.1.4`
pub fn event_line(event: &Event) -> Line {
    let line = Line::new()
        .and(
            Tone::Faint,
            format!("{:>9} {:>4} ", units::duration(event.at_ns), format!("#{}", event.seq)),
        )
        .and(Tone::Strong, format!("{:<5}", label(event.layer())))
        .and(
            Tone::Faint,
            match event.purpose {
                Purpose::Walk => "  ",
                Purpose::Aside => "& ",
                Purpose::Probe => "? ",
            },
        );
    let left = COLUMNS_MAX.saturating_sub(line.width());
    let text = text(&event.what);
    line.and(Tone::Plain, styled::cut(&sanitize::text(&text), left))
}

/// The layer's name; what belongs to no layer belongs to the walk.
fn label(layer: Layer) -> &'static str {
    if layer == Layer::Content { "walk" } else { layer.name() }
}

fn text(what: &Observation) -> String {
    match what {
        Observation::HopBegins { url: Some(url), .. } => format!("begins: {url}"),
        Observation::HopBegins { scheme, host, port, .. } => {
            format!("begins: {}://{host}:{port}", scheme.name())
        }
        Observation::AddressesGiven { name, addresses } => {
            format!("{name} is to be {}", words::addresses(addresses))
        }
        Observation::Interfaces { .. }
        | Observation::Route { .. }
        | Observation::Neighbour { .. }
        | Observation::ResolverConfig { .. }
        | Observation::Proxy { .. } => this_host(what),
        Observation::SystemAnswer { name, result, duration_ns, .. } => {
            format!(
                "the system says {name}: {} ({})",
                system(result),
                units::duration(*duration_ns)
            )
        }
        Observation::Dns(exchange) => dns(exchange),
        Observation::Connect(_)
        | Observation::UdpExchange { .. }
        | Observation::TcpState { .. }
        | Observation::Hop(_)
        | Observation::SegmentSize(_)
        | Observation::Mapped { .. } => transport(what),
        Observation::TlsHandshake(handshake) => tls(handshake),
        Observation::Hello(probe) => {
            format!(
                "{} to {}: {}",
                words::hello_variant(&probe.variant),
                probe.address,
                words::hello(&probe.outcome)
            )
        }
        Observation::IssuerFetch { url, result } => match result {
            IssuerResult::Fetched { completes_chain: true, .. } => {
                format!("{url} completes the chain")
            }
            IssuerResult::Fetched { .. } => format!("{url} does not complete the chain"),
            IssuerResult::Failed { text } => format!("{url}: {text}"),
        },
        Observation::HttpRequest(_)
        | Observation::HttpResponse(_)
        | Observation::HttpBody(_)
        | Observation::HttpFailure { .. }
        | Observation::Redirect { .. }
        | Observation::ProxyConnect { .. }
        | Observation::PlainHttp { .. } => http(what),
        Observation::Phase { phase, duration_ns, ok, .. } => {
            let name = format!("{phase:?}").to_lowercase();
            let ended = if *ok { "done" } else { "failed" };
            match duration_ns {
                Some(ns) => format!("phase {name} {ended} in {}", units::duration(*ns)),
                None => format!("phase {name} did not end"),
            }
        }
        Observation::Waiting { phase, addresses, silent_ns } => {
            let name = format!("{phase:?}").to_lowercase();
            let whom = match addresses.is_empty() {
                true => "an answer".to_owned(),
                false => words::list(addresses.iter().map(ToString::to_string), 2),
            };
            format!("phase {name} waits for {whom}, silent for {}", units::duration(*silent_ns))
        }
        Observation::Asked { question } => format!("asks: {}", asked(question)),
        Observation::NotLookedAt { what, why } => format!("not looked at: {what} ({why})"),
        Observation::Retry { attempt, wait_ms } => format!("try {attempt}, after {wait_ms} ms"),
    }
}

fn this_host(what: &Observation) -> String {
    match what {
        Observation::Interfaces { interfaces } => words::list(
            interfaces.iter().filter(|interface| !interface.loopback || interfaces.len() == 1).map(
                |i| {
                    let state = match (i.admin_up, i.carrier) {
                        (false, _) => "down",
                        (true, false) => "without carrier",
                        (true, true) => "up",
                    };
                    format!("{} {state}", i.name)
                },
            ),
            4,
        ),
        Observation::Route { destination, result } => match result {
            RouteResult::Found { interface, gateway: Some(gateway), .. } => {
                format!("{destination} via {gateway} on {interface}")
            }
            RouteResult::Found { interface, .. } => format!("{destination} on {interface}"),
            RouteResult::Refused { errno_name, .. } => {
                format!("{destination}: no route ({errno_name})")
            }
        },
        Observation::Neighbour { address, interface, state, mac } => {
            let state = format!("{state:?}").to_lowercase();
            let mac = mac.as_deref().map(|mac| format!(", {mac}")).unwrap_or_default();
            format!("neighbour {address} on {interface}: {state}{mac}")
        }
        Observation::ResolverConfig { servers, hosts_file, .. } => {
            let servers = words::list(servers.iter().map(|server| words::server(*server, 53)), 3);
            let hosts = if hosts_file.is_empty() {
                String::new()
            } else {
                format!("; the hosts file says {}", words::addresses(hosts_file))
            };
            format!("resolvers {servers}{hosts}")
        }
        Observation::Proxy { from, url } => format!("proxy {url} from {from}"),
        _ => String::new(),
    }
}

fn system(result: &SystemResult) -> String {
    match result {
        SystemResult::Addresses { addresses } => words::addresses(addresses),
        SystemResult::Failed { eai_name, .. } => eai_name.clone(),
        SystemResult::TimedOut => "no answer".to_owned(),
        SystemResult::Abandoned => "not waited for".to_owned(),
    }
}

fn dns(exchange: &DnsExchange) -> String {
    let transport = match exchange.transport {
        DnsTransport::Udp => "udp",
        DnsTransport::Tcp => "tcp",
    };
    let zone = match &exchange.role {
        DnsRole::SystemResolver => String::new(),
        DnsRole::Authority { zone, .. } => {
            format!(" (for {})", if zone.is_empty() { "." } else { zone })
        }
    };
    format!(
        "{}{zone} {transport} {} {}: {}",
        words::server(exchange.server, 53),
        exchange.rtype,
        exchange.name,
        words::dns(&exchange.outcome)
    )
}

fn transport(what: &Observation) -> String {
    match what {
        Observation::Connect(attempt) => {
            let took = units::duration(attempt.duration_ns);
            format!(
                "{}: {} ({took})",
                attempt.address,
                words::connect(&attempt.outcome, &attempt.icmp)
            )
        }
        Observation::UdpExchange { address, outcome, icmp, .. } => {
            let ended = match (outcome, icmp.last()) {
                (UdpOutcome::Reply { size_bytes }, _) => format!("{size_bytes} bytes came back"),
                (_, Some(error)) => words::icmp_said(error),
                (UdpOutcome::Silence, None) => "no answer".to_owned(),
                (UdpOutcome::Failed { errno_name, .. }, None) => {
                    format!("failed with {errno_name}")
                }
            };
            format!("{address}: {ended}")
        }
        Observation::TcpState { connection, silent_ns, tcp, .. } => {
            let queue = tcp
                .send_queue_bytes
                .map(|n| format!(", {n} bytes not acknowledged"))
                .unwrap_or_default();
            format!(
                "connection {connection}, silent for {}: {}, {} retransmits{queue}",
                units::duration(*silent_ns),
                tcp.state,
                tcp.total_retransmits
            )
        }
        Observation::Hop(probe) => hop(probe),
        Observation::SegmentSize(probe) => {
            let ended = if probe.answered { "answered" } else { "no answer" };
            format!("{} with segments of {} bytes: {ended}", probe.address, probe.mss_bytes)
        }
        Observation::Mapped { from, to } => format!("{from} is served at {to} (loopback lab)"),
        _ => String::new(),
    }
}

fn hop(probe: &HopProbe) -> String {
    let protocol = match probe.protocol {
        HopProtocol::Tcp => "tcp",
        HopProtocol::Udp => "udp",
    };
    let answer = match &probe.outcome {
        HopOutcome::TimeExceeded { router, .. } => format!("{router} is a router on the way"),
        HopOutcome::Icmp { error } => words::icmp_said(error),
        HopOutcome::Connected => "connected".to_owned(),
        HopOutcome::Refused => "refused".to_owned(),
        HopOutcome::Silent => "no answer".to_owned(),
    };
    format!("{protocol} to {} at distance {}: {answer}", probe.destination, probe.ttl)
}

fn tls(handshake: &TlsHandshake) -> String {
    let version = handshake.version.as_deref().unwrap_or("handshake");
    let trust = handshake.trust.as_ref();
    let ended = match trust.map(|trust| words::trust(&trust.result)) {
        Some(trust) => format!("{}, certificate {trust}", words::tls(&handshake.outcome)),
        None => words::tls(&handshake.outcome),
    };
    format!("{version}: {ended} ({})", units::duration(handshake.duration_ns))
}

fn http(what: &Observation) -> String {
    match what {
        Observation::HttpRequest(request) => {
            format!("{} {} {}", request.method, request.url, request.version)
        }
        Observation::HttpResponse(response) => {
            let took = units::duration(response.duration_ns);
            let kind =
                response.header("content-type").map(|kind| format!(", {kind}")).unwrap_or_default();
            format!("{} {}{kind}, first byte after {took}", response.version, response.status)
        }
        Observation::HttpBody(body) => {
            let trouble = body.encoding_error.clone().or_else(|| words::body_trouble(&body.ended));
            let trouble = trouble.map(|trouble| format!(", {trouble}")).unwrap_or_default();
            let declared = body.declared_bytes.map(|n| format!(" of {n}")).unwrap_or_default();
            format!("body of {}{declared} bytes{trouble}", body.received_bytes)
        }
        Observation::HttpFailure { error, .. } => words::http_error(error),
        Observation::Redirect { to, status, why_not, .. } => match why_not {
            Some(why_not) => format!("{status} to {to}, not followed: {why_not}"),
            None => format!("{status} to {to}"),
        },
        Observation::ProxyConnect { proxy, authority, status, error } => {
            let ended = match (status, error) {
                (Some(status), _) => format!("answered {status}"),
                (None, Some(error)) => error.clone(),
                (None, None) => "did not answer".to_owned(),
            };
            format!("CONNECT {authority} through {proxy}: {ended}")
        }
        Observation::PlainHttp { address, status, first_bytes, error } => {
            let ended = match (status, error) {
                (Some(status), _) => format!("answered {status}"),
                (None, Some(error)) => error.clone(),
                (None, None) => format!("answered {}", sanitize::bytes(first_bytes, 24)),
            };
            format!("plain HTTP to {address}: {ended}")
        }
        _ => String::new(),
    }
}

/// What a question asks, in words.
pub(super) fn asked(question: &Question) -> String {
    match question {
        Question::Neighbour { address } => format!("does {address} answer on the own segment?"),
        Question::Route { destination } => format!("which way to {destination}?"),
        Question::Path { destination } => format!("which routers are on the way to {destination}?"),
        Question::OtherPort { address } => format!("does another port answer, {address}?"),
        Question::OtherAddress { address } => format!("does another address answer, {address}?"),
        Question::SegmentSize { address, .. } => {
            format!("which segments does {address} get through?")
        }
        Question::Resolver { server, name, rtype, transport } => {
            let transport = format!("{transport:?}").to_lowercase();
            format!("what does {server} say of {name} {rtype} over {transport}?")
        }
        Question::Delegation { name, .. } => {
            format!("who is responsible for {name}, from the root down?")
        }
        Question::Hello { address, variant, .. } => {
            format!("what does {address} answer to {}?", words::hello_variant(variant))
        }
        Question::PlainHttp { address, .. } => format!("does {address} speak plain HTTP?"),
        Question::Issuer { url } => format!("is the issuer's certificate at {url}?"),
    }
}
