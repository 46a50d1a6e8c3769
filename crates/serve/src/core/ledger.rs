//! What is known of one connection, kept where both the core and the service
//! see it, and where the core still sees it when the service has dropped the
//! stream.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumb_evidence::observation::TcpInfo;
use tokio::time::Instant;

use super::{Closed, ConnectionRecord, Cut, Events, Limits, TlsRecord, nanoseconds};

/// How long a write that the peer does not take is left unjudged at most: so
/// late a stall may be noticed.
pub(super) const JUDGE: Duration = Duration::from_millis(300);

/// What passed over a connection, who it is and what its limits are now.
///
/// A service finds it in [`Context::ledger`](super::Context::ledger) and
/// writes there what only it knows; the core makes the record of the
/// connection's end from it.
#[derive(Debug)]
pub struct Ledger {
    began: Instant,
    limits: Arc<Limits>,
    events: Option<Events>,
    read_bytes: AtomicU64,
    written_bytes: AtomicU64,
    requests: AtomicU64,
    /// When a byte last passed, in nanoseconds since `began`.
    active_ns: AtomicU64,
    /// When the service's own deadline is, and in the low byte which it is; 0
    /// is none.
    deadline: AtomicU64,
    /// What ended the connection: a code of [`CUTS`], 0 for nothing.
    cut: AtomicU8,
    working: AtomicU32,
    /// When a write that waits is to be judged; 0 when none does.
    judge_ns: AtomicU64,
    encrypted: AtomicBool,
    /// A place in [`PROTOCOLS`], from 1.
    protocol: AtomicU8,
    /// What few connections have, in a box: until then it costs a word.
    more: Mutex<Option<Box<More>>>,
}

/// The names of protocols that were ever spoken, once each: thousands of
/// connections share one, and each keeps a byte of it.
static PROTOCOLS: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// The place of a name, from 1. A server that speaks more than 255 protocols
/// leaves the last ones unnamed.
fn place_of(protocol: &'static str) -> u8 {
    let mut all = PROTOCOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let at = all.iter().position(|&known| known == protocol).unwrap_or_else(|| {
        if all.len() < usize::from(u8::MAX) {
            all.push(protocol);
        }
        all.len() - 1
    });
    if all[at] == protocol { at as u8 + 1 } else { 0 }
}

/// What the service or the stream said about the connection.
#[derive(Debug, Default)]
struct More {
    user: Option<String>,
    tls: Option<TlsRecord>,
    tcp: Option<TcpInfo>,
}

/// The cuts by the code that stands for them in an atomic, from 1.
const CUTS: [Cut; 10] = [
    Cut::FirstByte,
    Cut::Idle,
    Cut::Handshake,
    Cut::Header,
    Cut::Request,
    Cut::SlowReader,
    Cut::SlowSender,
    Cut::Connection,
    Cut::Refused,
    Cut::Stop,
];

/// Bits of a deadline that say which it is; what is left counts nanoseconds
/// for more than two years.
const CUT_BITS: u32 = 8;

fn code(cut: Cut) -> u8 {
    let at = CUTS.iter().position(|&one| one == cut);
    at.map_or(CUTS.len() as u8, |at| at as u8 + 1)
}

fn cut_of(code: u8) -> Option<Cut> {
    CUTS.get(usize::from(code).checked_sub(1)?).copied()
}

impl Ledger {
    /// A ledger of a connection that begins now. The core makes one for each;
    /// a test of a service may need one of its own.
    pub fn new(limits: Arc<Limits>) -> Self {
        Ledger {
            began: Instant::now(),
            limits,
            events: None,
            read_bytes: AtomicU64::new(0),
            written_bytes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            active_ns: AtomicU64::new(0),
            deadline: AtomicU64::new(0),
            cut: AtomicU8::new(0),
            working: AtomicU32::new(0),
            judge_ns: AtomicU64::new(0),
            encrypted: AtomicBool::new(false),
            protocol: AtomicU8::new(0),
            more: Mutex::default(),
        }
    }

    /// Names the protocol that is spoken: `echo`, `HTTP/1.1`.
    pub fn set_protocol(&self, protocol: &'static str) {
        self.protocol.store(place_of(protocol), Ordering::Relaxed);
    }

    /// Names who the client proved to be.
    pub fn set_user(&self, user: &str) {
        self.more(|more| more.user = Some(user.to_owned()));
    }

    /// Says what TLS agreed on.
    pub fn set_tls(&self, tls: TlsRecord) {
        self.more(|more| more.tls = Some(tls));
    }

    /// Counts one request or message that was answered.
    pub fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests or messages that were answered.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes that came, below TLS.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    /// Bytes that were given to the kernel, below TLS.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Relaxed)
    }

    /// When the connection was accepted.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Says that the service works on an answer. Until the guard is dropped
    /// the peer is not blamed for a silence: the limits of the first byte and
    /// of idleness do not count.
    #[must_use = "dropping the guard ends the work"]
    pub fn working(self: &Arc<Self>) -> Working {
        self.working.fetch_add(1, Ordering::Relaxed);
        Working(Arc::clone(self))
    }

    /// Sets the one deadline that a service may have at a time, such as that
    /// of a header: when it passes, reads fail with `cut`, and the connection
    /// is cut a moment later. It costs no timer.
    ///
    /// It must be called on the connection's own task: the core looks at it
    /// when the service waits.
    pub fn deadline(&self, cut: Cut, after: Duration) {
        let at_ns = nanoseconds(self.began.elapsed()).saturating_add(nanoseconds(after));
        let packed = (at_ns.min(u64::MAX >> CUT_BITS) << CUT_BITS) | u64::from(code(cut));
        self.deadline.store(packed, Ordering::Relaxed);
    }

    /// Forgets that deadline, if it is that of `cut`.
    pub fn clear_deadline_of(&self, cut: Cut) {
        let mask = (1 << CUT_BITS) - 1;
        let forget = |now| (now & mask == u64::from(code(cut))).then_some(0);
        let _ = self.deadline.fetch_update(Ordering::Relaxed, Ordering::Relaxed, forget);
    }

    /// Forgets that deadline.
    pub fn clear_deadline(&self) {
        self.deadline.store(0, Ordering::Relaxed);
    }

    /// Says that what passes is encrypted from now on, so that the stream does
    /// not tell of its bytes; whoever decrypts does.
    pub fn set_encrypted(&self) {
        self.encrypted.store(true, Ordering::Relaxed);
    }

    /// The limit that was broken, if one was.
    pub fn cut(&self) -> Option<Cut> {
        cut_of(self.cut.load(Ordering::Relaxed))
    }

    /// Notes that a limit was broken; the first one counts.
    pub(super) fn set_cut(&self, cut: Cut) {
        let _ = self.cut.compare_exchange(0, code(cut), Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn telling(self, events: Events) -> Self {
        Ledger { events: Some(events), ..self }
    }

    pub(super) fn events(&self) -> Option<&Events> {
        self.events.as_ref()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.encrypted.load(Ordering::Relaxed)
    }

    pub(super) fn set_tcp(&self, tcp: TcpInfo) {
        self.more(|more| more.tcp = Some(tcp));
    }

    pub(super) fn read(&self, count: usize) {
        self.read_bytes.fetch_add(count as u64, Ordering::Relaxed);
        self.touch();
    }

    pub(super) fn wrote(&self, count: usize) {
        self.written_bytes.fetch_add(count as u64, Ordering::Relaxed);
        self.judge_ns.store(0, Ordering::Relaxed);
        self.touch();
    }

    pub(super) fn write_waits(&self, judge_at: Instant) {
        let judge_ns = nanoseconds(judge_at.saturating_duration_since(self.began)).max(1);
        self.judge_ns.store(judge_ns, Ordering::Relaxed);
    }

    /// Whether a write waited; it must say so again if it still does.
    pub(super) fn take_write_waits(&self) -> bool {
        self.judge_ns.swap(0, Ordering::Relaxed) != 0
    }

    fn touch(&self) {
        self.active_ns.store(nanoseconds(self.began.elapsed()), Ordering::Relaxed);
    }

    /// When the core must look again, and what is broken if nothing has
    /// happened until then; `None` stands for a look without a limit.
    pub(super) fn next_look(&self) -> (Instant, Option<Cut>) {
        let mut next = self.activity_limit();
        let packed = self.deadline.load(Ordering::Relaxed);
        if packed != 0 {
            let at = self.began + Duration::from_nanos(packed >> CUT_BITS);
            let cut = cut_of((packed & ((1 << CUT_BITS) - 1)) as u8);
            next = earlier(next, (at, cut));
        }
        if let Some(lifetime) = self.limits.connection {
            next = earlier(next, (self.began + lifetime, Some(Cut::Connection)));
        }
        next
    }

    fn activity_limit(&self) -> (Instant, Option<Cut>) {
        /// A look that changes nothing, for a service that works for long.
        const LOOK: Duration = Duration::from_secs(3600);
        let judge_ns = self.judge_ns.load(Ordering::Relaxed);
        if judge_ns != 0 {
            return (self.began + Duration::from_nanos(judge_ns), None);
        }
        let active = self.began + Duration::from_nanos(self.active_ns.load(Ordering::Relaxed));
        if self.working.load(Ordering::Relaxed) > 0 {
            return (Instant::now() + LOOK, None);
        }
        // Until the first byte, the last activity is the accept, or the
        // greeting that the peer ought to answer.
        if self.read_bytes() == 0 {
            (active + self.limits.first_byte, Some(Cut::FirstByte))
        } else {
            (active + self.limits.idle, Some(Cut::Idle))
        }
    }

    /// The record of the connection's end.
    pub(super) fn record(&self, how: Closed) -> ConnectionRecord {
        let more = self.lock().take().map(|more| *more).unwrap_or_default();
        let protocol = usize::from(self.protocol.load(Ordering::Relaxed)).checked_sub(1);
        let all = PROTOCOLS.lock().unwrap_or_else(PoisonError::into_inner);
        let protocol = protocol.and_then(|at| all.get(at)).map(|&name| name.to_owned());
        drop(all);
        ConnectionRecord {
            how,
            read_bytes: self.read_bytes(),
            written_bytes: self.written_bytes(),
            duration_ns: nanoseconds(self.began.elapsed()),
            protocol,
            requests: self.requests(),
            tls: more.tls,
            user: more.user,
            tcp: more.tcp,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<More>>> {
        // Nothing is left half said when a service panics.
        self.more.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn more(&self, say: impl FnOnce(&mut More)) {
        say(self.lock().get_or_insert_default());
    }
}

fn earlier(one: (Instant, Option<Cut>), other: (Instant, Option<Cut>)) -> (Instant, Option<Cut>) {
    if other.0 < one.0 { other } else { one }
}

/// A service is at work; see [`Ledger::working`].
#[derive(Debug)]
pub struct Working(Arc<Ledger>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
        // The silence that counts begins when the answer is given.
        self.0.touch();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_has_a_code() {
        for cut in CUTS {
            assert_eq!(cut_of(code(cut)), Some(cut));
        }
        assert_eq!((cut_of(0), cut_of(CUTS.len() as u8 + 1)), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn the_nearest_limit_comes_first() {
        let limits = Limits {
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            connection: Some(Duration::from_secs(60)),
            ..Limits::default()
        };
        let ledger = Arc::new(Ledger::new(Arc::new(limits)));
        let next = || {
            let (at, cut) = ledger.next_look();
            (at.duration_since(ledger.began()).as_secs(), cut)
        };
        assert_eq!(next(), (10, Some(Cut::FirstByte)));
        ledger.read(1);
        assert_eq!(next(), (20, Some(Cut::Idle)));
        ledger.deadline(Cut::Header, Duration::from_secs(5));
        assert_eq!(next(), (5, Some(Cut::Header)));
        ledger.clear_deadline();
        let working = ledger.working();
        assert_eq!(next(), (60, Some(Cut::Connection)));
        tokio::time::advance(Duration::from_secs(30)).await;
        drop(working);
        assert_eq!(next(), (50, Some(Cut::Idle)));
    }
}
