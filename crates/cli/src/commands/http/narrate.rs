//! Each step of a request as a teacher tells it: the call that does it, what
//! happened, what it means.

use plumb_evidence::Event;
use plumb_evidence::observation::{
    BodyEnd, ConnectAttempt, ConnectOutcome, HttpBody, HttpRequest, HttpResponse, Observation,
    SystemResult, TlsHandshake, TlsOutcome,
};
use plumb_report::{Line, Tone, styled, text, units};

/// Columns of the time and of the call.
const TIME_COLUMNS: usize = 10;
const CALL_COLUMNS: usize = 24;

/// What an event is told as; phases are told by the steps that they are of.
pub(super) fn lines(event: &Event, columns: usize) -> Vec<Line> {
    let (call, said, meaning) = match &event.what {
        Observation::Phase { .. } => return Vec::new(),
        Observation::HopBegins { url, host, .. } => {
            let url = url.as_ref().unwrap_or(host);
            (
                "a request begins".to_owned(),
                url.clone(),
                "the URL says whom to ask and how".to_owned(),
            )
        }
        Observation::SystemAnswer { name, result, .. } => system(name, result),
        Observation::AddressesGiven { name, addresses } => (
            "--resolve".to_owned(),
            format!("{name} is taken to be {}", list(addresses)),
            "nobody is asked for the name".to_owned(),
        ),
        Observation::Connect(attempt) => connect(attempt),
        Observation::TlsHandshake(seen) => tls(seen),
        Observation::HttpRequest(seen) => request(seen),
        Observation::HttpResponse(seen) => response(seen),
        Observation::HttpBody(seen) => body(seen),
        Observation::ProxyConnect { proxy, authority, status, error } => (
            "CONNECT".to_owned(),
            match (status, error) {
                (_, Some(error)) => format!("{proxy} opened no way to {authority}: {error}"),
                (Some(status), _) => format!("{proxy} answered {status} for {authority}"),
                _ => format!("{proxy} opened a way to {authority}"),
            },
            "from here on the proxy passes bytes on and understands none of them".to_owned(),
        ),
        Observation::Retry { wait_ms, .. } => (
            "sleep()".to_owned(),
            format!("{wait_ms} ms"),
            "what failed may have passed by then; waits that grow spare a busy server".to_owned(),
        ),
        _ => return vec![text::event_line(event)],
    };
    told(event.at_ns, &call, &said, &meaning, columns)
}

pub(super) fn told(at_ns: u64, call: &str, said: &str, meaning: &str, columns: usize) -> Vec<Line> {
    let indent = TIME_COLUMNS + CALL_COLUMNS;
    let width = columns.saturating_sub(indent).max(40);
    let mut lines = Vec::new();
    let begin = Line::new()
        .and(Tone::Faint, format!("{:>8}", units::duration(at_ns)))
        .pad_to(TIME_COLUMNS)
        .and(Tone::Strong, styled::cut(call, CALL_COLUMNS - 2))
        .pad_to(indent);
    let mut said = styled::wrap(said, width).into_iter();
    lines.push(begin.and(Tone::Plain, said.next().unwrap_or_default()));
    lines.extend(said.map(|more| Line::new().pad_to(indent).and(Tone::Plain, more)));
    lines.extend(
        styled::wrap(meaning, width)
            .into_iter()
            .filter(|more| !more.is_empty())
            .map(|more| Line::new().pad_to(indent).and(Tone::Faint, more)),
    );
    lines
}

type Step = (String, String, String);

fn list(addresses: &[std::net::IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn system(name: &str, result: &SystemResult) -> Step {
    let said = match result {
        SystemResult::Addresses { addresses } => format!("{name} is {}", list(addresses)),
        SystemResult::Failed { eai_name, text, .. } => format!("{name}: {text} ({eai_name})"),
        SystemResult::TimedOut => format!("{name}: no answer in time"),
        SystemResult::Abandoned => format!("{name}: not waited for any longer"),
    };
    let meaning = "the system turns the name into addresses: the hosts file first, then DNS";
    ("getaddrinfo()".to_owned(), said, meaning.to_owned())
}

fn connect(attempt: &ConnectAttempt) -> Step {
    let family = if attempt.address.is_ipv6() { "AF_INET6" } else { "AF_INET" };
    let from = attempt.local.map_or(String::new(), |local| format!(" from {local}"));
    let (said, meaning) = match &attempt.outcome {
        ConnectOutcome::Connected => (
            format!("{family} socket connected to {}{from}", attempt.address),
            "SYN, SYN+ACK, ACK: both sides agree on sequence numbers; the near port is one that \
             the kernel chose"
                .to_owned(),
        ),
        ConnectOutcome::Refused => (
            format!("{} refused", attempt.address),
            "a RST answered the SYN: the host is there, and nobody listens on that port".to_owned(),
        ),
        ConnectOutcome::Failed { errno_name, .. } => (
            format!("{} failed: {errno_name}", attempt.address),
            "the kernel or a router said no".to_owned(),
        ),
        ConnectOutcome::TimedOut => (
            format!("{} did not answer", attempt.address),
            "silence has many causes: plumb check tells them apart".to_owned(),
        ),
        ConnectOutcome::Abandoned => {
            (format!("{} left alone", attempt.address), "another address was first".to_owned())
        }
    };
    ("connect()".to_owned(), said, meaning)
}

fn tls(seen: &TlsHandshake) -> Step {
    let said = match &seen.outcome {
        TlsOutcome::Done => {
            let parts = [&seen.version, &seen.cipher_suite, &seen.group, &seen.alpn];
            let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            let name = seen.chain.first().map_or("", |leaf| leaf.subject.as_str());
            format!("{}; the certificate is for {name}", parts.join(", "))
        }
        other => format!("no: {}", text::words::tls(other)),
    };
    let meaning = "hello, keys, certificate: from here on nobody on the way can read or change a byte, \
                   and ALPN has chosen the version of HTTP";
    ("TLS handshake".to_owned(), said, meaning.to_owned())
}

fn request(seen: &HttpRequest) -> Step {
    let body = if seen.body_bytes > 0 {
        format!(", {} bytes of body", seen.body_bytes)
    } else {
        String::new()
    };
    let said = format!(
        "{} {} over {}, {} headers{body}",
        seen.method,
        seen.url,
        seen.version,
        seen.headers.len()
    );
    let meaning = "method, target and headers, an empty line, then the body if there is one";
    ("send()".to_owned(), said, meaning.to_owned())
}

fn response(seen: &HttpResponse) -> Step {
    let meaning = match seen.status {
        100..=199 => "not yet the answer",
        200..=299 => "the server did what was asked",
        300..=399 => "the answer is elsewhere, or known already",
        400..=499 => "the server finds the request at fault",
        _ => "the server finds itself at fault",
    };
    let rtt = seen.tcp.as_ref().map_or(String::new(), |tcp| {
        format!(", of which one round trip is {}", units::duration(u64::from(tcp.rtt_us) * 1000))
    });
    let said = format!(
        "{} {}, first byte after {}{rtt}",
        seen.version,
        seen.status,
        units::duration(seen.duration_ns)
    );
    ("recv()".to_owned(), said, meaning.to_owned())
}

fn body(seen: &HttpBody) -> Step {
    let declared = seen.declared_bytes.map_or(String::new(), |declared| format!(" of {declared}"));
    let said = format!(
        "{}{declared} bytes of body in {}",
        seen.received_bytes,
        units::duration(seen.duration_ns)
    );
    let meaning = match (&seen.ended, seen.declared_bytes) {
        (BodyEnd::Complete, Some(_)) => {
            "Content-Length said where it ends: the connection can be used again"
        }
        (BodyEnd::Complete, None) => "the last chunk, or the end of the connection, is its end",
        (BodyEnd::Short, _) => "the connection ended before it was whole",
        (BodyEnd::Reset, _) => "the connection was reset before it was whole",
        (BodyEnd::Stalled, _) => "nothing more came in time",
        (BodyEnd::Malformed { .. }, _) => "its framing is wrong: what follows cannot be told apart",
        (BodyEnd::Limit, _) => "more is not wanted",
    };
    ("recv()".to_owned(), said, meaning.to_owned())
}
