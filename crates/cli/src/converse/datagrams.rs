//! A conversation in datagrams.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use plumb_sys::errqueue::{Origin, SocketError};
use plumb_sys::options::{Effective, SocketOptions};
use plumb_sys::udp::{ProbeSocket, Reply};
use plumb_sys::{errno, socket};
use tokio::io::AsyncWriteExt;
use tokio::net::{UdpSocket, UnixDatagram};
use tokio::time::{Instant, timeout};

use super::near::{Input, Near};
use super::tell::Teller;
use super::text::{Lines, Way, without_end};
use super::{End, Manner, Outcome, interrupted};

/// Largest payload of UDP over IPv4: 65535 of the length field (RFC 791) less
/// 20 of IP's header and 8 of UDP's.
const PAYLOAD_MAX_BYTES: usize = 65_535 - 20 - 8;

/// Input that is gathered into one datagram; far above what one can hold, so
/// that what is too large is seen and said.
const GATHER_MAX_BYTES: usize = 256 * 1024;

/// A pause of the input ends a datagram.
const PAUSE: Duration = Duration::from_millis(20);

/// After an answer to each datagram: how long another may still come.
const SETTLE: Duration = Duration::from_millis(200);

/// A socket for datagrams.
#[derive(Debug)]
pub(crate) enum Socket {
    /// Connected to one peer; ICMP errors are told in full.
    Connected(ProbeSocket),
    /// Speaks with whoever does, and answers the last one; until then `to`.
    Free { socket: UdpSocket, to: Option<SocketAddr> },
    /// On this host; a server's does not answer, for most senders have no name.
    Unix { socket: UnixDatagram, answers: bool },
}

/// What came.
enum Came {
    Datagram { data: Vec<u8>, from: Option<SocketAddr> },
    Error(SocketError),
    Failed(io::Error),
}

impl Socket {
    async fn receive(&self) -> Came {
        let mut data = vec![0; PAYLOAD_MAX_BYTES + 1];
        let (size, from) = match self {
            Socket::Connected(probe) => {
                return match probe.receive().await {
                    Ok(Reply::Datagram { data, .. }) => Came::Datagram { data, from: None },
                    Ok(Reply::Error(error)) => Came::Error(error),
                    Ok(Reply::Failed(errno)) => Came::Failed(io::Error::from_raw_os_error(errno)),
                    Err(error) => Came::Failed(error),
                };
            }
            Socket::Free { socket, .. } => match socket.recv_from(&mut data).await {
                Ok((size, from)) => (size, Some(from)),
                Err(error) => return Came::Failed(error),
            },
            Socket::Unix { socket, .. } => match socket.recv(&mut data).await {
                Ok(size) => (size, None),
                Err(error) => return Came::Failed(error),
            },
        };
        data.truncate(size);
        Came::Datagram { data, from }
    }

    async fn send(&self, data: &[u8]) -> io::Result<()> {
        match self {
            Socket::Connected(probe) => probe.send(data).map(drop),
            Socket::Free { socket, to: Some(to) } => socket.send_to(data, *to).await.map(drop),
            Socket::Free { to: None, .. } => Ok(()),
            Socket::Unix { socket, .. } => socket.send(data).await.map(drop),
        }
    }

    /// This side's address.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        match self {
            Socket::Connected(probe) => probe.local_address().ok(),
            Socket::Free { socket, .. } => socket.local_addr().ok(),
            Socket::Unix { .. } => None,
        }
    }

    /// The options as they are.
    pub(crate) fn effective(&self, options: &SocketOptions) -> Vec<Effective> {
        match self {
            Socket::Connected(probe) => probe.effective(options),
            Socket::Free { socket, .. } => options.effective(socket),
            Socket::Unix { socket, .. } => options.effective(socket),
        }
    }

    fn knows_peer(&self) -> bool {
        !matches!(self, Socket::Free { to: None, .. } | Socket::Unix { answers: false, .. })
    }
}

/// How long to wait for what may never come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// After the last datagram of this side, for the first answer.
    pub(crate) after_input: Option<Duration>,
    /// Go on when a datagram could not be delivered.
    pub(crate) refusals: bool,
}

/// What passed so far.
#[derive(Default)]
struct Count {
    sent: u64,
    received: u64,
    sent_bytes: u64,
    received_bytes: u64,
}

/// Converses until the end: the first silence after the input's end, or an
/// error.
pub(crate) async fn converse(
    socket: &mut Socket,
    near: &mut Near,
    manner: Manner,
    patience: Patience,
    teller: &Teller,
) -> Outcome {
    let mut count = Count::default();
    let signalled = interrupted();
    tokio::pin!(signalled);
    let mut last = Instant::now();
    let end = loop {
        // What waits to be sent is no silence.
        let wait = if near.input.waiting.is_empty() {
            wait(near.input.ended, &count, manner, patience)
        } else {
            None
        };
        let deadline = wait.map(|wait| last + wait);
        let may_send = socket.knows_peer() && !near.input.ended
            || !near.input.waiting.is_empty() && socket.knows_peer();
        tokio::select! {
            datagram = gather(&mut near.input, manner.lines), if may_send => {
                last = Instant::now();
                let Some(datagram) = datagram else { continue };
                if let Err(end) = send(socket, &datagram, &mut count, near, teller).await {
                    break end;
                }
            }
            came = socket.receive() => {
                last = Instant::now();
                match take(came, socket, &mut count, near, manner, teller).await {
                    Some(End::Broken(_)) if patience.refusals => {}
                    Some(end) => break end,
                    None => {}
                }
            }
            () = until(deadline), if deadline.is_some() => {
                break match (count.received, wait) {
                    (0, Some(wait)) => End::Silence(wait),
                    _ => End::Both,
                };
            }
            () = &mut signalled => break End::Interrupted,
        }
    };
    let Count { sent_bytes, received_bytes, .. } = count;
    Outcome { end, sent_bytes, received_bytes, input_ended: near.input.ended }
}

fn wait(input_ended: bool, count: &Count, manner: Manner, patience: Patience) -> Option<Duration> {
    if !input_ended {
        return manner.read_timeout;
    }
    let wait = manner.read_timeout.or(patience.after_input);
    match patience.after_input {
        Some(_) if count.received > 0 && count.received >= count.sent => {
            wait.map(|wait| wait.min(SETTLE))
        }
        _ => wait,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The next datagram: a line, or what the input has until it pauses. `None` at
/// the end. Nothing is lost when the wait for it is given up.
async fn gather(input: &mut Input, lines: Lines) -> Option<Vec<u8>> {
    if !input.fill().await.unwrap_or(false) {
        return None;
    }
    if lines.whole {
        let end = loop {
            match input.waiting.iter().position(|&byte| byte == b'\n') {
                Some(at) => break at + 1,
                None if input.ended || input.waiting.len() > GATHER_MAX_BYTES => {
                    break input.waiting.len();
                }
                None => input.more().await.ok()?,
            }
        };
        let line: Vec<u8> = input.waiting.drain(..end).collect();
        let mut line = without_end(&line).to_vec();
        if lines.crlf {
            line.extend_from_slice(b"\r\n");
        }
        return Some(line);
    }
    while !input.ended && input.waiting.len() <= GATHER_MAX_BYTES {
        if timeout(PAUSE, input.more()).await.is_err() {
            break;
        }
    }
    Some(std::mem::take(&mut input.waiting))
}

async fn send(
    socket: &Socket,
    datagram: &[u8],
    count: &mut Count,
    near: &mut Near,
    teller: &Teller,
) -> Result<(), End> {
    socket
        .send(datagram)
        .await
        .map_err(|error| End::Broken(io::Error::other(not_sent(&error, datagram.len(), socket))))?;
    let offset = count.sent_bytes;
    count.sent += 1;
    count.sent_bytes += datagram.len() as u64;
    teller.passed(Way::Sent, offset, datagram, None);
    if let Some(shown) = teller.shown(Way::Sent, offset, datagram) {
        let _ = near.output.write_all(&shown).await;
        let _ = near.output.flush().await;
    }
    Ok(())
}

async fn take(
    came: Came,
    socket: &mut Socket,
    count: &mut Count,
    near: &mut Near,
    manner: Manner,
    teller: &Teller,
) -> Option<End> {
    let (mut data, from) = match came {
        Came::Datagram { data, from } => (data, from),
        Came::Error(error) => {
            let words = refused(&error);
            teller.note("refused", &words);
            return Some(End::Broken(io::Error::other(words)));
        }
        Came::Failed(error) => return Some(End::Broken(error)),
    };
    if let (Socket::Free { to, .. }, Some(from)) = (socket, from) {
        if *to != Some(from) {
            teller.note("peer", &format!("from udp://{from}"));
        }
        if to.is_none_or(|to| !is_everybody(to)) {
            *to = Some(from);
        }
    }
    let offset = count.received_bytes;
    count.received += 1;
    count.received_bytes += data.len() as u64;
    teller.passed(Way::Received, offset, &data, from.map(|from| from.to_string()).as_deref());
    if manner.lines.whole && !data.ends_with(b"\n") {
        data.push(b'\n');
    }
    let shown = teller.shown(Way::Received, offset, &data)?;
    let written = match near.output.write_all(&shown).await {
        Ok(()) => near.output.flush().await,
        failed => failed,
    };
    written.err().map(End::of_output)
}

/// Whether many answer to this address.
pub(crate) fn is_everybody(address: SocketAddr) -> bool {
    match address {
        SocketAddr::V4(v4) => v4.ip().is_broadcast() || v4.ip().is_multicast(),
        SocketAddr::V6(v6) => v6.ip().is_multicast(),
    }
}

/// Why a datagram was not sent.
fn not_sent(error: &io::Error, size: usize, socket: &Socket) -> String {
    match socket::errno_of(error) {
        Some(errno::EMSGSIZE) if size > PAYLOAD_MAX_BYTES => format!(
            "a datagram of {size} bytes cannot be sent (EMSGSIZE): UDP over IPv4 carries at most \
             {PAYLOAD_MAX_BYTES}, which is 65535 less 20 of IP and 8 of UDP"
        ),
        Some(errno::EMSGSIZE) => format!(
            "a datagram of {size} bytes cannot be sent (EMSGSIZE): it is larger than the path takes"
        ),
        Some(errno::EACCES) if matches!(socket, Socket::Free { .. }) => {
            "a broadcast is not allowed (EACCES): ask for it with --so-broadcast".to_owned()
        }
        Some(number) => format!("the datagram cannot be sent ({}): {error}", errno::name(number)),
        None => format!("the datagram cannot be sent: {error}"),
    }
}

/// What the network said no to, and who.
pub(crate) fn refused(error: &SocketError) -> String {
    let what = errno::name(error.errno);
    let who = error.offender.map(|who| format!(" from {who}")).unwrap_or_default();
    match error.origin {
        Origin::Local => format!("this host cannot deliver it ({what})"),
        Origin::Icmp | Origin::Icmp6 if error.errno == errno::ECONNREFUSED => {
            format!("nobody listens on that port: ICMP port unreachable{who} ({what})")
        }
        Origin::Icmp | Origin::Icmp6 => {
            format!("ICMP type {} code {}{who} ({what})", error.icmp_type, error.icmp_code)
        }
    }
}
