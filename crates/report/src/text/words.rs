//! The words for codes: what an ICMP error says, what a handshake ended with.

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::observation::{
    BodyEnd, ConnectOutcome, DnsOutcome, HelloOutcome, HelloVariant, HttpError, IcmpError,
    IcmpOrigin, TlsOutcome, TrustResult,
};

use crate::sanitize;
use crate::units;

/// Most bytes of foreign content shown in a line.
const FOREIGN_BYTES_MAX: usize = 24;

/// `host unreachable`, by RFC 792, RFC 1812 and RFC 4443.
pub(super) fn icmp(error: &IcmpError) -> String {
    let words = match (error.origin, error.icmp_type, error.icmp_code) {
        (IcmpOrigin::Local, _, _) => {
            return format!("this host's kernel gave up (errno {})", error.errno);
        }
        (IcmpOrigin::Icmp, 3, 0) => "network unreachable",
        (IcmpOrigin::Icmp, 3, 1) | (IcmpOrigin::Icmp6, 1, 3) => "host unreachable",
        (IcmpOrigin::Icmp, 3, 2) => "protocol unreachable",
        (IcmpOrigin::Icmp, 3, 3) | (IcmpOrigin::Icmp6, 1, 4) => "port unreachable",
        (IcmpOrigin::Icmp, 3, 4) => "fragmentation needed",
        (IcmpOrigin::Icmp, 3, 9) => "network prohibited",
        (IcmpOrigin::Icmp, 3, 10) => "host prohibited",
        (IcmpOrigin::Icmp, 3, 13) | (IcmpOrigin::Icmp6, 1, 1) => "administratively prohibited",
        (IcmpOrigin::Icmp, 11, _) | (IcmpOrigin::Icmp6, 3, _) => "time to live exceeded",
        (IcmpOrigin::Icmp6, 1, 0) => "no route",
        (IcmpOrigin::Icmp6, 1, 2) => "beyond scope",
        (IcmpOrigin::Icmp6, 1, 5) => "source address failed policy",
        (IcmpOrigin::Icmp6, 1, 6) => "route rejected",
        (IcmpOrigin::Icmp6, 2, _) => "packet too big",
        (_, t, c) => return format!("ICMP type {t} code {c}"),
    };
    match error.mtu_bytes {
        Some(mtu) => format!("{words}, MTU {mtu}"),
        None => words.to_owned(),
    }
}

/// `10.130.1.1 says host unreachable`.
pub(super) fn icmp_said(error: &IcmpError) -> String {
    match error.offender {
        Some(offender) if !error.offender_is_self && error.origin != IcmpOrigin::Local => {
            format!("{offender} says {}", icmp(error))
        }
        _ if error.origin == IcmpOrigin::Local || error.offender_is_self => {
            "this host's own kernel gave up (no neighbour answered)".to_owned()
        }
        _ => icmp(error),
    }
}

/// How a connection attempt ended.
pub fn connect(outcome: &ConnectOutcome, icmp: &[IcmpError]) -> String {
    match outcome {
        ConnectOutcome::Connected => "connected".to_owned(),
        ConnectOutcome::Refused => "refused".to_owned(),
        ConnectOutcome::Failed { errno_name, .. } => match icmp.last() {
            Some(error) => icmp_said(error),
            None => format!("failed with {errno_name}"),
        },
        ConnectOutcome::TimedOut => "no answer".to_owned(),
        ConnectOutcome::Abandoned => "another was first".to_owned(),
    }
}

/// How a handshake ended.
pub fn tls(outcome: &TlsOutcome) -> String {
    match outcome {
        TlsOutcome::Done => "handshake done".to_owned(),
        TlsOutcome::Untrusted => "the certificate does not verify".to_owned(),
        TlsOutcome::Alert { code, name } => format!("the server sent alert {code}, {name}"),
        TlsOutcome::NotTls => "what came is not TLS".to_owned(),
        TlsOutcome::Protocol { text } => format!("protocol error: {text}"),
        TlsOutcome::Closed => "closed before the handshake was done".to_owned(),
        TlsOutcome::Reset => "reset before the handshake was done".to_owned(),
        TlsOutcome::TimedOut => "no answer to the hello".to_owned(),
        TlsOutcome::Abandoned => "no progress, given up early".to_owned(),
    }
}

/// Whether, or why not, a certificate is trusted.
pub fn trust(result: &TrustResult) -> String {
    match result {
        TrustResult::Trusted => "verified".to_owned(),
        TrustResult::Expired => "expired".to_owned(),
        TrustResult::NotYetValid => "not valid yet".to_owned(),
        TrustResult::WrongName => "issued for another name".to_owned(),
        TrustResult::UnknownIssuer => "of an issuer unknown here".to_owned(),
        TrustResult::WrongPurpose => "not meant for servers".to_owned(),
        TrustResult::Revoked => "revoked".to_owned(),
        TrustResult::BadSignature => "wrongly signed".to_owned(),
        TrustResult::Other { text } => text.clone(),
    }
}

pub(super) fn hello_variant(variant: &HelloVariant) -> String {
    match variant {
        HelloVariant::Same => "the walk's hello".to_owned(),
        HelloVariant::Small => "a small hello".to_owned(),
        HelloVariant::NoServerName => "a hello without a name".to_owned(),
        HelloVariant::OtherServerName { name } => format!("a hello for {name}"),
        HelloVariant::MaxVersion { version } => format!("a hello up to {version}"),
        HelloVariant::PlainBytes => "plain bytes".to_owned(),
        HelloVariant::Nothing => "no hello at all".to_owned(),
    }
}

pub(super) fn hello(outcome: &HelloOutcome) -> String {
    match outcome {
        HelloOutcome::ServerHello { version, cipher_suite } => format!("{version}, {cipher_suite}"),
        HelloOutcome::Alert { code, name } => format!("alert {code}, {name}"),
        HelloOutcome::OtherBytes { first_bytes } => {
            format!("not TLS: {}", sanitize::bytes(first_bytes, FOREIGN_BYTES_MAX))
        }
        HelloOutcome::Closed => "closed".to_owned(),
        HelloOutcome::Reset => "reset".to_owned(),
        HelloOutcome::Silent => "no answer".to_owned(),
        HelloOutcome::ConnectFailed => "could not connect".to_owned(),
    }
}

pub(super) fn http_error(error: &HttpError) -> String {
    match error {
        HttpError::TimedOut => "no answer to the request".to_owned(),
        HttpError::EmptyReply => "closed without an answer".to_owned(),
        HttpError::Reset => "reset".to_owned(),
        HttpError::Alert { code, name } => format!("the server sent alert {code}, {name}"),
        HttpError::NotHttp { first_bytes } => {
            format!("not HTTP: {}", sanitize::bytes(first_bytes, FOREIGN_BYTES_MAX))
        }
        HttpError::Protocol { text } => format!("protocol error: {text}"),
        HttpError::Abandoned => "no progress, given up early".to_owned(),
    }
}

/// What is wrong with how a body ended, if anything is.
pub(super) fn body_trouble(ended: &BodyEnd) -> Option<String> {
    match ended {
        BodyEnd::Complete | BodyEnd::Limit => None,
        BodyEnd::Short => Some("cut short".to_owned()),
        BodyEnd::Reset => Some("reset".to_owned()),
        BodyEnd::Stalled => Some("stalled".to_owned()),
        BodyEnd::Malformed { text } => Some(format!("badly framed: {text}")),
    }
}

/// What a name server answered.
pub(super) fn dns(outcome: &DnsOutcome) -> String {
    match outcome {
        DnsOutcome::Reply(reply) => {
            let mut words = match (reply.rcode.as_str(), reply.answers.len()) {
                ("noerror", 0) => "no such record".to_owned(),
                ("noerror", _) => list(reply.answers.iter().map(|record| record.data.clone()), 3),
                (rcode, _) => rcode.to_owned(),
            };
            if reply.truncated {
                words.push_str(", truncated");
            }
            words
        }
        DnsOutcome::Silence { icmp } => match icmp.last() {
            Some(error) => icmp_said(error),
            None => "no answer".to_owned(),
        },
        DnsOutcome::Refused { errno_name, icmp, .. } => match icmp.last() {
            Some(error) => icmp_said(error),
            None => format!("failed with {errno_name}"),
        },
        DnsOutcome::Malformed { error, .. } => format!("no proper answer: {error}"),
    }
}

/// `a, b and 3 more`.
pub(super) fn list(items: impl IntoIterator<Item = String>, shown_max: usize) -> String {
    let items: Vec<String> = items.into_iter().collect();
    let shown = items.len().min(shown_max);
    let mut text = items[..shown].join(", ");
    if items.len() > shown {
        text.push_str(&format!(" and {} more", items.len() - shown));
    }
    text
}

pub(super) fn addresses(addresses: &[IpAddr]) -> String {
    match addresses {
        [] => "no address".to_owned(),
        addresses => list(addresses.iter().map(IpAddr::to_string), 2),
    }
}

/// `10.1.1.1`, or `10.1.1.1:5353` where the port is not `usual`.
pub(super) fn server(address: SocketAddr, usual: u16) -> String {
    if address.port() == usual { address.ip().to_string() } else { address.to_string() }
}

/// `no answer within 5.00 s`.
pub(super) fn within(what: &str, ns: u64) -> String {
    format!("{what} within {}", units::duration(ns))
}
