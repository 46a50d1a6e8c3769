//! What the core tells of a connection, and Unix sockets.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

use plumb_serve::core::{
    Closed, ConnectionRecord, Context, Cut, Endpoint, EventKind, EventSink, Io, Limits, Server,
    ServerEvent, Service, Transport,
};
use plumb_serve::echo::Echo;
use plumb_sys::listen::{ListenAt, bind};
use plumb_sys::options::SocketOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;

use crate::ground::{next, observed, tcp_socket};

fn record(kind: EventKind) -> Option<ConnectionRecord> {
    match kind {
        EventKind::Closed(record) => Some(*record),
        _ => None,
    }
}

/// A path of this process's own; nothing is there yet.
fn path_of(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("plumb-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// A sink that wants to see every read and write.
struct Curious(mpsc::UnboundedSender<ServerEvent>);

impl EventSink for Curious {
    fn event(&self, event: ServerEvent) {
        let _ = self.0.send(event);
    }

    fn wants_bytes(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_connection_ends_in_one_record() {
    struct Polite;
    impl Service for Polite {
        async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
            context.ledger.set_protocol("polite");
            context.ledger.set_user("alice");
            while stream.read(&mut [0; 5]).await? > 0 {
                context.ledger.count_request();
                stream.write_all(b"pleased").await?;
            }
            Ok(())
        }
    }
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), Polite).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"hello").await.unwrap();
        stream.read_exact(&mut [0; 7]).await.unwrap();
    }
    drop(stream);
    let record = next(&mut events, record).await;
    assert_eq!(record.how, Closed::Finished);
    assert_eq!((record.read_bytes, record.written_bytes, record.requests), (15, 21, 3));
    assert_eq!(record.protocol.as_deref(), Some("polite"));
    assert_eq!(record.user.as_deref(), Some("alice"));
    let tcp = record.tcp.expect("the kernel's view");
    // The kernel counts the FIN as one, as sequence numbers do.
    assert_eq!(tcp.received_bytes.unwrap_or(16), 16);
    assert_eq!(tcp.state, "CLOSE-WAIT", "just before it was closed");
}

#[tokio::test]
async fn bytes_are_told_to_who_wants_them() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let server = Server::new("echo", Limits::default(), Curious(sender));
    let address = server.tcp(tcp_socket(), Echo::default()).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"a\x1b[1m\n").await.unwrap();
    stream.read_exact(&mut [0; 6]).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    let mut told = Vec::new();
    loop {
        match events.recv().await.unwrap().kind {
            EventKind::Received { size_bytes, first_bytes, .. } => {
                told.push(format!("<{size_bytes} {first_bytes}"));
            }
            EventKind::Sent { size_bytes, first_bytes, .. } => {
                told.push(format!(">{size_bytes} {first_bytes}"));
            }
            EventKind::HalfClosed => told.push("half".to_owned()),
            EventKind::Closed(_) => break,
            _ => {}
        }
    }
    assert_eq!(told, [r"<6 a\x1b[1m\n", r">6 a\x1b[1m\n", "half"]);
}

#[tokio::test]
async fn a_unix_socket_is_served_like_any_other() {
    let path = path_of("unix-echo");
    let (server, mut events) = observed(Limits::default());
    let at = server.unix(UnixListener::bind(&path).unwrap(), Echo::default()).unwrap();
    assert_eq!(at, Endpoint::Unix(Some(path.clone())));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"hello");
    let record = next(&mut events, record).await;
    assert_eq!((record.how, record.read_bytes, record.tcp), (Closed::Finished, 5, None));
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn who_reads_nothing_from_a_unix_socket_is_cut() {
    let path = path_of("unix-slow");
    let limits = Limits { write_stall: Duration::from_millis(20), ..Limits::default() };
    let (server, mut events) = observed(limits);
    server.unix(UnixListener::bind(&path).unwrap(), Echo::default()).unwrap();
    let mut stream = UnixStream::connect(&path).await.unwrap();
    // Ends when the server has cut the connection.
    while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    assert_eq!(next(&mut events, record).await.how, Closed::Cut(Cut::SlowReader));
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_bound_socket_tells_how_it_came_to_be_and_its_file_goes_with_it() {
    let path = path_of("unix-bound");
    let (server, mut events) = observed(Limits::default());
    let options = SocketOptions { receive_buffer_bytes: Some(30_000), ..SocketOptions::default() };
    let bound = bind(&ListenAt::Unix(path.clone()), &options, Some(7)).unwrap();
    server.bound(bound, Echo::default()).unwrap();
    let mut told = Vec::new();
    loop {
        match events.recv().await.unwrap().kind {
            EventKind::SocketCreated { family, .. } => told.push(family),
            EventKind::OptionSet { option, .. } => told.push(option),
            EventKind::Bound => told.push("bound".to_owned()),
            EventKind::Listening { transport, backlog } => {
                assert_eq!((transport, backlog), (Transport::Unix, Some(7)));
                break;
            }
            _ => {}
        }
    }
    assert_eq!(told.first().map(String::as_str), Some("AF_UNIX"));
    assert!(told.iter().any(|step| step == "SO_RCVBUF"), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("bound"));
    assert!(path.exists());
    server.stop(Duration::ZERO).await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_second_signal_cuts_at_once() {
    struct Stubborn;
    impl Service for Stubborn {
        async fn serve<S: Io>(&self, mut stream: S, _: Context) -> io::Result<()> {
            stream.write_u8(b'.').await?;
            std::future::pending().await
        }
    }
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), Stubborn).unwrap();
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.read_u8().await.unwrap();
        streams.push(stream);
    }
    let stopping = tokio::spawn({
        let server = server.clone();
        async move { server.stop(Duration::from_secs(3600)).await }
    });
    next(&mut events, |kind| (kind == EventKind::Stopping { open: 3 }).then_some(())).await;
    server.cut();
    let report = stopping.await.unwrap();
    assert_eq!((report.drained, report.cut), (0, 3));
    assert_eq!(next(&mut events, record).await.how, Closed::Cut(Cut::Stop));
}

/// A service that works for long is not cut for the silence meanwhile; one
/// that set itself a deadline is.
#[tokio::test(start_paused = true)]
async fn work_is_no_silence_and_a_deadline_is_kept() {
    struct Works;
    impl Service for Works {
        async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
            stream.read_u8().await?;
            let working = context.ledger.working();
            tokio::time::sleep(context.limits.idle * 10).await;
            drop(working);
            stream.write_u8(b'.').await?;
            context.ledger.deadline(Cut::Header, Duration::from_secs(1));
            let error = stream.read_u8().await.unwrap_err();
            stream.write_all(error.to_string().as_bytes()).await
        }
    }
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), Works).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_u8(b'a').await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, format!(".{}", Cut::Header), "there is time for a last word");
    assert_eq!(next(&mut events, record).await.how, Closed::Cut(Cut::Header));
}
