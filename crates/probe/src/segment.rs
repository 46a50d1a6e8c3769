//! The largest segment with which the peer's answer arrives.
//!
//! The maximum segment size that a client announces limits what the server
//! sends. Where a path drops large packets and no ICMP message says so, the
//! server's first flight arrives with a small announcement and not with the
//! usual one: that is the proof, and the largest size that passes is the path's
//! MTU less the headers.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::SegmentSizeProbe;
use plumb_sys::tcp::{self, DialOptions, DialOutcome};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::connection::{Meter, Traffic};
use crate::policy::{SEGMENT_WAIT_MAX, SEGMENT_WAIT_MIN};
use crate::{Deadline, Scope, client, dial, handshake, kernel, plain};

/// Rungs that are climbed at the same time: three rounds find one size among
/// the thirteen hundred of Ethernet, and a server does not mind so few.
const WIDE: u16 = 16;

/// The smallest segment that is tried. Linux takes 88; below two hundred even
/// a small flight needs more round trips than a round waits.
const SMALLEST_BYTES: u16 = 200;

/// Rounds at most: three to find, the rest to mend what a loss has spoilt.
const ROUNDS_MAX: u32 = 6;

/// Announcements are not tried above this; a jumbo frame's is 8960.
const LARGEST_BYTES: u16 = 9_000;

/// Bytes of a page after which it counts as arrived: many times the largest
/// segment.
const PAGE_ENOUGH_BYTES: usize = 64 << 10;

/// What the ladder found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    /// The answer came with the default segment size: there is no hole.
    pub default_answered: bool,
    /// The largest size with which it came, confirmed by repetition, if the
    /// default failed and a smaller size did not.
    pub largest_bytes: Option<u16>,
}

/// Climbs: records one `SegmentSize` for each rung, every size of interest more
/// than once, so that a lost packet does not look like a hole.
///
/// With `tls` a rung is good when the server's certificates arrived or the
/// server said no; without, when a page did. Nothing of the user's is sent.
pub async fn ladder(
    scope: &Scope,
    address: SocketAddr,
    server_name: Option<&str>,
    tls: bool,
    deadline: Deadline,
) -> Ladder {
    let host = server_name.map_or_else(|| address.ip().to_string(), str::to_owned);
    let target = Arc::new(Target { scope: scope.clone(), address, host, tls });
    let nothing = Ladder { default_answered: false, largest_bytes: None };
    let first = deadline.within(SEGMENT_WAIT_MAX);
    let Some(opened) = target.open(None, first).await else {
        return nothing;
    };
    let default = opened.mss_bytes.min(LARGEST_BYTES);
    let wait = (SEGMENT_WAIT_MIN + opened.round_trip * 6).min(SEGMENT_WAIT_MAX);
    let mut climb = Climb { target, default, wait, deadline, tried: BTreeMap::new() };
    let between = spread(SMALLEST_BYTES, default, WIDE);
    climb.round(Some(opened), [SMALLEST_BYTES, default].into_iter().chain(between)).await;
    for _ in 1..ROUNDS_MAX {
        match climb.next() {
            Some(sizes) if !deadline.has_passed() => climb.round(None, sizes).await,
            _ => break,
        }
    }
    climb.result()
}

/// `count` sizes between two, evenly, neither of them included.
fn spread(low: u16, high: u16, count: u16) -> Vec<u16> {
    let span = u32::from(high.saturating_sub(low));
    let steps = u32::from(count) + 1;
    let mut sizes: Vec<u16> = (1..steps)
        .map(|step| low + u16::try_from(span * step / steps).unwrap_or(u16::MAX))
        .filter(|&size| size > low && size < high)
        .collect();
    sizes.dedup();
    sizes
}

/// How often a size was tried, and how often the answer came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tried {
    times: u32,
    answered: u32,
}

struct Climb {
    target: Arc<Target>,
    /// What this host announces unless told otherwise.
    default: u16,
    wait: Duration,
    deadline: Deadline,
    tried: BTreeMap<u16, Tried>,
}

impl Climb {
    /// Tries these sizes at the same time.
    async fn round(&mut self, opened: Option<Opened>, sizes: impl IntoIterator<Item = u16>) {
        let deadline = self.deadline.within(self.wait);
        let mut rungs = JoinSet::new();
        if let Some(opened) = opened {
            let target = Arc::clone(&self.target);
            rungs.spawn(async move { target.converse(opened, deadline).await });
        }
        for size in sizes {
            let target = Arc::clone(&self.target);
            let announced = (size != self.default).then_some(size);
            rungs.spawn(async move {
                let start_ns = target.scope.elapsed_ns();
                match target.open(announced, deadline).await {
                    Some(opened) => target.converse(opened, deadline).await,
                    None => target.unopened(size, start_ns),
                }
            });
        }
        while let Some(joined) = rungs.join_next().await {
            let Ok(seen) = joined else { continue };
            let tried = self.tried.entry(seen.mss_bytes.min(self.default)).or_default();
            tried.times += 1;
            tried.answered += u32::from(seen.answered);
            self.target.scope.record(Observation::SegmentSize(seen));
        }
    }

    /// The largest size that passed and the smallest above it that never did.
    fn bounds(&self) -> Option<(u16, u16)> {
        let (&pass, _) = self.tried.iter().rev().find(|(_, tried)| tried.answered > 0)?;
        let (&fail, _) = self.tried.range(pass + 1..).next()?;
        Some((pass, fail))
    }

    /// What to try next; None when all is known, or nothing can be.
    fn next(&self) -> Option<Vec<u16>> {
        let (pass, fail) = self.bounds()?;
        let times = self.tried.get(&fail).map_or(0, |tried| tried.times);
        if fail - pass == 1 && times >= 3 {
            return None;
        }
        let mut sizes: Vec<u16> = if fail - pass <= WIDE / 2 {
            // The end: each twice, as is the size that is to be named.
            (pass..=fail).chain(pass..=fail).collect()
        } else {
            spread(pass, fail, WIDE).into_iter().chain([fail]).collect()
        };
        // The control: the default goes on to fail.
        sizes.push(self.default);
        Some(sizes)
    }

    fn result(&self) -> Ladder {
        let default = self.tried.get(&self.default).copied().unwrap_or_default();
        let default_answered = default.answered > 0;
        let largest_bytes = self.bounds().and_then(|(pass, fail)| {
            let below = self.tried.range(..=pass).map(|(_, tried)| tried);
            let (times, answered) =
                below.fold((0, 0), |(t, a), tried| (t + tried.times, a + tried.answered));
            // More than a quarter lost below the limit: then a loss above it
            // proves nothing.
            let steady = answered * 4 >= times * 3;
            (fail - pass == 1 && steady).then_some(pass)
        });
        Ladder { default_answered, largest_bytes }
    }
}

struct Target {
    scope: Scope,
    address: SocketAddr,
    host: String,
    tls: bool,
}

/// A connection with an announced size.
struct Opened {
    stream: TcpStream,
    mss_bytes: u16,
    round_trip: Duration,
    start_ns: u64,
}

impl Target {
    /// Connects, announcing this size or the usual one.
    async fn open(&self, mss_bytes: Option<u16>, deadline: Deadline) -> Option<Opened> {
        let start_ns = self.scope.elapsed_ns();
        let to = self.scope.mapped(self.address).ok()?;
        let options = DialOptions { mss_bytes, ..dial::options(&self.scope, to, deadline) };
        let report = tcp::dial(to, &options).await.ok()?;
        let DialOutcome::Connected(stream) = report.outcome else { return None };
        let usual = || report.info.as_ref().map(|info| announced(info, to));
        let mss_bytes = mss_bytes.map(u32::from).or_else(usual)?;
        let mss_bytes = u16::try_from(mss_bytes).unwrap_or(u16::MAX);
        Some(Opened { stream, mss_bytes, round_trip: report.duration, start_ns })
    }

    fn unopened(&self, mss_bytes: u16, start_ns: u64) -> SegmentSizeProbe {
        SegmentSizeProbe {
            address: self.address,
            mss_bytes,
            answered: false,
            received_bytes: 0,
            acked: None,
            duration_ns: self.scope.elapsed_ns().saturating_sub(start_ns),
        }
    }

    /// Provokes the peer's first flight and waits for all of it.
    async fn converse(&self, opened: Opened, deadline: Deadline) -> SegmentSizeProbe {
        let Opened { stream, mss_bytes, start_ns, .. } = opened;
        let socket = stream.as_fd().try_clone_to_owned().ok();
        let traffic = Arc::new(Traffic::new());
        let stream = Meter { inner: stream, traffic: Arc::clone(&traffic) };
        let answered = if self.tls {
            deadline.run(shake_hands(stream, &self.host)).await
        } else {
            deadline.run(fetch(stream, &self.host)).await
        };
        let passed = traffic.passed();
        SegmentSizeProbe {
            address: self.address,
            mss_bytes,
            answered: answered.unwrap_or(false),
            received_bytes: u32::try_from(passed.received_bytes).unwrap_or(u32::MAX),
            acked: socket.and_then(|socket| acked(&socket, passed.sent_bytes)),
            duration_ns: self.scope.elapsed_ns().saturating_sub(start_ns),
        }
    }
}

/// The maximum segment size that this host announced. Once both sides have
/// agreed on time stamps, the kernel shows it less the twelve bytes that those
/// take in each segment.
fn announced(info: &tcp::TcpInfo, to: SocketAddr) -> u32 {
    const TIME_STAMPS_BYTES: u32 = 12;
    let headers_bytes = if to.is_ipv4() { 40 } else { 60 };
    let whole = info.path_mtu_bytes.saturating_sub(headers_bytes);
    let shown = info.advertised_mss_bytes;
    if whole == shown + TIME_STAMPS_BYTES { whole } else { shown }
}

/// Whether all that was sent was acknowledged; the kernel counts the SYN too.
fn acked(socket: &OwnedFd, sent_bytes: u64) -> Option<bool> {
    Some(kernel::tcp_info(socket)?.acked_bytes? > sent_bytes)
}

/// Whether the server's certificates came, or a refusal, which is also whole.
async fn shake_hands(stream: Meter<TcpStream>, host: &str) -> bool {
    let arrived = Arc::new(AtomicBool::new(false));
    let judge = Arrival(Arc::clone(&arrived));
    let config = client::config(&client::groups(), judge, client::NoCertificate);
    let (Ok(mut config), Ok(name)) = (config, handshake::server_name(host)) else { return false };
    config.alpn_protocols = client::protocols(&["h2", "http/1.1"]);
    let end = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let refused = end.is_err_and(|error| {
        matches!(handshake::tls_error(&error), Some(rustls::Error::AlertReceived(_)))
    });
    refused || arrived.load(Ordering::Relaxed)
}

/// Notes that the certificates came, and goes no further.
#[derive(Debug)]
struct Arrival(Arc<AtomicBool>);

impl client::Judge for Arrival {
    fn judge(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: UnixTime,
    ) -> bool {
        self.0.store(true, Ordering::Relaxed);
        false
    }
}

/// Whether a page came whole.
async fn fetch(mut stream: Meter<TcpStream>, host: &str) -> bool {
    if stream.write_all(plain::request(host).as_bytes()).await.is_err() {
        return false;
    }
    let mut page = Vec::new();
    let mut buffer = [0; 4096];
    while page.len() < PAGE_ENOUGH_BYTES {
        match stream.read(&mut buffer).await {
            Ok(0) => return head_of(&page).is_some(),
            Ok(count) => page.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
        if is_whole(&page) {
            return true;
        }
    }
    true
}

/// The head of a response and where its body begins.
fn head_of(page: &[u8]) -> Option<(&[u8], usize)> {
    let end = page.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((&page[..end], end + 4))
}

/// Whether a response is complete by its own framing (RFC 9112 section 6).
fn is_whole(page: &[u8]) -> bool {
    let Some((head, body)) = head_of(page) else { return false };
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let field = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    if field("transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
        return page.ends_with(b"0\r\n\r\n");
    }
    field("content-length")
        .and_then(|length| length.parse::<usize>().ok())
        .is_some_and(|length| page.len() - body >= length)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::{Network, Recorder};

    fn climb(default: u16) -> Climb {
        let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
        let address = "192.0.2.1:443".parse().unwrap();
        let target = Arc::new(Target { scope, address, host: String::new(), tls: true });
        let deadline = Deadline::after(Duration::from_secs(20));
        Climb { target, default, wait: Duration::ZERO, deadline, tried: BTreeMap::new() }
    }

    /// Climbs on paper: `passes` says of a size, and how often it was asked for
    /// before, whether the answer comes.
    fn climbed(default: u16, mut passes: impl FnMut(u16, u32) -> bool) -> Ladder {
        let mut climb = climb(default);
        let mut sizes = vec![SMALLEST_BYTES, default, default];
        sizes.extend(spread(SMALLEST_BYTES, default, WIDE));
        for _ in 0..ROUNDS_MAX {
            for size in sizes {
                let tried = climb.tried.entry(size).or_default();
                let answered = passes(size, tried.times);
                tried.times += 1;
                tried.answered += u32::from(answered);
            }
            match climb.next() {
                Some(next) => sizes = next,
                None => return climb.result(),
            }
        }
        climb.result()
    }

    #[tokio::test]
    async fn every_hole_is_sized_exactly() {
        for default in [1460, 1440, 8960] {
            for largest in [200, 201, 660, 1380, 1400, default - 2, default - 1] {
                let ladder = climbed(default, |size, _| size <= largest);
                assert_eq!(ladder.largest_bytes, Some(largest), "of {default}");
                assert!(!ladder.default_answered);
            }
        }
    }

    #[tokio::test]
    async fn without_a_hole_nothing_is_sized() {
        let open = climbed(1460, |_, _| true);
        assert_eq!(open, Ladder { default_answered: true, largest_bytes: None });
        let silent = climbed(1460, |_, _| false);
        assert_eq!(silent, Ladder { default_answered: false, largest_bytes: None });
    }

    #[tokio::test]
    async fn a_loss_below_the_limit_is_mended() {
        // The first try of each of these is lost.
        let lossy = |size: u16, times: u32| size <= 660 && !(times == 0 && size.is_multiple_of(5));
        assert_eq!(climbed(1460, lossy).largest_bytes, Some(660));
    }

    #[tokio::test]
    async fn heavy_loss_is_no_hole() {
        for seed in 0..50_u64 {
            let mut step = seed * 1000;
            let ladder = climbed(1460, |size, times| {
                step += 1;
                // The default is lost by chance each time; of the rest, two of three.
                let luck = crate::policy::splitmix(step + u64::from(times));
                size < 1460 && luck.is_multiple_of(3)
            });
            assert_eq!(ladder.largest_bytes, None, "seed {seed}");
        }
    }

    #[test]
    fn a_page_is_whole_by_its_own_framing() {
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"));
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n";
        assert!(!is_whole(chunked));
        assert!(is_whole(&[&chunked[..], b"0\r\n\r\n"].concat()));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\n"));
    }

    #[tokio::test]
    async fn a_server_on_loopback_answers_with_the_default() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            }
        });
        let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
        let soon = Deadline::after(Duration::from_secs(20));
        let ladder = ladder(&scope, address, Some("www.example.com"), false, soon).await;
        assert!(ladder.default_answered);
        assert_eq!(ladder.largest_bytes, None);
    }
}
