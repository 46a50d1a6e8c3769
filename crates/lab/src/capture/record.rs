//! Merges what several packet sockets see into one pcapng file, in the order
//! of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use plumb_sys::clock;
use plumb_sys::packet::{AsyncPacketSocket, FRAME_MAX_BYTES, Frame, PacketSocket};
use plumb_wire::capture::{LinkType, pcapng};
use serde::Serialize;

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
    socket: AsyncPacketSocket,
    buffer: Vec<u8>,
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
        let socket = PacketSocket::from(fd).into_async()?;
        let buffer = vec![0; FRAME_MAX_BYTES];
        taps.push(Tap { place, socket, buffer, ready: true, read_until_ns: 0 });
    }
    let mut until = std::pin::pin!(until);
    loop {
        let ended = recorder.wait(&mut taps, until.as_mut()).await?;
        let full = recorder.turn(&mut taps)?;
        if ended || full {
            while !recorder.is_full() && taps.iter().any(|tap| tap.ready) {
                recorder.turn(&mut taps)?;
            }
            return recorder.finish(&taps);
        }
        // Without this a busy network would keep `until` from being heard.
        tokio::task::yield_now().await;
    }
}

/// What may end a wait.
type Waiting<'a> = Pin<Box<dyn Future<Output = io::Result<Frame>> + 'a>>;

/// [`record`] on a runtime of its own.
pub fn record_blocking<W: Write>(
    sockets: Vec<(String, OwnedFd)>,
    output: W,
    limits: Limits,
    until: impl Future<Output = ()>,
) -> io::Result<Recorded> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(record(sockets, output, limits, until))
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
        self.interfaces.push(self.writer.add_interface(name, LinkType::Ethernet)?);
        self.recorded.places.push(RecordedPlace { name: name.to_owned(), ..Default::default() });
        Ok(self.recorded.places.len() - 1)
    }

    /// Waits until a socket has a frame, or what is pending may be written out,
    /// or `until` is done; says whether it is.
    async fn wait(
        &mut self,
        taps: &mut [Tap],
        mut until: Pin<&mut impl Future<Output = ()>>,
    ) -> io::Result<bool> {
        let is_idle = taps.iter().all(|tap| !tap.ready);
        let has_pending = !self.pending.is_empty();
        let mut write_out = std::pin::pin!(tokio::time::sleep(WRITE_OUT));
        let mut waiting: Vec<Waiting<'_>> = Vec::new();
        let places: Vec<usize> = taps.iter().map(|tap| tap.place).collect();
        for Tap { socket, buffer, .. } in &mut *taps {
            waiting.push(Box::pin(socket.receive(buffer)));
        }
        let mut came = None;
        let mut look = |cx: &mut Context<'_>| {
            if until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(true));
            }
            for (index, frame) in waiting.iter_mut().enumerate() {
                match frame.as_mut().poll(cx) {
                    Poll::Ready(Ok(frame)) => {
                        came = Some((index, frame));
                        return Poll::Ready(Ok(false));
                    }
                    Poll::Ready(Err(error)) if error.kind() != io::ErrorKind::NetworkDown => {
                        return Poll::Ready(Err(error));
                    }
                    // The interface went down (a fault, perhaps); it may come back.
                    Poll::Ready(Err(_)) => return Poll::Ready(Ok(false)),
                    Poll::Pending => {}
                }
            }
            let may_go = !is_idle || (has_pending && write_out.as_mut().poll(cx).is_ready());
            if may_go { Poll::Ready(Ok(false)) } else { Poll::Pending }
        };
        let ended = poll_fn(&mut look).await;
        drop(waiting);
        if let Some((index, frame)) = came
            && let (Some(tap), Some(place)) = (taps.get_mut(index), places.get(index))
        {
            tap.ready = true;
            tap.read_until_ns = tap.read_until_ns.max(frame.unix_ns);
            self.keep(*place, &frame, &tap.buffer);
        }
        ended
    }

    fn keep(&mut self, place: usize, frame: &Frame, buffer: &[u8]) {
        let bytes = buffer.get(..frame.captured_bytes).unwrap_or_default().to_vec();
        self.pending_bytes += bytes.len();
        self.read += 1;
        self.pending.push(Reverse(Pending {
            unix_ns: frame.unix_ns,
            number: self.read,
            place,
            original_bytes: frame.original_bytes,
            frame: bytes,
        }));
    }

    /// Reads from every socket, and writes what nothing older can precede.
    /// Gives whether a limit is reached.
    fn turn(&mut self, taps: &mut [Tap]) -> io::Result<bool> {
        for tap in &mut *taps {
            self.read(tap)?;
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

    fn read(&mut self, tap: &mut Tap) -> io::Result<()> {
        for _ in 0..TURN_FRAMES {
            let now_ns = clock::unix_ns();
            match tap.socket.get_ref().try_receive(&mut tap.buffer) {
                Ok(frame) => {
                    tap.read_until_ns = tap.read_until_ns.max(frame.unix_ns);
                    self.keep(tap.place, &frame, &tap.buffer);
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
        self.writer.packet(interface, oldest.unix_ns, &oldest.frame, oldest.original_bytes)?;
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
