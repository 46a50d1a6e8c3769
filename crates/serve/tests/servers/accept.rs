//! The accept core: limits, deadlines, panics, the graceful stop.

use std::io;
use std::time::Duration;

use plumb_serve::core::{Closed, Context, Cut, EventKind, Io, Limits, Phase, Rule, Service};
use plumb_serve::echo::Echo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ground::{next, observed, tcp_socket};

/// Short, for deadlines that a test wants to see pass.
const SOON: Duration = Duration::from_millis(20);

fn closed(kind: EventKind) -> Option<Closed> {
    match kind {
        EventKind::Closed(record) => Some(record.how),
        _ => None,
    }
}

fn rule(kind: EventKind) -> Option<(Rule, Phase)> {
    match kind {
        EventKind::Security { rule, phase, .. } => Some((rule, phase)),
        _ => None,
    }
}

#[tokio::test]
async fn who_never_sends_is_cut() {
    let (server, mut events) = observed(Limits { first_byte: SOON, ..Limits::default() });
    let address = server.tcp(tcp_socket(), Echo::default()).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(next(&mut events, closed).await, Closed::Cut(Cut::FirstByte));
}

#[tokio::test]
async fn who_falls_idle_is_cut() {
    let (server, mut events) = observed(Limits { idle: SOON, ..Limits::default() });
    let address = server.tcp(tcp_socket(), Echo::default()).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"a").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"a");
    assert_eq!(next(&mut events, closed).await, Closed::Cut(Cut::Idle));
}

#[tokio::test]
async fn who_takes_nothing_is_cut() {
    struct Flood;
    impl Service for Flood {
        async fn serve<S: Io>(&self, mut stream: S, _: Context) -> io::Result<()> {
            stream.read_u8().await?;
            loop {
                stream.write_all(&[0; 65_536]).await?;
            }
        }
    }
    let (server, mut events) = observed(Limits { write_stall: SOON, ..Limits::default() });
    let address = server.tcp(tcp_socket(), Flood).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"a").await.unwrap();
    assert_eq!(next(&mut events, rule).await, (Rule::SlowReader, Phase::Response));
    assert_eq!(next(&mut events, closed).await, Closed::Cut(Cut::SlowReader));
}

#[tokio::test]
async fn the_longest_connection_ends() {
    let limits = Limits { connection: Some(SOON), ..Limits::default() };
    let (server, mut events) = observed(limits);
    let address = server.tcp(tcp_socket(), Echo::default()).unwrap();
    let _stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(next(&mut events, closed).await, Closed::Cut(Cut::Connection));
}

#[tokio::test]
async fn at_the_limit_the_next_connection_waits() {
    let (server, mut events) = observed(Limits { connections_max: 1, ..Limits::default() });
    let address = server.tcp(tcp_socket(), Echo::default()).unwrap();
    let first = TcpStream::connect(address).await.unwrap();
    next(&mut events, |kind| (kind == EventKind::Accepted).then_some(())).await;
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(b"b").await.unwrap();
    next(&mut events, |kind| (kind == EventKind::AcceptPaused { connections: 1 }).then_some(()))
        .await;
    drop(first);
    assert_eq!(second.read_u8().await.unwrap(), b'b');
}

#[tokio::test]
async fn one_client_cannot_take_all() {
    let limits = Limits { connections_per_client_max: 1, ..Limits::default() };
    let (server, mut events) = observed(limits);
    let address = server.tcp(tcp_socket(), Echo::default()).unwrap();
    let mut first = TcpStream::connect(address).await.unwrap();
    next(&mut events, |kind| (kind == EventKind::Accepted).then_some(())).await;
    let mut second = TcpStream::connect(address).await.unwrap();
    assert_eq!(second.read(&mut [0; 1]).await.unwrap(), 0);
    let broken = next(&mut events, rule).await;
    assert_eq!(broken, (Rule::ConnectionsPerClientMax, Phase::Accept));
    first.write_all(b"a").await.unwrap();
    assert_eq!(first.read_u8().await.unwrap(), b'a');
}

#[tokio::test]
async fn a_panic_ends_one_connection() {
    struct Touchy;
    impl Service for Touchy {
        async fn serve<S: Io>(&self, mut stream: S, _: Context) -> io::Result<()> {
            match stream.read_u8().await? {
                b'!' => panic!("do not shout"),
                calm => stream.write_u8(calm).await,
            }
        }
    }
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), Touchy).unwrap();
    let mut loud = TcpStream::connect(address).await.unwrap();
    loud.write_all(b"!").await.unwrap();
    let how = next(&mut events, closed).await;
    assert_eq!(how, Closed::Panicked("do not shout".to_owned()));
    let mut calm = TcpStream::connect(address).await.unwrap();
    calm.write_all(b".").await.unwrap();
    assert_eq!(calm.read_u8().await.unwrap(), b'.');
    assert_eq!(next(&mut events, closed).await, Closed::Finished);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_stop_drains_and_then_cuts() {
    /// Ends when it is told to, or never.
    struct Stubborn(bool);
    impl Service for Stubborn {
        async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
            stream.write_u8(b'.').await?;
            context.stop.cancelled().await;
            if self.0 { std::future::pending().await } else { Ok(()) }
        }
    }
    for (stubborn, cut) in [(false, 0), (true, 1)] {
        let (server, _events) = observed(Limits::default());
        let address = server.tcp(tcp_socket(), Stubborn(stubborn)).unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.read_u8().await.unwrap();
        let drain = if stubborn { SOON } else { Duration::from_secs(60) };
        let report = server.stop(drain).await;
        assert_eq!((report.drained, report.cut), (1 - cut, cut));
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }
}
