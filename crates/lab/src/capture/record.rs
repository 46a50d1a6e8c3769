//! Merges what several packet sockets see into one pcapng file, in the order
//! of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::task::Poll;
use std::time::Duration;

use plumb_sys::clock;
use plumb_sys::packet::{FRAME_MAX_BYTES, PacketSocket};
use plumb_wire::capture::pcapng;
use serde::Serialize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// LINKTYPE_ETHERNET of the pcapng format.
const ETHERNET: u16 = 1;

/// What is captured is written out at least so often, for whoever reads along.
const WRITE_OUT: Duration = Duration::from_millis(100);

/// How many frames one socket may give before the others get their turn.
const TURN_FRAMES: usize = 256;

/// Between the time stamp of a frame and its place in the socket's queue: a
/// softirq on a busy machine.
const QUEUE_LAG_NS: u64 = 2_000_000;

/// Frames are written out early, perhaps out of order, rather than kept beyond
/// this.
const PENDING_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Where a capture ends by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    pub packets: Option<u64>,
    pub bytes: Option<u64>,
}

/// What was captured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Recorded {
    pub packets: u64,
    /// Of the frames alone, without the file's own.
    pub bytes: u64,
    pub places: Vec<RecordedPlace>,
}

/// What was captured at one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecordedPlace {
    pub name: String,
    pub packets: u64,
    /// Frames that the kernel dropped because they were not read in time.
    pub lost: u64,
}

/// A frame that waits until nothing older can come.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pending {
    unix_ns: u64,
    /// Keeps the order of frames with one time stamp.
    number: u64,
    place: usize,
    original_bytes: usize,
    frame: Vec<u8>,
}

struct Tap {
    place: usize,
    socket: AsyncFd<PacketSocket>,
    /// The socket may have more.
    ready: bool,
    /// Everything older than this has been read, nanoseconds.
    read_until_ns: u64,
}

struct Recorder<W: Write> {
    writer: pcapng::Writer<W>,
    interfaces: Vec<u32>,
    pending: BinaryHeap<Reverse<Pending>>,
    pending_bytes: usize,
    read: u64,
    limits: Limits,
    recorded: Recorded,
}

/// Writes what these sockets see until `until` is done or a limit is reached.
/// What had been seen by then is read out first. Sockets of one name share an
/// interface of the file.
pub async fn record<W: Write>(
    sockets: Vec<(String, OwnedFd)>,
    output: W,
    limits: Limits,
    until: impl Future<Output = ()>,
) -> io::Result<Recorded> {
    let mut recorder = Recorder::new(output, limits)?;
    let mut taps = Vec::with_capacity(sockets.len());
    for (name, fd) in sockets {
        let place = recorder.place(&name)?;
        let socket = AsyncFd::with_interest(PacketSocket::from(fd), Interest::READABLE)?;
        taps.push(Tap { place, socket, ready: true, read_until_ns: 0 });
    }
    let mut until = std::pin::pin!(until);
    let mut buffer = vec![0; FRAME_MAX_BYTES];
    loop {
        let mut write_out = std::pin::pin!(tokio::time::sleep(WRITE_OUT));
        let waits = !recorder.pending.is_empty();
        let ended = poll_fn(|cx| {
            if until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            if waits && write_out.as_mut().poll(cx).is_ready() {
                return Poll::Ready(false);
            }
            for tap in &mut taps {
                if let Poll::Ready(Ok(mut guard)) = tap.socket.poll_read_ready(cx) {
                    // Cleared before reading: what comes meanwhile sets it again.
                    guard.clear_ready();
                    tap.ready = true;
                }
            }
            if taps.iter().any(|tap| tap.ready) { Poll::Ready(false) } else { Poll::Pending }
        });
        let ended = ended.await;
        let full = recorder.turn(&mut taps, &mut buffer)?;
        if ended || full {
            while !recorder.is_full() && taps.iter().any(|tap| tap.ready) {
                recorder.turn(&mut taps, &mut buffer)?;
            }
            return recorder.finish(&taps);
        }
        // Without this a busy network would keep `until` from being heard.
        tokio::task::yield_now().await;
    }
}

impl<W: Write> Recorder<W> {
    fn new(output: W, limits: Limits) -> io::Result<Self> {
        Ok(Recorder {
            writer: pcapng::Writer::new(output)?,
            interfaces: Vec::new(),
            pending: BinaryHeap::new(),
            pending_bytes: 0,
            read: 0,
            limits,
            recorded: Recorded::default(),
        })
    }

    /// The place of this name; its interface is written when it is first named.
    fn place(&mut self, name: &str) -> io::Result<usize> {
        let known = self.recorded.places.iter().position(|place| place.name == name);
        if let Some(known) = known {
            return Ok(known);
        }
        self.interfaces.push(self.writer.add_interface(name, ETHERNET)?);
        self.recorded.places.push(RecordedPlace { name: name.to_owned(), ..Default::default() });
        Ok(self.recorded.places.len() - 1)
    }

    /// Reads from every socket, and writes what nothing older can precede.
    /// Gives whether a limit is reached.
    fn turn(&mut self, taps: &mut [Tap], buffer: &mut [u8]) -> io::Result<bool> {
        for tap in &mut *taps {
            self.read(tap, buffer)?;
        }
        let safe_ns = taps.iter().map(|tap| tap.read_until_ns).min().unwrap_or(u64::MAX);
        while let Some(Reverse(next)) = self.pending.peek() {
            if self.is_full() {
                break;
            }
            if next.unix_ns >= safe_ns && self.pending_bytes <= PENDING_BYTES_MAX {
                break;
            }
            self.write_oldest()?;
        }
        Ok(self.is_full())
    }

    fn read(&mut self, tap: &mut Tap, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..TURN_FRAMES {
            let now_ns = clock::unix_ns();
            match tap.socket.get_ref().try_receive(buffer) {
                Ok(frame) => {
                    let bytes = buffer.get(..frame.captured_bytes).unwrap_or_default().to_vec();
                    self.pending_bytes += bytes.len();
                    self.read += 1;
                    tap.read_until_ns = tap.read_until_ns.max(frame.unix_ns);
                    self.pending.push(Reverse(Pending {
                        unix_ns: frame.unix_ns,
                        number: self.read,
                        place: tap.place,
                        original_bytes: frame.original_bytes,
                        frame: bytes,
                    }));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tap.ready = false;
                    tap.read_until_ns = now_ns.saturating_sub(QUEUE_LAG_NS);
                    return Ok(());
                }
                // The interface went down (a fault, perhaps); it may come back.
                Err(error) if error.kind() == io::ErrorKind::NetworkDown => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_oldest(&mut self) -> io::Result<()> {
        let Some(Reverse(oldest)) = self.pending.pop() else { return Ok(()) };
        self.pending_bytes -= oldest.frame.len();
        let interface = self.interfaces.get(oldest.place).copied().unwrap_or(0);
        let original = u32::try_from(oldest.original_bytes).unwrap_or(u32::MAX);
        self.writer.packet(interface, oldest.unix_ns, &oldest.frame, original)?;
        self.recorded.packets += 1;
        self.recorded.bytes += oldest.frame.len() as u64;
        if let Some(place) = self.recorded.places.get_mut(oldest.place) {
            place.packets += 1;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        let over = |limit: Option<u64>, count: u64| limit.is_some_and(|limit| count >= limit);
        over(self.limits.packets, self.recorded.packets)
            || over(self.limits.bytes, self.recorded.bytes)
    }

    fn finish(mut self, taps: &[Tap]) -> io::Result<Recorded> {
        while !self.is_full() && !self.pending.is_empty() {
            self.write_oldest()?;
        }
        for tap in taps {
            let lost = tap.socket.get_ref().statistics().map(|s| u64::from(s.drops));
            if let Some(place) = self.recorded.places.get_mut(tap.place) {
                place.lost += lost.unwrap_or(0);
            }
        }
        self.writer.flush()?;
        Ok(self.recorded)
    }
}
