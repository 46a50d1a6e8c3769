//! The six phases of every hop, for the waterfall.

use plumb_evidence::observation::{
    BodyEnd, DnsOutcome, HttpError, PhaseName, SystemResult, TlsOutcome, UdpOutcome,
};
use plumb_evidence::verdict::Attempt;
use plumb_evidence::{Event, Observation, Phase, Purpose};

use crate::facts::standing;

/// All six of each hop, in order; those that were not reached are empty.
pub(crate) fn of(events: &[Event]) -> Vec<Phase> {
    let walk: Vec<&Event> =
        standing(events).filter(|event| event.purpose != Purpose::Probe).collect();
    let last = walk.iter().map(|event| event.hop).max().unwrap_or(0);
    let mut phases = Vec::new();
    for hop in 0..=last {
        for name in PhaseName::ALL {
            phases.push(phase(&walk, hop, name));
        }
    }
    phases
}

fn phase(walk: &[&Event], hop: u16, name: PhaseName) -> Phase {
    let of_hop = || walk.iter().filter(move |event| event.hop == hop);
    let attempts: Vec<Attempt> = of_hop().filter_map(|event| attempt(&event.what, name)).collect();
    let recorded = of_hop().rev().find_map(|event| match &event.what {
        Observation::Phase { phase, start_ns, duration_ns, .. } if *phase == name => {
            Some((*start_ns, *duration_ns))
        }
        _ => None,
    });
    let (start_ns, duration_ns) = match recorded {
        Some((start, duration)) => (Some(start), duration),
        None => span(&attempts),
    };
    Phase { hop, phase: name, start_ns, duration_ns, attempts }
}

/// From the first attempt's start to the last one's end.
fn span(attempts: &[Attempt]) -> (Option<u64>, Option<u64>) {
    let start = attempts.iter().map(|attempt| attempt.start_ns).min();
    let end = attempts
        .iter()
        .filter_map(|attempt| Some(attempt.start_ns.saturating_add(attempt.duration_ns?)))
        .max();
    (start, start.zip(end).map(|(start, end)| end - start))
}

/// The observation as a try within the phase, if it is one.
fn attempt(what: &Observation, phase: PhaseName) -> Option<Attempt> {
    let (to, start_ns, duration_ns, result) = match (what, phase) {
        (Observation::SystemAnswer { name, result, start_ns, duration_ns }, PhaseName::Dns) => {
            (format!("getaddrinfo {name}"), *start_ns, *duration_ns, of_system(result))
        }
        (Observation::Dns(exchange), PhaseName::Dns) => (
            format!("{} {}", exchange.server, exchange.rtype),
            exchange.start_ns,
            exchange.duration_ns,
            of_dns(&exchange.outcome),
        ),
        (Observation::Connect(attempt), PhaseName::Tcp) => {
            return Some(Attempt::of_connect(attempt));
        }
        (
            Observation::UdpExchange { address, outcome, start_ns, duration_ns, .. },
            PhaseName::Wait,
        ) => (address.to_string(), *start_ns, *duration_ns, of_udp(outcome)),
        (Observation::TlsHandshake(handshake), PhaseName::Tls) => (
            handshake.server_name.clone().unwrap_or_default(),
            handshake.start_ns,
            handshake.duration_ns,
            of_tls(&handshake.outcome),
        ),
        (Observation::HttpRequest(request), PhaseName::Request) => (
            format!("{} {}", request.method, request.url),
            request.start_ns,
            request.duration_ns,
            "sent".to_owned(),
        ),
        (Observation::HttpResponse(response), PhaseName::Wait) => (
            response.version.clone(),
            response.start_ns,
            response.duration_ns,
            format!("status {}", response.status),
        ),
        (Observation::HttpBody(body), PhaseName::Response) => (
            format!("{} bytes", body.received_bytes),
            body.start_ns,
            body.duration_ns,
            of_body(&body.ended),
        ),
        _ => return failure(what, phase),
    };
    Some(Attempt { to, start_ns, duration_ns: Some(duration_ns), result })
}

/// A failure has no times of its own: the phase that it ended has.
fn failure(what: &Observation, of: PhaseName) -> Option<Attempt> {
    let Observation::HttpFailure { during, error, text, .. } = what else { return None };
    if *during != of {
        return None;
    }
    let result = match error {
        HttpError::TimedOut => "timed out".to_owned(),
        HttpError::EmptyReply => "closed".to_owned(),
        HttpError::Reset => "reset".to_owned(),
        HttpError::Alert { name, .. } => format!("alert {name}"),
        HttpError::NotHttp { .. } => "not HTTP".to_owned(),
        HttpError::Protocol { .. } => text.clone(),
        HttpError::Abandoned => "abandoned".to_owned(),
    };
    Some(Attempt { to: "response".to_owned(), start_ns: 0, duration_ns: None, result })
}

fn of_system(result: &SystemResult) -> String {
    match result {
        SystemResult::Addresses { addresses } => format!("{} addresses", addresses.len()),
        SystemResult::Failed { eai_name, .. } => eai_name.clone(),
        SystemResult::TimedOut => "timed out".to_owned(),
        SystemResult::Abandoned => "abandoned".to_owned(),
    }
}

fn of_dns(outcome: &DnsOutcome) -> String {
    match outcome {
        DnsOutcome::Reply(reply) if reply.truncated => "truncated".to_owned(),
        DnsOutcome::Reply(reply) => reply.rcode.clone(),
        DnsOutcome::Silence { .. } => "no answer".to_owned(),
        DnsOutcome::Refused { errno_name, .. } => errno_name.clone(),
        DnsOutcome::Malformed { .. } => "malformed".to_owned(),
    }
}

fn of_udp(outcome: &UdpOutcome) -> String {
    match outcome {
        UdpOutcome::Reply { size_bytes } => format!("{size_bytes} bytes"),
        UdpOutcome::Silence => "no answer".to_owned(),
        UdpOutcome::Failed { errno_name, .. } => errno_name.clone(),
    }
}

fn of_tls(outcome: &TlsOutcome) -> String {
    match outcome {
        TlsOutcome::Done => "done".to_owned(),
        TlsOutcome::Untrusted => "untrusted".to_owned(),
        TlsOutcome::Alert { name, .. } => format!("alert {name}"),
        TlsOutcome::NotTls => "not TLS".to_owned(),
        TlsOutcome::Protocol { text } => text.clone(),
        TlsOutcome::Closed => "closed".to_owned(),
        TlsOutcome::Reset => "reset".to_owned(),
        TlsOutcome::TimedOut => "timed out".to_owned(),
        TlsOutcome::Abandoned => "abandoned".to_owned(),
    }
}

fn of_body(ended: &BodyEnd) -> String {
    match ended {
        BodyEnd::Complete => "complete".to_owned(),
        BodyEnd::Short => "cut short".to_owned(),
        BodyEnd::Reset => "reset".to_owned(),
        BodyEnd::Stalled => "stalled".to_owned(),
        BodyEnd::Malformed { text } => text.clone(),
        BodyEnd::Limit => "read as far as plumb reads".to_owned(),
    }
}
