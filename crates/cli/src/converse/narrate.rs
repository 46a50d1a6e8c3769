//! `--narrate`: each step with the call that does it and what it means.

use plumb_report::{Line, Tone, sanitize, units};
use plumb_sys::options::describe;

use super::Outcome;
use super::tell::{Begun, Connected};
use super::text::Way;

/// Bytes of what passes that are shown.
const SHOWN_MAX_BYTES: usize = 60;

/// One step.
pub(crate) fn step(call: &str, meaning: &str) -> Line {
    Line::new().and(Tone::Strong, call).and(Tone::Plain, format!("  {meaning}"))
}

/// How the conversation came to be.
pub(crate) fn connected(connected: &Connected, begun: Begun) -> Vec<Line> {
    let mut steps = Vec::new();
    let (peer, address) = (&connected.peer, &connected.address);
    if begun == Begun::Accepted {
        steps.push(step(
            &format!("accept() = {peer}"),
            "a socket for this peer alone; the system had shaken hands (SYN, SYN-ACK, ACK) before",
        ));
    } else {
        let family = match (peer.is_empty(), peer.starts_with('[')) {
            (true, _) => "AF_UNIX",
            (false, true) => "AF_INET6",
            (false, false) => "AF_INET",
        };
        let datagrams = begun == Begun::Sending;
        let (kind, what) = if datagrams {
            ("SOCK_DGRAM", "a socket for datagrams")
        } else {
            ("SOCK_STREAM", "a socket for a connection")
        };
        steps.push(step(&format!("socket({family}, {kind})"), what));
        for option in connected.options.iter().filter(|option| option.asked().is_some()) {
            let call = format!("setsockopt({}, {})", option.name(), option.asked().unwrap_or(""));
            let meaning = describe(option.name()).map_or("", |row| row.meaning);
            steps.push(step(&call, &format!("{meaning} (now {})", option.value())));
        }
        let to = if peer.is_empty() { address } else { peer };
        let took = connected.duration_ns.map(units::duration).unwrap_or_default();
        let meaning = match (datagrams, peer.is_empty()) {
            (true, _) => "no packet goes: the system only remembers the peer, and tells its errors"
                .to_owned(),
            (false, true) => "the kernel joins the two sockets".to_owned(),
            (false, false) => format!("SYN, SYN-ACK, ACK: the three-way handshake, {took}"),
        };
        steps.push(step(&format!("connect({to})"), &meaning));
        if let Some(local) = &connected.local {
            steps.push(step(&format!("getsockname() = {local}"), "this side, as the peer sees it"));
        }
    }
    if let Some(tls) = &connected.tls {
        steps.extend(messages(&tls.messages));
        steps.push(step("TLS handshake", &tls.words()));
    }
    steps
}

/// Messages that passed, by name.
pub(crate) fn messages(messages: &[(Way, String)]) -> Vec<Line> {
    let step = |(way, name): &(Way, String)| {
        let call = if *way == Way::Sent { "send()" } else { "recv()" };
        step(call, &sanitize::text(name))
    };
    messages.iter().map(step).collect()
}

/// Bytes that passed.
pub(crate) fn passed(way: Way, bytes: &[u8]) -> Line {
    let size = bytes.len();
    let call = match way {
        Way::Sent => format!("send({size} bytes)"),
        Way::Received => format!("recv() = {size} bytes"),
    };
    step(&call, &sanitize::bytes(bytes, SHOWN_MAX_BYTES))
}

/// The end of one direction.
pub(crate) fn half_closed(way: Way) -> Line {
    match way {
        Way::Sent => step("shutdown(SHUT_WR)", "FIN: this side has said all, and still listens"),
        Way::Received => step("recv() = 0 bytes", "the peer's FIN: it has said all"),
    }
}

/// The end of both.
pub(crate) fn closed(outcome: &Outcome) -> Line {
    step("close()", &outcome.end.words())
}
