//! Alone in its process: 5,000 sockets that are slow or idle, held open while
//! others are served.
//!
//! When all are there the clock of the runtime is stopped, and from then on
//! moves by itself from limit to limit: a minute passes in a moment.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // what should not happen ends the test; SKIP is said

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use plumb_serve::core::pace::Pace;
use plumb_serve::core::{
    Closed, Context, Cut, EventKind, EventSink, Io, Limits, Server, ServerEvent, Service,
};
use plumb_serve::echo::Echo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

const SILENT: usize = 2_400;
const IDLE: usize = 2_400;
const DRIPPING: usize = 100;
const NOT_READING: usize = 100;
const ALL: usize = SILENT + IDLE + DRIPPING + NOT_READING;
/// Both ends are in this process; some are left for all else.
const DESCRIPTORS: u64 = 2 * ALL as u64 + 300;

/// Buffers of the kernel.
const SMALL_BYTES: usize = 8 * 1024;
/// How late a slow one may be cut.
const LATE_MAX: Duration = Duration::from_millis(500);

fn limits() -> Limits {
    Limits {
        connections_max: ALL + 100,
        first_byte: Duration::from_secs(200),
        idle: Duration::from_secs(400),
        header: Duration::from_secs(300),
        write_stall: Duration::from_secs(100),
        // Who takes nothing is too slow for any pace as well.
        reader_pace: Pace::ANY,
        ..Limits::default()
    }
}

/// Sends without end to whoever asked.
struct Flood;

impl Service for Flood {
    async fn serve<S: Io>(&self, mut stream: S, _: Context) -> io::Result<()> {
        stream.read_u8().await?;
        loop {
            stream.write_all(&[0; 65_536]).await?;
        }
    }
}

/// Reads a header without end.
struct Header;

impl Service for Header {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
        stream.read_u8().await?;
        context.ledger.deadline(Cut::Header, context.limits.header);
        while stream.read(&mut [0; 1]).await? > 0 {}
        Ok(())
    }
}

/// When something happened on a connection, by the clock of the runtime.
#[derive(Debug, Clone, Copy)]
struct Times {
    first: Option<Instant>,
    last: Instant,
}

/// Notes when each connection was last active, and tells how it was cut and
/// how long after that.
struct Watch {
    times: Mutex<HashMap<u64, Times>>,
    cuts: mpsc::UnboundedSender<(Cut, Duration)>,
}

impl EventSink for Watch {
    fn event(&self, event: ServerEvent) {
        let Some(number) = event.connection else { return };
        let now = Instant::now();
        let mut times = self.times.lock().unwrap();
        match event.kind {
            EventKind::Accepted => {
                times.insert(number, Times { first: None, last: now });
            }
            EventKind::Received { .. } | EventKind::Sent { .. } => {
                let times = times.get_mut(&number).unwrap();
                times.first.get_or_insert(now);
                times.last = now;
            }
            EventKind::Closed(record) => {
                let times = times.remove(&number).unwrap();
                if let Closed::Cut(cut) = record.how {
                    let header = times.first.filter(|_| cut == Cut::Header);
                    let since = header.unwrap_or(times.last);
                    let _ = self.cuts.send((cut, now - since));
                }
            }
            _ => {}
        }
    }

    fn wants_bytes(&self) -> bool {
        true
    }
}

/// A client of one of fifty addresses.
async fn connect(number: usize, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let source = [127, 0, 2, (number % 50) as u8 + 1];
    socket.set_recv_buffer_size(SMALL_BYTES as u32).unwrap();
    socket.bind(SocketAddr::from((source, 0))).unwrap();
    socket.connect(to).await.unwrap()
}

async fn round_trip(stream: &mut TcpStream) {
    stream.write_all(b"hello").await.unwrap();
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
}

/// Comes again and again, and is served each time.
async fn behave_well(server: SocketAddr, rounds: Arc<Mutex<usize>>) {
    loop {
        let mut stream = TcpStream::connect(server).await.unwrap();
        for _ in 0..3 {
            round_trip(&mut stream).await;
            tokio::time::sleep(Duration::from_secs(1)).await; // by the stopped clock
        }
        *rounds.lock().unwrap() += 1;
    }
}

async fn drip(mut stream: TcpStream) {
    while stream.write_u8(b'x').await.is_ok() {
        tokio::time::sleep(Duration::from_secs(20)).await; // by the stopped clock
    }
}

#[tokio::test]
async fn five_thousand_slow_ones_are_cut_and_the_others_served() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if hard < DESCRIPTORS {
        eprintln!("SKIP: no more than {hard} file descriptors");
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let (sender, mut cuts) = mpsc::unbounded_channel();
    let server = Server::new("robust", limits(), Watch { times: Mutex::default(), cuts: sender });
    let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
    let echo = server.tcp(listener(), Echo::default()).unwrap();
    // What the system takes in for a peer that does not read is soon full.
    let small = listener();
    socket2::SockRef::from(&small).set_send_buffer_size(SMALL_BYTES).unwrap();
    let flood = server.tcp(small, Flood).unwrap();
    let header = server.tcp(listener(), Header).unwrap();

    let mut slow = Vec::with_capacity(ALL);
    for number in 0..NOT_READING {
        let mut stream = connect(number, flood).await;
        stream.write_u8(b'?').await.unwrap();
        slow.push(stream);
    }
    for number in 0..SILENT {
        slow.push(connect(number, echo).await);
    }
    for number in 0..IDLE {
        let mut stream = connect(number, echo).await;
        round_trip(&mut stream).await;
        slow.push(stream);
    }
    let mut dripping = Vec::with_capacity(DRIPPING);
    for number in 0..DRIPPING {
        dripping.push(connect(number, header).await);
    }
    tokio::time::pause();
    for stream in dripping {
        tokio::spawn(drip(stream));
    }
    let rounds = Arc::new(Mutex::new(0));
    let well_behaved = tokio::spawn(behave_well(echo, Arc::clone(&rounds)));

    let limits = limits();
    let mut count = HashMap::new();
    for _ in 0..ALL {
        let (cut, after) = cuts.recv().await.unwrap();
        let limit = match cut {
            Cut::FirstByte => limits.first_byte,
            Cut::Idle => limits.idle,
            Cut::Header => limits.header,
            Cut::SlowReader => limits.write_stall,
            other => panic!("{other:?}"),
        };
        assert!(limit <= after && after <= limit + LATE_MAX, "{cut:?} after {after:?}");
        *count.entry(cut).or_insert(0) += 1;
    }
    let expected = [
        (Cut::FirstByte, SILENT),
        (Cut::Idle, IDLE),
        (Cut::Header, DRIPPING),
        (Cut::SlowReader, NOT_READING),
    ];
    assert_eq!(count, HashMap::from(expected));
    assert!(!well_behaved.is_finished(), "every round was served");
    assert!(*rounds.lock().unwrap() > 10, "{} rounds", rounds.lock().unwrap());
    drop(slow);
}
