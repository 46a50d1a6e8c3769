//! One conversation with a server, in every view.

use std::net::SocketAddr;
use std::sync::Arc;

use plumb_evidence::observation::TcpInfo;
use plumb_evidence::server::{
    Closed, ConnectionRecord, Cut, Endpoint, EventKind, HttpExchange, Phase, Rule, ServerEvent,
    TlsRecord, Transport,
};

use super::{
    Combined, Detail, Metrics, Narration, ProcessUse, Records, Text, View, WallClock,
    journal_fields,
};

/// 2026-11-20T08:00:00Z.
const BEGAN_NS: u64 = 1_795_161_600_000_000_000;

fn address(text: &str) -> Option<Endpoint> {
    text.parse::<SocketAddr>().ok().map(Endpoint::Ip)
}

fn of_server(at_ms: u64, kind: EventKind) -> ServerEvent {
    ServerEvent {
        at_ns: at_ms * 1_000_000,
        unix_ns: BEGAN_NS + at_ms * 1_000_000,
        server: "http".into(),
        connection: None,
        local: address("127.0.0.1:8080"),
        peer: None,
        kind,
    }
}

fn of_connection(at_ms: u64, connection: u64, kind: EventKind) -> ServerEvent {
    let port = 50_000 + connection;
    ServerEvent {
        connection: Some(connection),
        peer: address(&format!("127.0.0.1:{port}")),
        ..of_server(at_ms, kind)
    }
}

fn tcp() -> TcpInfo {
    serde_json::from_value(serde_json::json!({
        "state": "ESTABLISHED", "rtt_us": 420, "rtt_min_us": 400, "retransmits": 0,
        "total_retransmits": 1, "backoff": 0, "unacked_segments": 0, "lost_segments": 0,
        "path_mtu_bytes": 65535, "send_mss_bytes": 32768, "receive_mss_bytes": 536,
        "advertised_mss_bytes": 65483, "sent_bytes": null, "acked_bytes": null,
        "received_bytes": null, "send_queue_bytes": null
    }))
    .unwrap()
}

fn closed(how: Closed) -> EventKind {
    EventKind::Closed(Box::new(ConnectionRecord {
        how,
        read_bytes: 79,
        written_bytes: 157,
        duration_ns: 2_500_000,
        protocol: Some("HTTP/1.1".into()),
        requests: 1,
        tls: None,
        user: None,
        tcp: Some(tcp()),
    }))
}

fn request(method: &str, target: &str, status: u16) -> HttpExchange {
    HttpExchange {
        method: method.to_owned().into(),
        target: target.into(),
        version: "HTTP/1.1".into(),
        host: "127.0.0.1:8080".into(),
        status,
        response_body_bytes: 59,
        duration_ns: 1_500_000,
        number: 1,
        request_id: Some("01J".into()),
        user_agent: Some("curl/7.88.1".into()),
        content_type: Some("text/html; charset=utf-8".into()),
        ..HttpExchange::default()
    }
}

fn events() -> Vec<ServerEvent> {
    let hostile = HttpExchange {
        user: Some("eve \"x\"".into()),
        referer: Some("\u{1b}]0;owned\u{7}\n127.0.0.1 - - forged".into()),
        user_agent: Some("caf\u{e9}\\".into()),
        forwarded_for: Some("2001:db8::7".into()),
        response_body_bytes: 0,
        version: "HTTP/2".into(),
        ..request("PROPFIND", "/a\"b\u{202e}c", 404)
    };
    vec![
        of_server(
            0,
            EventKind::SocketCreated {
                family: "AF_INET".into(),
                socket_type: "SOCK_STREAM".into(),
            },
        ),
        of_server(
            0,
            EventKind::OptionSet {
                option: "SO_RCVBUF".into(),
                asked: "10000 bytes".into(),
                effective: "20000 bytes".into(),
            },
        ),
        of_server(0, EventKind::Bound),
        of_server(0, EventKind::Listening { transport: Transport::Tcp, backlog: Some(5) }),
        of_server(
            0,
            EventKind::Confined {
                what: "files".into(),
                done: true,
                detail: "confined by Landlock".into(),
            },
        ),
        of_server(0, EventKind::Note { text: "open http://127.0.0.1:8080/".into() }),
        of_server(0, EventKind::Ready),
        of_connection(1000, 1, EventKind::Accepted),
        of_connection(
            1001,
            1,
            EventKind::Received {
                size_bytes: 79,
                first_bytes: "GET / HTTP/1.1\\r\\nHost: \\\"x\\\"\\r\\n\\r\\n".into(),
                messages: None,
            },
        ),
        of_connection(1002, 1, EventKind::Sent { size_bytes: 157, first_bytes: "HTTP".into(), messages: None }),
        of_connection(1002, 1, EventKind::HttpRequest(Box::new(request("GET", "/", 200)))),
        of_connection(1002, 1, EventKind::HalfClosed),
        of_connection(1003, 1, closed(Closed::Finished)),
        of_connection(2000, 2, EventKind::Accepted),
        of_connection(
            2000,
            2,
            EventKind::Received {
                size_bytes: 517,
                first_bytes: "\\x16\\x03\\x01".into(),
                messages: Some(vec![
                    "ClientHello: for localhost, TLS 1.3 or TLS 1.2, 9 cipher suites, ALPN h2 \u{1b}[31m"
                        .into(),
                ]),
            },
        ),
        of_connection(
            2001,
            2,
            EventKind::TlsHandshake(TlsRecord {
                version: "TLS 1.3".into(),
                cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
                group: Some("X25519MLKEM768".into()),
                alpn: Some("h2".into()),
                name: Some("localhost".into()),
                client: Some("CN=alice".into()),
                resumed: false,
                duration_ns: 900_000,
            }),
        ),
        of_connection(2002, 2, EventKind::HttpRequest(Box::new(hostile))),
        of_connection(
            3000,
            2,
            EventKind::Security {
                rule: Rule::HeaderTime,
                phase: Phase::Header,
                detail: "the header of a request took longer than 60s".into(),
            },
        ),
        of_connection(3000, 2, closed(Closed::Cut(Cut::Header))),
        of_connection(3001, 3, closed(Closed::Panicked("index out of bounds".into()))),
        of_server(3002, EventKind::Datagram { received_bytes: 4, sent_bytes: Some(1) }),
        of_server(3003, EventKind::Suppressed { rule: Rule::Rate, events: 12 }),
        of_server(4000, EventKind::Stopping { open: 1 }),
        of_server(4001, EventKind::Stopped { drained: 1, cut: 0 }),
    ]
}

fn shown(mut view: impl View) -> String {
    let mut out = Vec::new();
    events().iter().for_each(|event| view.event(event, &mut out));
    String::from_utf8(out).unwrap()
}

fn utc() -> WallClock {
    WallClock::time_of_day(|_| 0)
}

#[test]
fn lines_for_people() {
    insta::assert_snapshot!("normal", shown(Text::new(Detail::Normal, false, utc())));
    insta::assert_snapshot!("bytes", shown(Text::new(Detail::Bytes, false, utc())));
    let colored = shown(Text::new(Detail::Normal, true, utc()));
    assert!(colored.contains("\u{1b}[32m200"), "{colored}");
}

#[test]
fn records_for_programs() {
    let text = shown(Records);
    for line in text.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let event: ServerEvent = serde_json::from_value(record["data"].clone()).unwrap();
        assert_eq!(event.server, Arc::from("http"));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_combined_log() {
    insta::assert_snapshot!(shown(Combined::new(WallClock::apache(|_| 3600))), @r#"
    127.0.0.1 - - [20/Nov/2026:09:00:01 +0100] "GET / HTTP/1.1" 200 59 "-" "curl/7.88.1"
    2001:db8::7 - eve\x20\"x\" [20/Nov/2026:09:00:02 +0100] "PROPFIND /a\"b\xe2\x80\xaec HTTP/2.0" 404 - "\x1b]0;owned\x07\n127.0.0.1 - - forged" "caf\xc3\xa9\\"
    "#);
}

#[test]
fn entries_of_the_journal() {
    let text: String = events()
        .iter()
        .flat_map(|event| {
            let fields = journal_fields(event, "plumb-http");
            fields.into_iter().map(|(name, value)| format!("{name}={value}\n")).chain(["\n".into()])
        })
        .collect();
    insta::assert_snapshot!(text);
}

#[test]
fn the_narration() {
    let meaning = |name: &str| (name == "SO_RCVBUF").then_some("Size the receive buffer");
    insta::assert_snapshot!(shown(Narration::new(false, 80, meaning)));
}

#[test]
fn what_is_counted() {
    let metrics = Metrics::new();
    events().iter().for_each(|event| metrics.event(event));
    let process = ProcessUse { cpu_s: 0.5, resident_bytes: 1 << 20, ..ProcessUse::default() };
    insta::assert_snapshot!(metrics.render("0.1.0", Some(&process)));
}

#[test]
fn labels_stay_few_whatever_clients_send() {
    let metrics = Metrics::new();
    for number in 0..2000_u16 {
        let exchange = request(&format!("M{number}"), "/", number);
        metrics.event(&of_server(0, EventKind::HttpRequest(Box::new(exchange))));
    }
    let page = metrics.render("0", None);
    let samples = page.lines().filter(|line| line.starts_with("plumb_http_requests_total{"));
    assert!(
        samples.clone().count() <= 500 && samples.clone().all(|line| line.contains("\"other\""))
    );
}
