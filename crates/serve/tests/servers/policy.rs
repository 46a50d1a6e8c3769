//! Who may come, for whom a proxy speaks, and how those are refused who may not.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use plumb_serve::core::access::{AccessList, PrefixSet};
use plumb_serve::core::{
    Closed, Context, Endpoint, EventKind, Io, Limits, Phase, Policy, Proxies, Refusal, Rule,
    Server, ServerEvent, Service, WhenFull,
};
use plumb_serve::echo::Echo;
use plumb_wire::transport::proxy::{Ends, HEADER_BYTES_MAX, ProxyHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;

use crate::ground::{next, tcp_socket};

/// Says who it thinks the client is, then echoes one byte.
struct WhoAmI;

impl Service for WhoAmI {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> std::io::Result<()> {
        let byte = stream.read_u8().await?;
        let proxy = context.proxy.map(|proxy| format!(" by {proxy}")).unwrap_or_default();
        let answer = format!("{} at {}{proxy}: {}", context.peer, context.local, byte as char);
        stream.write_all(answer.as_bytes()).await?;
        // What was not read would make closing a reset that overtakes the answer.
        stream.shutdown().await?;
        while stream.read(&mut [0; 64]).await? > 0 {}
        Ok(())
    }

    fn farewell(&self, refusal: &Refusal) -> Option<Vec<u8>> {
        Some(format!("{}\n", refusal.rule()).into_bytes())
    }
}

fn server(limits: Limits, policy: Policy) -> (Server, mpsc::UnboundedReceiver<ServerEvent>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let sink = move |event: ServerEvent| {
        let _ = sender.send(event);
    };
    (Server::with_policy("test", limits, policy, sink), receiver)
}

fn broken(kind: EventKind) -> Option<(Rule, Phase, String)> {
    match kind {
        EventKind::Security { rule, phase, detail } => Some((rule, phase, detail)),
        _ => None,
    }
}

fn loopback() -> PrefixSet {
    ["127.0.0.0/8".parse().unwrap()].into_iter().collect()
}

async fn connect_from(source: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

async fn all_from(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    // Closing a connection that was refused may be a reset.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn ask(to: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    all_from(stream).await
}

#[tokio::test]
async fn an_address_that_is_denied_learns_nothing_but_that() {
    let access = AccessList::new([], ["127.0.0.7/32".parse().unwrap()]);
    let (server, mut events) = server(Limits::default(), Policy { access, ..Policy::default() });
    let address = server.tcp(tcp_socket(), Echo::default()).unwrap();
    let mut stream = connect_from("127.0.0.7", address).await;
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    let (rule, phase, _) = next(&mut events, broken).await;
    assert_eq!((rule, phase), (Rule::Access, Phase::Accept));
    let mut stream = connect_from("127.0.0.8", address).await;
    stream.write_u8(b'a').await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'a');
}

#[tokio::test]
async fn who_comes_too_often_is_told_so() {
    let limits = Limits { connection_rate: "2/h".parse().ok(), ..Limits::default() };
    let (server, mut events) = server(limits, Policy::default());
    let address = server.tcp(tcp_socket(), WhoAmI).unwrap();
    for _ in 0..2 {
        assert!(ask(address, b"a").await.ends_with(": a"));
    }
    assert_eq!(ask(address, b"a").await, "rate\n");
    let (rule, phase, detail) = next(&mut events, broken).await;
    assert_eq!((rule, phase), (Rule::Rate, Phase::Accept));
    assert!(detail.contains("may again in"), "{detail}");
    let mut other = connect_from("127.0.0.9", address).await;
    other.write_u8(b'b').await.unwrap();
    assert!(all_from(other).await.ends_with(": b"), "another client has its own rate");
}

#[tokio::test]
async fn one_too_many_is_refused_in_words_where_that_was_chosen() {
    let limits = Limits { connections_max: 1, when_full: WhenFull::Refuse, ..Limits::default() };
    let (server, mut events) = server(limits, Policy::default());
    let address = server.tcp(tcp_socket(), WhoAmI).unwrap();
    let mut first = TcpStream::connect(address).await.unwrap();
    next(&mut events, |kind| (kind == EventKind::Accepted).then_some(())).await;
    assert_eq!(ask(address, b"GET / HTTP/1.1\r\n\r\n").await, "connections_max\n");
    assert_eq!(next(&mut events, broken).await.0, Rule::ConnectionsMax);
    first.write_u8(b'a').await.unwrap();
    assert!(all_from(first).await.ends_with(": a"));
}

#[tokio::test]
async fn a_flood_of_refusals_is_not_a_flood_of_events() {
    /// More than are told in a second, however slowly the test runs.
    const CONNECTIONS: usize = 200;
    let access = AccessList::new([], ["127.0.0.0/8".parse().unwrap()]);
    let (server, mut events) = server(Limits::default(), Policy { access, ..Policy::default() });
    let address = server.tcp(tcp_socket(), Echo::default()).unwrap();
    for _ in 0..CONNECTIONS {
        assert_eq!(ask(address, b"").await, "");
    }
    server.stop(Duration::ZERO).await;
    let (mut told, mut untold) = (0, 0);
    while let Ok(event) = events.try_recv() {
        match event.kind {
            EventKind::Security { rule: Rule::Access, .. } => told += 1,
            EventKind::Suppressed { rule: Rule::Access, events } => untold += events as usize,
            _ => {}
        }
    }
    assert_eq!(told + untold, CONNECTIONS, "each is told or counted");
    assert!(untold > 0, "{told} told");
}

#[tokio::test]
async fn a_proxy_that_is_named_says_who_comes() {
    let client = |version| {
        let (source, destination) =
            ("192.0.2.9:4711".parse().unwrap(), "198.51.100.1:443".parse().unwrap());
        ProxyHeader { version, ends: Ends::Ip { source, destination } }.encode()
    };
    let proxies = Proxies::Required(loopback());
    let (server, mut events) = server(Limits::default(), Policy { proxies, ..Policy::default() });
    let address = server.tcp(tcp_socket(), WhoAmI).unwrap();
    for version in [1, 2] {
        // The header and the first byte in one packet, and then byte by byte.
        let bytes = [client(version), b"x".to_vec()].concat();
        let answer = ask(address, &bytes).await;
        assert!(answer.starts_with("192.0.2.9:4711 at 198.51.100.1:443 by 127.0.0.1:"), "{answer}");
        assert!(answer.ends_with(": x"), "{answer}");
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.set_nodelay(true).unwrap();
        for byte in bytes {
            slow.write_u8(byte).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(all_from(slow).await.starts_with("192.0.2.9:4711 at"));
    }
    let accepted = loop {
        let event = events.recv().await.unwrap();
        if event.kind == EventKind::Accepted {
            break event.peer;
        }
    };
    let real: SocketAddr = "192.0.2.9:4711".parse().unwrap();
    assert_eq!(accepted, Some(Endpoint::Ip(real)), "events are about the client");
    // A health check speaks for itself.
    let own = [ProxyHeader { version: 2, ends: Ends::Own }.encode(), b"y".to_vec()].concat();
    assert!(ask(address, &own).await.starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn the_rules_are_those_of_the_client_behind_the_proxy() {
    let header = |last: u8| {
        let source = SocketAddr::new(IpAddr::from([192, 0, 2, last]), 1);
        let destination = "198.51.100.1:443".parse().unwrap();
        let header = ProxyHeader { version: 2, ends: Ends::Ip { source, destination } };
        [header.encode(), b"x".to_vec()].concat()
    };
    let policy = Policy {
        proxies: Proxies::Required(loopback()),
        access: AccessList::new([], ["192.0.2.66/32".parse().unwrap()]),
        ..Policy::default()
    };
    let (server, _events) = server(Limits::default(), policy);
    let address = server.tcp(tcp_socket(), WhoAmI).unwrap();
    assert_eq!(ask(address, &header(66)).await, "access\n");
    assert!(ask(address, &header(67)).await.starts_with("192.0.2.67:1"));
}

#[tokio::test]
async fn a_header_from_a_stranger_is_not_believed() {
    let named: PrefixSet = ["192.0.2.0/24".parse().unwrap()].into_iter().collect();
    let forged = b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n";
    let policy = Policy { proxies: Proxies::Required(named.clone()), ..Policy::default() };
    let (only_proxies, mut events) = server(Limits::default(), policy);
    let address = only_proxies.tcp(tcp_socket(), WhoAmI).unwrap();
    assert_eq!(ask(address, forged).await, "");
    assert_eq!(next(&mut events, broken).await.0, Rule::ProxyHeader);
    // Where a header is optional, a stranger's is what the protocol makes of it.
    let policy = Policy { proxies: Proxies::Optional(named), ..Policy::default() };
    let (anybody, _events) = server(Limits::default(), policy);
    let address = anybody.tcp(tcp_socket(), WhoAmI).unwrap();
    let answer = ask(address, forged).await;
    assert!(answer.starts_with("127.0.0.1:") && answer.ends_with(": P"), "{answer}");
}

#[tokio::test]
async fn a_wrong_or_missing_header_ends_the_connection() {
    let longest = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11"[..], &(HEADER_BYTES_MAX as u16).to_be_bytes()];
    for (bytes, what) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "does not begin"),
        (b"PROXY TCP4 256.0.0.1 1.2.3.4 1 2\r\n", "source"),
        (&longest.concat(), "longer than 4096"),
    ] {
        let policy = Policy { proxies: Proxies::Required(loopback()), ..Policy::default() };
        let (server, mut events) = server(Limits::default(), policy);
        let address = server.tcp(tcp_socket(), WhoAmI).unwrap();
        assert_eq!(ask(address, bytes).await, "");
        let (rule, phase, detail) = next(&mut events, broken).await;
        assert_eq!((rule, phase), (Rule::ProxyHeader, Phase::Proxy));
        assert!(detail.contains(what), "{detail}");
    }
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_cut() {
    let policy = Policy { proxies: Proxies::Required(loopback()), ..Policy::default() };
    let limits = Limits { proxy_header: Duration::from_millis(20), ..Limits::default() };
    let (server, mut events) = server(limits, policy);
    let address = server.tcp(tcp_socket(), WhoAmI).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PROXY ").await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(next(&mut events, broken).await.2.contains("took longer"));
}

#[tokio::test]
async fn without_a_header_an_optional_one_is_not_missed() {
    let policy = Policy { proxies: Proxies::Optional(loopback()), ..Policy::default() };
    let (server, mut events) = server(Limits::default(), policy);
    let address = server.tcp(tcp_socket(), WhoAmI).unwrap();
    let answer = ask(address, b"x").await;
    assert!(answer.starts_with("127.0.0.1:") && answer.ends_with(": x"), "{answer}");
    let how = next(&mut events, |kind| match kind {
        EventKind::Closed(record) => Some(record.how),
        _ => None,
    });
    assert_eq!(how.await, Closed::Finished);
}
