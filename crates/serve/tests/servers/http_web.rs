//! What stands around every handler, large files, and odd frames of HTTP/2.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode};
use plumb_serve::core::access::PrefixSet;
use plumb_serve::core::rate::Rate;
use plumb_serve::core::{Closed, EventKind, Limits, Rule};
use plumb_serve::http::{
    About, Cors, Handler, RequestBody, ResponseBody, ResponseHeaders, Web, WebOptions,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::ground::{next, observed, run, serve, stdout, talk, talk_text, tcp_socket};

/// Says what it was told, serves one file, waits where it is asked to.
#[derive(Debug)]
struct Telling {
    file: Arc<File>,
    length: u64,
    gate: Semaphore,
}

impl Telling {
    fn new(content: &[u8]) -> Self {
        let number = std::sync::atomic::AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!(
            "plumb-web-{}-{:p}",
            std::process::id(),
            &raw const number
        ));
        let mut file = File::create_new(&path).unwrap();
        file.write_all(content).unwrap();
        let read = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        Telling { file: Arc::new(read), length: content.len() as u64, gate: Semaphore::new(0) }
    }
}

impl Handler for Telling {
    async fn handle(&self, request: Request<RequestBody>, about: &About) -> Response<ResponseBody> {
        let path = request.uri().path().to_owned();
        if let Some(range) = path.strip_prefix("/file/") {
            let (from, to) = range.split_once('-').unwrap_or(("0", ""));
            let (from, to) = (from.parse().unwrap_or(0), to.parse().unwrap_or(self.length));
            return Response::new(ResponseBody::file(Arc::clone(&self.file), from, to));
        }
        match path.as_str() {
            "/wait" => {
                let _permit = self.gate.acquire().await;
                Response::new(ResponseBody::full("waited\n"))
            }
            "/204" => {
                let mut response = Response::new(ResponseBody::full("never sent"));
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            _ => {
                let client = about.client.map(|client| client.to_string()).unwrap_or_default();
                let text = format!(
                    "{} {} {} {}\n",
                    about.scheme(),
                    about.authority,
                    client,
                    about.request_id
                );
                let mut response = Response::new(ResponseBody::full(text));
                let frames = HeaderValue::from_static("DENY");
                response.headers_mut().insert("x-frame-options", frames);
                response
            }
        }
    }
}

fn telling(options: WebOptions) -> Web<Telling> {
    Web::new(Telling::new(b""), options)
}

async fn get(address: SocketAddr, fields: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n{fields}\r\n");
    talk_text(address, &request).await
}

#[tokio::test]
async fn an_answer_names_its_request() {
    let address = serve(telling(WebOptions { request_ids: true, ..WebOptions::default() }));
    let taken = get(address, "X-Request-ID: abc-1.2_3\r\n").await;
    assert!(taken.contains("x-request-id: abc-1.2_3\r\n") && taken.ends_with(" abc-1.2_3\n"));
    let made = get(address, "X-Request-ID: a b\"c\r\n").await;
    let id = made.split("x-request-id: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(id.len() == 16 && made.ends_with(&format!("{id}\n")), "{made}");
}

#[tokio::test]
async fn a_proxy_is_believed_if_it_was_named() {
    let fields = "X-Forwarded-For: 192.0.2.1, 198.51.100.9\r\nX-Forwarded-Proto: https\r\n";
    let stranger = serve(telling(WebOptions::default()));
    assert!(get(stranger, fields).await.contains("http a:80 127.0.0.1 "));
    let proxies = PrefixSet::new(["127.0.0.0/8".parse().unwrap()]);
    let named = serve(telling(WebOptions { proxies, ..WebOptions::default() }));
    assert!(get(named, fields).await.contains("https a:80 198.51.100.9 "));
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let rate = Rate::new(1, Duration::from_secs(60)).unwrap().with_burst(2);
    let (server, mut events) = observed(Limits { request_rate: Some(rate), ..Limits::default() });
    let address = server.tcp(tcp_socket(), telling(WebOptions::default())).unwrap();
    for _ in 0..2 {
        assert!(get(address, "").await.starts_with("HTTP/1.1 200"));
    }
    let refused = get(address, "").await;
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    assert!(refused.contains("retry-after: "), "{refused}");
    let rule = next(&mut events, |kind| match kind {
        EventKind::Security { rule, .. } => Some(rule),
        _ => None,
    });
    assert_eq!(rule.await, Rule::Rate);
}

#[tokio::test]
async fn a_busy_server_says_so() {
    let web = telling(WebOptions { requests_max: Some(1), ..WebOptions::default() });
    let (server, _events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), web.clone()).unwrap();
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(b"GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    // The second request is refused as soon as the first is being answered.
    loop {
        let second = get(address, "").await;
        if second.starts_with("HTTP/1.1 503") {
            assert!(second.contains("retry-after: 1\r\n"), "{second}");
            break;
        }
    }
    web.handler().gate.add_permits(1);
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("waited\n"), "{answer}");
    assert!(get(address, "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn pages_of_other_origins_are_let_in_by_name() {
    let cors = Some(Cors::parse(["https://a.example"]).unwrap());
    let address = serve(telling(WebOptions { cors, ..WebOptions::default() }));
    let friend = get(address, "Origin: https://a.example\r\n").await;
    assert!(friend.contains("access-control-allow-origin: https://a.example\r\n"), "{friend}");
    assert!(friend.contains("vary: Origin\r\n"), "{friend}");
    let other = get(address, "Origin: https://b.example\r\n").await;
    assert!(!other.contains("access-control") && other.contains("vary: Origin\r\n"), "{other}");
    let url = format!("http://{address}/");
    let preflight = [
        "-si",
        "-X",
        "OPTIONS",
        "-H",
        "Origin: https://a.example",
        "-H",
        "Access-Control-Request-Method: DELETE",
        &url,
    ];
    let Some(output) = run("curl", &preflight).await else { return };
    let text = stdout(&output);
    assert!(text.starts_with("HTTP/1.1 204") && text.contains("DELETE"), "{text}");
}

#[tokio::test]
async fn answers_carry_the_fields_of_the_house() {
    let headers = ResponseHeaders::hardened().with_line("X-House: yes").unwrap();
    let address = serve(telling(WebOptions { headers, ..WebOptions::default() }));
    let answer = get(address, "").await;
    for field in ["x-content-type-options: nosniff", "x-house: yes", "x-frame-options: DENY"] {
        assert!(answer.contains(field), "{field} in {answer}");
    }
    let head = "HEAD / HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n";
    let head = talk_text(address, head).await;
    assert!(head.ends_with("\r\n\r\n") && head.contains("content-length: "), "{head}");
    let none = "GET /204 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let none = talk_text(address, none).await;
    assert!(none.ends_with("\r\n\r\n") && !none.contains("content-length"), "{none}");
}

/// Bytes of which no two places look alike.
fn content(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let words = (0..length.div_ceil(8)).flat_map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(length).collect()
}

#[tokio::test]
async fn files_arrive_as_they_are() {
    let whole = content(5 * 1024 * 1024 + 7);
    let (server, mut events) = observed(Limits::default());
    let web = Web::new(Telling::new(&whole), WebOptions::default());
    let address = server.tcp(tcp_socket(), web).unwrap();
    // One after the other on one connection, asked for all at once.
    let last = whole.len();
    let ranges = [
        (0, 1),
        (3, 65_536 + 3),
        (1, 65_535),
        (7, 1 << 20),
        (0, last),
        (last - 70_000, last),
        (5, 5),
    ];
    let requests: String = ranges
        .iter()
        .enumerate()
        .map(|(at, (from, to))| {
            let close = if at + 1 == ranges.len() { "Connection: close\r\n" } else { "" };
            format!("GET /file/{from}-{to} HTTP/1.1\r\nHost: a\r\n{close}\r\n")
        })
        .collect();
    let answer = talk(address, requests.as_bytes()).await;
    let mut rest = &answer[..];
    for (from, to) in ranges {
        let end = rest.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let length = to - from;
        assert!(rest[end..].len() >= length, "{from}-{to} is short");
        assert!(rest[end..end + length] == whole[from..to], "{from}-{to} differs");
        rest = &rest[end + length..];
        let sent = next(&mut events, |kind| match kind {
            EventKind::HttpRequest(exchange) => Some(exchange.response_body_bytes),
            _ => None,
        });
        assert_eq!(sent.await, length as u64);
    }
    assert!(rest.is_empty());
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let url = format!("http://{address}/file/");
        let Some(output) = run("curl", &["-sS", version, &url]).await else { return };
        assert!(output.stdout == whole, "{version}");
    }
}

#[tokio::test]
async fn a_file_that_became_shorter_is_a_cut_body() {
    let telling = Telling { length: 300_000, ..Telling::new(&content(100_000)) };
    let address = serve(Web::new(telling, WebOptions::default()));
    let answer = talk(address, b"GET /file/ HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("content-length: 300000\r\n"));
    assert!(answer.len() < 102_000, "{} bytes", answer.len());
}

#[tokio::test]
async fn odd_frames_of_http_2_end_a_connection_at_most() {
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), telling(WebOptions::default())).unwrap();
    let noise = content(64 * 1024);
    for round in 0..40 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
        for frame in 0..12 {
            let at = (round * 12 + frame) * 64 % (noise.len() - 64);
            let (kind, flags, length) = (noise[at] % 12, noise[at + 1], noise[at + 2] % 40);
            bytes.extend([0, 0, length, kind, flags, 0, 0, 0, noise[at + 3] % 8]);
            bytes.extend(&noise[at + 4..at + 4 + usize::from(length)]);
        }
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let how = next(&mut events, |kind| match kind {
            EventKind::Closed(record) => Some(record.how),
            _ => None,
        });
        assert!(!matches!(how.await, Closed::Panicked(_)), "round {round}");
    }
    assert!(get(address, "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn h2load_is_served() {
    let address = serve(telling(WebOptions::default()));
    let url = format!("http://{address}/");
    let Some(output) = run("h2load", &["-n2000", "-c8", "-m10", &url]).await else { return };
    let text = stdout(&output);
    assert!(text.contains("2000 succeeded, 0 failed, 0 errored"), "{text}");
}
