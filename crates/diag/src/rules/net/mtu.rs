//! Packets above some size that vanish without a word, and paths that are
//! merely narrower.

use std::net::SocketAddr;

use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::{
    BodyEnd, HttpError, PhaseName, RouteResult, SegmentSizeProbe, TlsOutcome,
};
use plumb_evidence::{Finding, FindingId, Purpose, Question, Severity, Where};

use crate::facts::{Facts, Hop, Seen};
use crate::walk::{Trouble, is_stalled, trouble};
use crate::wording::seconds;

/// IPv4 and TCP header without options: a segment's maximum size leaves no room
/// for options, so size + headers is the packet (RFC 6691).
const HEADERS_V4_BYTES: u32 = 40;
/// The same for IPv6.
const HEADERS_V6_BYTES: u32 = 60;

/// A handshake that brought more than this brought full segments: no hole below
/// Ethernet's size lies on the way back.
const FULL_SEGMENTS_BYTES: u64 = 3_000;

pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let hole = stuck(facts).and_then(|address| black_hole(facts, address));
    hole.or_else(|| reduced(facts)).into_iter().collect()
}

/// The ladder of segment sizes, where an exchange is stuck on an open
/// connection.
pub(crate) fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let Some(address) = stuck(facts) else { return Vec::new() };
    let hop = facts.hop();
    if facts.proxy_of(hop.number).is_some() || arrived_full(facts, hop) {
        return Vec::new();
    }
    let tls = hop.scheme.is_tls();
    // Over plain HTTP it is the Host that decides which page comes.
    let server_name = (!tls || hop.literal().is_none()).then(|| hop.host.clone());
    vec![Question::SegmentSize { address, server_name, tls }]
}

/// Where the walk is stuck: connected, and then silence.
pub(crate) fn stuck(facts: &Facts<'_>) -> Option<SocketAddr> {
    let hop = facts.hop();
    let silent = match trouble(facts)? {
        Trouble::Tls => facts.handshake(hop.number).is_none_or(|seen| {
            matches!(seen.what.outcome, TlsOutcome::TimedOut | TlsOutcome::Abandoned)
        }),
        Trouble::Http => http_is_silent(facts, hop),
        Trouble::Names | Trouble::Connect | Trouble::Udp => false,
    };
    silent.then(|| facts.chosen(hop.number)).flatten().map(|seen| seen.what.address)
}

fn http_is_silent(facts: &Facts<'_>, hop: &Hop) -> bool {
    if let Some(failure) = facts.http_failure(hop.number) {
        return matches!(failure.what.error, HttpError::TimedOut | HttpError::Abandoned);
    }
    match facts.body(hop.number) {
        Some(body) => body.what.ended == BodyEnd::Stalled,
        None => {
            let waiting = [PhaseName::Request, PhaseName::Wait, PhaseName::Response];
            is_stalled(facts, hop, &waiting)
        }
    }
}

/// The handshake already brought full segments.
fn arrived_full(facts: &Facts<'_>, hop: &Hop) -> bool {
    hop.scheme == Scheme::Https
        && facts
            .handshake(hop.number)
            .is_some_and(|seen| seen.what.received_bytes >= FULL_SEGMENTS_BYTES)
}

/// The counterfactual: the same exchange works with small segments and not
/// with larger ones.
fn black_hole(facts: &Facts<'_>, address: SocketAddr) -> Option<Finding> {
    let rungs: Vec<_> =
        facts.segments.iter().filter(|seen| seen.what.address == address).copied().collect();
    let fits = rungs.iter().filter(|s| s.what.answered).max_by_key(|s| s.what.mss_bytes)?;
    if !is_steady(&rungs, fits.what.mss_bytes) {
        return None;
    }
    let lost = rungs
        .iter()
        .filter(|s| !s.what.answered && s.what.mss_bytes > fits.what.mss_bytes)
        .min_by_key(|s| s.what.mss_bytes);
    let Some(lost) = lost else { return told_too_late(facts, address, fits.what, fits.seq) };
    let headers = if address.is_ipv4() { HEADERS_V4_BYTES } else { HEADERS_V6_BYTES };
    let mtu = u32::from(fits.what.mss_bytes) + headers;
    let above = u32::from(lost.what.mss_bytes) + headers;
    let exact = above == mtu + 1;
    let size = if exact { format!("{mtu}") } else { format!("{mtu} (below {above})") };
    let there = lost.what.acked == Some(false);
    let direction = if there { "to" } else { "from" };
    let claim = format!(
        "packets {direction} {} larger than {size} bytes vanish, and nothing says so: a path MTU black hole",
        address.ip()
    );
    let finding = Finding::new(FindingId::NetMtuBlackhole, Severity::Error, Where::Path, claim)
        .because(
            format!("with segments of {} bytes the exchange works", fits.what.mss_bytes),
            [fits.seq],
        )
        .because(format!("with segments of {} bytes it stalls", lost.what.mss_bytes), [lost.seq]);
    let finding = stalled(facts, finding);
    let finding = no_icmp(facts, finding, address, &rungs);
    Some(
        finding
            .try_next(clamp_here(facts, address, fits.what))
            .try_next(format!(
                "on the router with the small link: let ICMP 'fragmentation needed' and ICMPv6 'packet too big' pass, or clamp: nft add rule inet filter forward tcp flags syn tcp option maxseg size set {}",
                fits.what.mss_bytes
            ))
            .try_next("sysctl -w net.ipv4.tcp_mtu_probing=1   # helps what this host sends"),
    )
}

/// Where more than a quarter of the small segments got lost as well, a loss of
/// larger ones proves nothing about their size.
pub(crate) fn is_steady(rungs: &[Seen<&SegmentSizeProbe>], fits: u16) -> bool {
    let below = rungs.iter().filter(|seen| seen.what.mss_bytes <= fits);
    let (tried, answered) =
        below.fold((0, 0), |(t, a), seen| (t + 1, a + usize::from(seen.what.answered)));
    answered * 4 >= tried * 3
}

/// This host learned in mid-connection that the path is narrower, and announces
/// smaller segments since: with those the exchange works, while the walk's
/// connection, opened before, waits for large ones that never come.
fn told_too_late(
    facts: &Facts<'_>,
    address: SocketAddr,
    fits: &SegmentSizeProbe,
    fits_seq: u32,
) -> Option<Finding> {
    let chosen = facts.chosen(facts.hop().number).filter(|seen| seen.what.address == address)?;
    let before = chosen.what.tcp.as_ref()?.path_mtu_bytes;
    let state = facts.state(chosen.what.connection)?;
    let now = state.what.tcp.path_mtu_bytes;
    let delivered = state.what.tcp.send_queue_bytes == Some(0);
    let headers = if address.is_ipv4() { HEADERS_V4_BYTES } else { HEADERS_V6_BYTES };
    let mtu = u32::from(fits.mss_bytes) + headers;
    if now >= before || mtu > now || !delivered {
        return None;
    }
    let claim = format!(
        "packets from {} larger than {mtu} (below {before}) bytes vanish: the path is narrower, this host was told and the server was not: a path MTU black hole",
        address.ip()
    );
    let finding = Finding::new(FindingId::NetMtuBlackhole, Severity::Error, Where::Path, claim)
        .because(
            format!("with segments of {} bytes the exchange works", fits.mss_bytes),
            [fits_seq],
        )
        .because(
            format!("the path MTU fell from {before} to {now} bytes"),
            [chosen.seq, state.seq],
        );
    Some(
        stalled(facts, finding)
            .ruled_out("what this host sends arrives: all of it is acknowledged", [state.seq])
            .try_next(clamp_here(facts, address, fits))
            .try_next("on the router with the small link: let ICMP 'fragmentation needed' and ICMPv6 'packet too big' reach the server, or clamp the maximum segment size; both ends of the link must have the same MTU"),
    )
}

/// How the walk itself was stuck.
fn stalled(facts: &Facts<'_>, finding: Finding) -> Finding {
    let hop = facts.hop();
    let Some(connection) = facts.chosen(hop.number).map(|seen| seen.what.connection) else {
        return finding;
    };
    match facts.state(connection) {
        Some(state) => finding.because(
            format!(
                "the walk's own connection is open but stuck: nothing came for {}",
                seconds(state.what.silent_ns)
            ),
            [state.seq],
        ),
        None => finding,
    }
}

/// Nobody said "too big".
fn no_icmp(
    facts: &Facts<'_>,
    finding: Finding,
    address: SocketAddr,
    rungs: &[Seen<&SegmentSizeProbe>],
) -> Finding {
    let connection = facts.connects.iter().find(|seen| {
        seen.what.address == address
            && seen.what.icmp.iter().all(|error| error.mtu_bytes.is_none())
            && crate::contact::is_connected(&seen.what.outcome)
    });
    let finding = match connection {
        Some(seen) => finding.ruled_out("the connection opens, and no ICMP error came", [seen.seq]),
        None => finding,
    };
    let answered: Vec<u32> =
        rungs.iter().filter(|s| s.what.answered).map(|s| s.seq).take(3).collect();
    if answered.is_empty() {
        return finding;
    }
    finding.ruled_out("the server is alive and answers when its segments are small", answered)
}

/// A route of this host that makes the peer send small segments.
fn clamp_here(facts: &Facts<'_>, address: SocketAddr, fits: &SegmentSizeProbe) -> String {
    let ip = address.ip();
    let (option, bits) = if ip.is_ipv4() { ("", 32) } else { ("-6 ", 128) };
    let via = match facts.route_to(ip).map(|seen| seen.what.result) {
        Some(RouteResult::Found { interface, gateway: Some(gateway), .. }) => {
            format!("via {gateway} dev {interface}")
        }
        Some(RouteResult::Found { interface, .. }) => format!("dev {interface}"),
        _ => "via GATEWAY".to_owned(),
    };
    format!("ip {option}route add {ip}/{bits} {via} advmss {}", fits.mss_bytes)
}

/// A path narrower than the interface, of which the kernel was told.
fn reduced(facts: &Facts<'_>) -> Option<Finding> {
    let hop = facts.hop();
    let chosen = facts.chosen(hop.number)?;
    let address = chosen.what.address;
    let route = facts.route_to(address.ip())?;
    let RouteResult::Found { interface, .. } = route.what.result else { return None };
    let (_, interface) = facts.interface(interface)?;
    let (seq, path) = narrowest(facts, chosen)?;
    // A loopback interface's 65536 is no promise about anything.
    if interface.loopback || path == 0 || path >= interface.mtu_bytes {
        return None;
    }
    let claim = format!(
        "the path to {} takes packets of {path} bytes, less than the {} of {}; the kernel knows",
        address.ip(),
        interface.mtu_bytes,
        interface.name
    );
    Some(
        Finding::new(FindingId::NetMtuReduced, Severity::Info, Where::Path, claim)
            .because(format!("path MTU {path}"), [seq]),
    )
}

fn narrowest(
    facts: &Facts<'_>,
    chosen: Seen<&plumb_evidence::observation::ConnectAttempt>,
) -> Option<(u32, u32)> {
    let cached = facts.route_to(chosen.what.address.ip()).and_then(|seen| match seen.what.result {
        RouteResult::Found { mtu_bytes: Some(mtu), .. } => Some((seen.seq, *mtu)),
        _ => None,
    });
    let at_connect = chosen.what.tcp.as_ref().map(|tcp| (chosen.seq, tcp.path_mtu_bytes));
    let later = facts
        .states
        .iter()
        .filter(|seen| seen.purpose != Purpose::Probe)
        .filter(|seen| seen.what.connection == chosen.what.connection)
        .map(|seen| (seen.seq, seen.what.tcp.path_mtu_bytes));
    let response = facts
        .responses
        .iter()
        .filter(|seen| seen.what.connection == chosen.what.connection)
        .filter_map(|seen| Some((seen.seq, seen.what.tcp.as_ref()?.path_mtu_bytes)));
    let known = cached.into_iter().chain(at_connect).chain(later).chain(response);
    known.filter(|(_, mtu)| *mtu > 0).min_by_key(|(_, mtu)| *mtu)
}
