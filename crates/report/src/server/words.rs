//! What the events of a server are called in prose.

use plumb_evidence::server::{Closed, ConnectionRecord, EventKind, TlsRecord};

use crate::units;

/// A rule was broken or a limit was met: what stands out.
pub(super) fn is_warning(kind: &EventKind) -> bool {
    match kind {
        EventKind::Security { .. }
        | EventKind::Suppressed { .. }
        | EventKind::AcceptPaused { .. }
        | EventKind::AcceptFailed { .. }
        | EventKind::TlsFailed { .. }
        | EventKind::CertificateReloaded { done: false, .. } => true,
        EventKind::Closed(record) => !matches!(record.how, Closed::Finished),
        _ => false,
    }
}

/// The event in words. Requests and connections have lines of their own in
/// most views; this is what is said of all others, and of these in one clause.
pub(super) fn of(kind: &EventKind) -> String {
    match kind {
        EventKind::SocketCreated { family, socket_type } => {
            format!("socket created ({family}, {socket_type})")
        }
        EventKind::OptionSet { option, asked, effective } if asked == effective => {
            format!("{option} set: {asked}")
        }
        EventKind::OptionSet { option, asked, effective } => {
            format!("{option} set: {asked}, effective {effective}")
        }
        EventKind::Bound => "bound".to_owned(),
        EventKind::Listening { backlog: Some(backlog), .. } => {
            format!("listening (backlog={backlog})")
        }
        EventKind::Listening { .. } => "listening".to_owned(),
        EventKind::Ready => "ready".to_owned(),
        EventKind::Confined { what, done: true, detail } => format!("{what}: {detail}"),
        EventKind::Confined { what, done: false, detail } => {
            format!("{what}: not done: {detail}")
        }
        EventKind::Note { text } => text.clone(),
        EventKind::Accepted => "accepted".to_owned(),
        EventKind::AcceptPaused { connections } => {
            format!("{connections} connections are open: nothing more is accepted until one ends")
        }
        EventKind::AcceptFailed { error, back_off_ns, .. } => {
            format!("accept failed: {error}; again in {}", units::duration(*back_off_ns))
        }
        EventKind::ProxyHeader { version, client, .. } => match client {
            Some(client) => format!("a proxy speaks for {client} (PROXY protocol {version})"),
            None => format!("a proxy speaks for itself (PROXY protocol {version})"),
        },
        EventKind::TlsHandshake(record) => tls(record),
        EventKind::TlsFailed { error } => format!("TLS handshake failed: {error}"),
        EventKind::CertificateReloaded { done: true, detail } => {
            join("certificate loaded again", detail)
        }
        EventKind::CertificateReloaded { done: false, detail } => {
            join("certificate not loaded again, the old one stays", detail)
        }
        EventKind::Received { size_bytes, first_bytes, .. } => {
            format!("received {}: {first_bytes}", bytes(*size_bytes))
        }
        EventKind::Sent { size_bytes, first_bytes, .. } => {
            format!("sent {}: {first_bytes}", bytes(*size_bytes))
        }
        EventKind::HalfClosed => "the client sends nothing more".to_owned(),
        EventKind::Datagram { received_bytes, sent_bytes: Some(sent) } => {
            format!("datagram of {}, answered with {}", bytes(*received_bytes), bytes(*sent))
        }
        EventKind::Datagram { received_bytes, sent_bytes: None } => {
            format!("datagram of {}, not answered", bytes(*received_bytes))
        }
        EventKind::HttpRequest(exchange) => {
            format!("{} {} {}", exchange.method, exchange.target, exchange.status)
        }
        EventKind::DnsQuery { question, rcode, duration_ns } => {
            let rcode = rcode.as_deref().unwrap_or("not answered");
            format!("{question} {rcode} {}", units::duration(*duration_ns))
        }
        EventKind::DnsUpstream { server, question, outcome, duration_ns } => {
            format!("asked {server} {question}: {outcome}, {}", units::duration(*duration_ns))
        }
        EventKind::Security { detail, .. } => detail.clone(),
        EventKind::Suppressed { rule, events } => {
            format!("{events} more events of the rule {rule} are not told one by one")
        }
        EventKind::Closed(record) => closed(record),
        EventKind::Stopping { open } => {
            format!("stopping: {} open", count(*open as u64, "connection"))
        }
        EventKind::Stopped { drained, cut } => {
            format!("stopped: {drained} drained, {cut} cut")
        }
        _ => "something happened that this version has no words for".to_owned(),
    }
}

/// `12 bytes`, `1 byte`.
pub(super) fn bytes(count_of_bytes: u64) -> String {
    count(count_of_bytes, "byte")
}

/// `1 request`, `2 requests`.
pub(super) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Why a connection ended.
pub(super) fn why(how: &Closed) -> String {
    match how {
        Closed::Finished => "closed".to_owned(),
        Closed::Cut(cut) => format!("cut: {cut}"),
        Closed::Failed(error) => format!("failed: {error}"),
        Closed::Panicked(message) => format!("a bug ended it: {message}"),
    }
}

/// `TLS 1.3 TLS13_AES_256_GCM_SHA384 X25519MLKEM768 h2`.
pub(super) fn tls(record: &TlsRecord) -> String {
    let mut text = format!("{} {}", record.version, record.cipher_suite);
    for more in [&record.group, &record.alpn].into_iter().flatten() {
        text.push(' ');
        text.push_str(more);
    }
    if let Some(name) = &record.name {
        text.push_str(&format!(" for {name}"));
    }
    if let Some(client) = &record.client {
        text.push_str(&format!(" by {client}"));
    }
    if record.resumed {
        text.push_str(" (resumed)");
    }
    text
}

/// The end of a connection in one clause: why, what passed, how long, and what
/// the kernel saw.
pub(super) fn closed(record: &ConnectionRecord) -> String {
    let mut parts = vec![why(&record.how)];
    if let Some(protocol) = &record.protocol {
        parts.push(protocol.clone());
    }
    if let Some(tls) = &record.tls {
        parts.push(tls.version.clone());
    }
    if let Some(user) = &record.user {
        parts.push(format!("user {user}"));
    }
    if record.requests > 0 {
        parts.push(count(record.requests, "request"));
    }
    parts.push(format!("{} in", units::size(record.read_bytes)));
    parts.push(format!("{} out", units::size(record.written_bytes)));
    parts.push(units::duration(record.duration_ns));
    if let Some(tcp) = &record.tcp {
        parts.push(format!("rtt {}", units::duration(u64::from(tcp.rtt_us) * 1000)));
        if tcp.total_retransmits > 0 {
            parts.push(count(u64::from(tcp.total_retransmits), "retransmission"));
        }
    }
    parts.join(", ")
}

fn join(text: &str, detail: &str) -> String {
    if detail.is_empty() { text.to_owned() } else { format!("{text}: {detail}") }
}
