//! Requests that can be read in two ways, slow ones, and where they end.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::{Method, Request, Response};
use plumb_serve::core::pace::Pace;
use plumb_serve::core::{Closed, Cut, EventKind, Limits, Phase, Rule};
use plumb_serve::http::{About, Handler, RequestBody, ResponseBody, Web, WebOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ground::{next, observed, run, serve, stdout, talk, talk_text, tcp_socket};

/// Answers at once, or with the body it read.
#[derive(Debug)]
struct Plain;

impl Handler for Plain {
    async fn handle(&self, request: Request<RequestBody>, _: &About) -> Response<ResponseBody> {
        let (parts, body) = request.into_parts();
        match (parts.uri.path(), &parts.method) {
            ("/panic", _) => panic!("on purpose"),
            ("/read", _) => match body.collect_up_to(1 << 20).await {
                Ok(body) => Response::new(ResponseBody::full(body)),
                Err(_) => {
                    let mut response = Response::new(ResponseBody::empty());
                    *response.status_mut() = http::StatusCode::IM_A_TEAPOT;
                    response
                }
            },
            ("/slow", _) => std::future::pending().await,
            (_, &Method::OPTIONS) => Response::new(ResponseBody::empty()),
            _ => Response::new(ResponseBody::full("plain\n")),
        }
    }
}

fn web() -> Web<Plain> {
    Web::new(Plain, WebOptions::default())
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// What a hostile client may send after the request line, with the status that
/// it earns, and whether nginx (1.22) is as strict.
const HOSTILE: &[(&str, &str, u16, bool)] = &[
    ("no Host", "X: y\r\n\r\n", 400, true),
    ("two Hosts", "Host: a\r\nHost: a\r\n\r\n", 400, true),
    ("a Host that is none", "Host: a/b@c\r\n\r\n", 400, true),
    (
        "length and chunked",
        "Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        true,
    ),
    (
        "chunked and length",
        "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
        true,
    ),
    ("two lengths", "Host: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, true),
    (
        "two equal lengths",
        "Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        400,
        true,
    ),
    ("a list of lengths", "Host: a\r\nContent-Length: 5, 5\r\n\r\nhello", 400, true),
    ("a signed length", "Host: a\r\nContent-Length: +5\r\n\r\nhello", 400, true),
    ("a huge length", "Host: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, true),
    ("xchunked", "Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, false),
    (
        "chunked twice",
        "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        true,
    ),
    ("another coding", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, true),
    (
        "a coding after chunked",
        "Host: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        400,
        false,
    ),
    (
        "a chunk size that is none",
        "Host: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        400,
        true,
    ),
    (
        "a chunk size that overflows",
        "Host: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        400,
        true,
    ),
    (
        "a chunk without its end",
        "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n",
        400,
        true,
    ),
    ("a bare LF in the header", "Host: a\nX: y\r\n\r\n", 400, false),
    (
        "a bare LF after a chunk size",
        "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        400,
        false,
    ),
    ("a bare CR", "Host: a\r\nX: a\rb\r\n\r\n", 400, false),
    ("a NUL", "Host: a\r\nX: a\0b\r\n\r\n", 400, true),
    ("a folded line", "Host: a\r\nX: a\r\n b\r\n\r\n", 400, true),
    ("a space before the colon", "Host: a\r\nX : a\r\n\r\n", 400, true),
    ("a field without a name", "Host: a\r\n: a\r\n\r\n", 400, true),
];

#[tokio::test]
async fn hostile_requests_are_refused_whatever_the_method() {
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), web()).unwrap();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        for path in ["/", "/read"] {
            for (what, rest, wanted, _) in HOSTILE {
                let answer =
                    talk_text(address, &format!("{method} {path} HTTP/1.1\r\n{rest}")).await;
                assert_eq!(status(&answer), *wanted, "{what}, {method} {path}: {answer:?}");
                assert!(answer.to_ascii_lowercase().contains("connection: close\r\n"), "{what}");
                assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: {answer:?}");
            }
        }
    }
    let told = next(&mut events, |kind| match kind {
        EventKind::Security { rule, phase, detail } => Some((rule, phase, detail)),
        _ => None,
    });
    let wanted = "there is no Host field; answered 400".to_owned();
    assert_eq!(told.await, (Rule::Malformed, Phase::Header, wanted));
}

#[tokio::test]
async fn hostile_request_lines_are_refused() {
    let address = serve(web());
    let long = format!("GET /{} HTTP/1.1", "x".repeat(9000));
    let wide = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(40_000));
    let many = format!("GET / HTTP/1.1{}", "\r\nX: y".repeat(200));
    for (line, wanted) in [
        ("GET / HTTP/1.2", 505),
        ("GET / HTTP/2.0", 505),
        ("GET / http/1.1", 400),
        ("GET /", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET / HTTP/1.1 x", 400),
        ("G@T / HTTP/1.1", 400),
        ("GET /a\0b HTTP/1.1", 400),
        ("GET a HTTP/1.1", 400),
        ("GET * HTTP/1.1", 400),
        ("GET /#a HTTP/1.1", 400),
        ("\u{16}\u{3}\u{1}", 400),
        ("BREW / HTTP/1.1", 501),
        ("TRACE / HTTP/1.1", 405),
        ("CONNECT a:443 HTTP/1.1", 405),
        (&long, 414),
        (&wide, 431),
        (&many, 431),
    ] {
        let answer = talk_text(address, &format!("{line}\r\nHost: a\r\n\r\n")).await;
        assert_eq!(status(&answer), wanted, "{:?}: {answer:?}", &line[..line.len().min(40)]);
    }
    for (request, wanted) in [
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\n\r\n", 200),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 204),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        ("GET /\u{65e5} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", 417),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ] {
        assert_eq!(status(&talk_text(address, request).await), wanted, "{request:?}");
    }
}

#[tokio::test]
async fn what_came_before_is_answered_before() {
    let address = serve(web());
    let good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
        PUT /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";
    for bad in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n!\r\n",
        "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
    ] {
        let answer = talk_text(address, &format!("{good}{bad}{good}")).await;
        let statuses: Vec<u16> =
            answer.split("HTTP/1.1 ").skip(1).map(|one| one[..3].parse().unwrap()).collect();
        assert_eq!(statuses, [200, 200, 200, 400], "{bad:?}: {answer}");
        assert!(answer.contains("plain\n") && answer.contains("abc") && answer.contains("de"));
    }
}

#[tokio::test]
async fn no_cut_into_packets_changes_an_answer() {
    let address = serve(web());
    let input = "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n\
        0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n";
    for cut in (1..input.len()).step_by(3) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for part in [&input[..cut], &input[cut..]] {
            stream.write_all(part.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let found =
            ["200 OK", "abc", "plain\n", "400 Bad"].map(|part| answer.matches(part).count());
        assert_eq!(found, [2, 1, 1, 1], "{cut}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_read_does_not_become_a_request() {
    let address = serve(web());
    let inner = "GET /read HTTP/1.1\r\nHost: a\r\n\r\n";
    let outer = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inner}\
         GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        inner.len()
    );
    let answer = talk_text(address, &outer).await;
    assert_eq!(answer.matches("plain\n").count(), 2, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
    // Too much to be read away: the connection ends with the answer.
    let long = "x".repeat(600 * 1024);
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", long.len());
    let answer = talk_text(address, &format!("{head}{long}")).await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("plain\n"), "{answer}");
}

#[tokio::test]
async fn a_client_that_waits_is_asked_only_when_the_body_is_wanted() {
    let address = serve(web());
    let head = |path: &str| {
        format!(
            "PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head("/read").as_bytes()).await.unwrap();
    let mut line = [0; 25];
    stream.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hi").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hi"), "{answer}");
    let unwanted = talk_text(address, &head("/")).await;
    assert!(unwanted.starts_with("HTTP/1.1 200"), "{unwanted}");
    assert!(unwanted.contains("connection: close\r\n"), "{unwanted}");
}

#[tokio::test]
async fn slow_requests_are_told_so_and_cut() {
    let (header, window) = (Duration::from_millis(50), Duration::from_millis(60));
    let body_pace = Pace { bytes_per_second_min: 1000, window };
    let (server, mut events) =
        observed(Limits { header, body_pace, request: 5 * window, ..Limits::default() });
    let address = server.tcp(tcp_socket(), web()).unwrap();
    for (request, status, cut) in [
        ("GET / HT", 408, Some(Cut::Header)),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: ", 408, Some(Cut::Header)),
        (
            "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
            408,
            Some(Cut::SlowSender),
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", 408, Some(Cut::SlowSender)),
        ("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", 503, None),
    ] {
        let answer = talk_text(address, request).await;
        assert_eq!(self::status(&answer), status, "{request:?}: {answer:?}");
        let how = next(&mut events, |kind| match kind {
            EventKind::Closed(record) => Some(record.how),
            _ => None,
        });
        assert_eq!(how.await, cut.map_or(Closed::Finished, Closed::Cut), "{request:?}");
    }
}

#[tokio::test]
async fn a_dripping_body_does_not_outlast_the_time_of_a_request() {
    let request = Duration::from_millis(50);
    let (server, _events) = observed(Limits { request, ..Limits::default() });
    let address = server.tcp(tcp_socket(), web()).unwrap();
    let head = "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
    for begun in ["", "abc"] {
        let answer = talk_text(address, &format!("{head}{begun}")).await;
        assert_eq!(status(&answer), 408, "{begun:?}: {answer:?}");
        assert!(answer.contains("connection: close\r\n"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_connection_has_so_many_requests() {
    let limits = Limits { requests_per_connection_max: 2, ..Limits::default() };
    let (server, _events) = observed(limits);
    let address = server.tcp(tcp_socket(), web()).unwrap();
    let answer = talk_text(address, &"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3)).await;
    assert_eq!(answer.matches("plain\n").count(), 2, "{answer}");
    assert_eq!(answer.matches("connection: close").count(), 1, "{answer}");
}

#[tokio::test]
async fn a_panic_ends_one_connection() {
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), web()).unwrap();
    assert_eq!(talk(address, b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await, b"");
    let arguments = ["-sS", "--http2-prior-knowledge", &format!("http://{address}/panic")];
    if let Some(output) = run("curl", &arguments).await {
        assert!(!output.status.success());
        let how = |kind| match kind {
            EventKind::Closed(record) => Some(record.how),
            _ => None,
        };
        for _ in 0..2 {
            assert_eq!(next(&mut events, how).await, Closed::Panicked("on purpose".to_owned()));
        }
    }
    let answer = talk_text(address, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(answer.ends_with("plain\n"), "{answer}");
}

#[tokio::test]
async fn an_exchange_is_told_with_what_it_cost() {
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), web()).unwrap();
    let request = "POST /read?a=1 HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\n\
        Referer: http://b/\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    talk_text(address, request).await;
    let exchange = next(&mut events, |kind| match kind {
        EventKind::HttpRequest(exchange) => Some(*exchange),
        _ => None,
    });
    let exchange = exchange.await;
    assert_eq!((&*exchange.method, exchange.target.as_str()), ("POST", "/read?a=1"));
    assert_eq!((&*exchange.version, exchange.status), ("HTTP/1.1", 200));
    assert_eq!((exchange.request_body_bytes, exchange.response_body_bytes), (5, 5));
    assert_eq!(exchange.host, "a.example");
    assert_eq!(exchange.user_agent.as_deref(), Some("test"));
    assert!(exchange.duration_ns > 0);
    let record = next(&mut events, |kind| match kind {
        EventKind::Closed(record) => Some(record),
        _ => None,
    });
    let record = record.await;
    assert_eq!((record.requests, record.protocol.as_deref()), (1, Some("HTTP/1.1")));
}

/// The client is not idle for longer than it may be: it is its header that is late.
#[tokio::test(start_paused = true)]
async fn half_a_header_of_http_2_has_its_time() {
    let limits = Limits { header: Duration::from_secs(5), ..Limits::default() };
    let (server, mut events) = observed(limits);
    let address = server.tcp(tcp_socket(), web()).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // GET / of http://a, in HPACK.
    let section = [0x82, 0x84, 0x86, 0x41, 1, b'a'];
    let headers = [0, 0, section.len() as u8, 1, 0x5, 0, 0, 0, 1];
    let request = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..], &headers, &section].concat();
    stream.write_all(&request).await.unwrap();
    // A whole one is answered, and nothing holds its time against it.
    next(&mut events, |kind| matches!(kind, EventKind::HttpRequest(_)).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let half = [0, 0, section.len() as u8, 1, 0x1, 0, 0, 0, 3];
    stream.write_all(&[&half[..], &section].concat()).await.unwrap();
    let how = next(&mut events, |kind| match kind {
        EventKind::Closed(record) => Some(record.how),
        _ => None,
    });
    assert_eq!(how.await, Closed::Cut(Cut::Header));
}

/// nginx on a port of its own, or nothing where it is not installed.
struct Nginx(Child, SocketAddr, std::path::PathBuf);

impl Nginx {
    fn start() -> Option<Nginx> {
        let directory = std::env::temp_dir().join(format!("plumb-nginx-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        // It takes over a socket that listens, as it does from an nginx that it
        // follows: who connects before it has begun waits in the queue. Only a
        // master can.
        let listener = tcp_socket();
        listener.set_nonblocking(true).unwrap();
        let at = listener.local_addr().unwrap();
        let place = directory.display();
        let config = format!(
            "daemon off; worker_processes 1; pid {place}/pid; error_log {place}/error;\n\
             events {{}}\nhttp {{ access_log off; client_body_temp_path {place}/body;\n\
             proxy_temp_path {place}/p; fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u;\n\
             scgi_temp_path {place}/s; server {{ listen {at}; location / {{ return 200 'x'; }}\n\
             location /read {{ proxy_pass http://127.0.0.1:1; }} }} }}\n"
        );
        std::fs::write(directory.join("conf"), config).unwrap();
        let child = Command::new("nginx")
            .arg("-c")
            .arg(directory.join("conf"))
            .arg("-p")
            .arg(&directory)
            .env("NGINX", "0;")
            .stdin(std::os::fd::OwnedFd::from(listener))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            eprintln!("SKIP: nginx is not installed");
            return None;
        };
        Some(Nginx(child, at, directory))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It ends its worker, too.
        let pid = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.0.wait();
        let _ = std::fs::remove_dir_all(&self.2);
    }
}

#[tokio::test]
async fn nginx_refuses_the_same_where_it_is_strict() {
    let Some(nginx) = Nginx::start() else { return };
    for (what, rest, wanted, _) in HOSTILE.iter().filter(|(_, _, _, strict)| *strict) {
        // A body is judged only by who reads it.
        let answer = talk_text(nginx.1, &format!("POST /read HTTP/1.1\r\n{rest}")).await;
        let refused = (400..=501).contains(&status(&answer));
        assert!(refused, "{what}: {wanted} here, there {answer:?}");
    }
}

#[tokio::test]
async fn curl_waits_and_is_asked() {
    let address = serve(web());
    let url = format!("http://{address}/read");
    let body = "x".repeat(100_000);
    let arguments = ["-sS", "-H", "Expect: 100-continue", "-d", &body, &url];
    let Some(output) = run("curl", &arguments).await else { return };
    assert_eq!(stdout(&output).len(), body.len());
}
