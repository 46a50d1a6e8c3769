//! The site: own requests byte by byte, and curl.

use std::net::SocketAddr;
use std::time::Duration;

use plumb_serve::Switch;
use plumb_serve::core::{EventKind, Limits};
use plumb_serve::http::{RedirectFault, Site, SiteBehaviour};
use plumb_serve::tls::CertificateAuthority;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ground::{next, observed, run, serve, stdout, talk_text, tcp_socket};

fn site() -> SocketAddr {
    serve(Site::new(Switch::default()))
}

fn broken(behaviour: SiteBehaviour) -> SocketAddr {
    serve(Site::new(Switch::new(behaviour)))
}

async fn get(address: SocketAddr, host: &str, target: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    talk_text(address, &request).await
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").expect("no end of the header").1
}

/// curl's output for a path, with arguments before it.
async fn curl(address: SocketAddr, arguments: &[&str], path: &str) -> Option<(i32, String)> {
    let url = format!("http://{address}{path}");
    let output = run("curl", &[&["-sS"], arguments, &[url.as_str()]].concat()).await?;
    Some((output.status.code().unwrap(), stdout(&output)))
}

#[tokio::test]
async fn requests_are_checked_as_rfc_9112_says() {
    let address = site();
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200"),
        ("GET / HTTP/1.0\r\n\r\n", "200"),
        ("GET http://a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
        ("POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "400"),
        ("DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "405"),
        ("GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "404"),
    ] {
        let response = talk_text(address, request).await;
        assert!(response.split(' ').nth(1) == Some(status), "{request:?}: {response:?}");
    }
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    assert!(talk_text(address, &long).await.starts_with("HTTP/1.1 431"), "a long header");
    let large = format!("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 2 << 20);
    let large = large + &"x".repeat(2 << 20);
    assert!(talk_text(address, &large).await.starts_with("HTTP/1.1 413"), "a long body");
}

#[tokio::test]
async fn responses_carry_what_they_must() {
    let address = site();
    let page = get(address, "www.example.com", "/").await;
    for header in ["date: ", "content-length: ", "content-type: text/html", "etag: "] {
        assert!(page.to_ascii_lowercase().contains(header), "{header} in {page}");
    }
    let refused =
        talk_text(address, "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(refused.contains("allow: GET, HEAD, OPTIONS\r\n"), "{refused}");
    let head = talk_text(address, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let length = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("content-length")).map(str::to_owned);
        line.unwrap()
    };
    assert_eq!(body(&head), "");
    assert_eq!(length(&head), length(&page));
    let tag = page.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let again =
        format!("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n");
    assert!(talk_text(address, &again).await.starts_with("HTTP/1.1 304"));
    assert!(body(&get(address, "a", "/numbers.html").await).len() > 100_000);
}

#[tokio::test]
async fn who_closes_after_the_request_gets_the_answer() {
    let mut stream = TcpStream::connect(site()).await.unwrap();
    stream.write_all(b"GET /delay/0.02 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn one_connection_takes_many_requests() {
    let (server, mut events) = observed(Limits::default());
    let address = server.tcp(tcp_socket(), Site::new(Switch::default())).unwrap();
    let request = "GET /status/204 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    for _ in 0..3 {
        let status = next(&mut events, |kind| match kind {
            EventKind::HttpRequest(exchange) => Some(exchange.status),
            _ => None,
        });
        assert_eq!(status.await, 204);
    }
    let report = server.stop(Duration::from_secs(60)).await;
    assert_eq!((report.drained, report.cut), (1, 0), "an idle connection is let go");
}

#[tokio::test]
async fn endpoints_have_the_shapes_of_httpbin() {
    let address = site();
    let json = |text: String| serde_json::from_str::<serde_json::Value>(body(&text)).unwrap();
    let got = json(get(address, "httpbin.org", "/get?a=1&b=2&b=3").await);
    assert_eq!(got["args"], serde_json::json!({ "a": "1", "b": ["2", "3"] }));
    assert_eq!(got["url"], "http://httpbin.org/get?a=1&b=2&b=3");
    assert_eq!(got["headers"]["Host"], "httpbin.org");
    assert_eq!(got["origin"], "127.0.0.1");
    let request = "POST /post HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
        Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    let posted = json(talk_text(address, request).await);
    assert_eq!((&posted["data"], &posted["json"]["a"]), (&"{\"a\":1}".into(), &1.into()));
    assert_eq!(json(get(address, "a", "/ip").await)["origin"], "127.0.0.1");
    assert_eq!(json(get(address, "a", "/json").await)["slideshow"]["title"], "Sample Slide Show");
    assert!(get(address, "a", "/redirect/3").await.contains("location: /redirect/2\r\n"));
    let to = get(address, "a", "/redirect-to?url=http%3A%2F%2Fb%2F").await;
    assert!(to.contains("location: http://b/\r\n"), "{to}");
    let set = get(address, "a", "/cookies/set?k=v").await;
    assert!(set.contains("set-cookie: k=v; Path=/\r\n"), "{set}");
    assert_eq!(body(&get(address, "a", "/drip?duration=0&numbytes=3").await), "***");
    assert_eq!(get(address, "a", "/bytes/16777217").await.split(' ').nth(1), Some("400"));
}

#[tokio::test]
async fn the_other_names_have_their_pages() {
    let authority = CertificateAuthority::generate(1_800_000_000).unwrap();
    let address = serve(Site::new(Switch::default()).with_authority(&authority));
    let geocode = get(
        address,
        "maps.google.com",
        "/maps/api/geocode/json?address=207+N.+Defiance+St%2C+Archbold%2C+OH&sensor=false",
    );
    let geocode = geocode.await;
    for part in ["\"status\" : \"OK\"", "41.521954", "-84.306691"] {
        assert!(geocode.contains(part), "{part}");
    }
    assert!(get(address, "www.python.org", "/").await.contains("Welcome to Python.org"));
    assert!(get(address, "api.github.com", "/").await.contains("current_user_url"));
    assert_eq!(body(&get(address, "ca.example.com", "/root.pem").await), authority.root_pem());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET /intermediate.cer HTTP/1.0\r\nHost: ca.example.com\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(authority.intermediate_der()));
}

#[tokio::test]
async fn curl_speaks_both_versions() {
    let address = site();
    for version in ["--http1.0", "--http1.1", "--http2-prior-knowledge"] {
        let compressed = [version, "--compressed"];
        let read = |path: &'static str| curl(address, &compressed, path);
        let Some((code, page)) = read("/numbers.html").await else { return };
        assert!(code == 0 && page.len() > 100_000, "{version}: {code}, {} bytes", page.len());
        for path in ["/gzip", "/deflate", "/stream/3", "/get"] {
            let (code, text) = read(path).await.unwrap();
            assert!(code == 0 && text.contains("\"headers\""), "{version} {path}: {text}");
        }
        let (_, size) = curl(
            address,
            &[version, "-o", "/dev/null", "-w", "%{size_download}"],
            "/bytes/3000000",
        )
        .await
        .unwrap();
        assert_eq!(size, "3000000", "{version}");
        let (code, _) = curl(address, &[version, "--head"], "/").await.unwrap();
        assert_eq!(code, 0, "{version}");
        let data = ["-d", "a=1", version];
        let (_, text) = curl(address, &data, "/post").await.unwrap();
        assert!(text.contains("\"a\": \"1\""), "{version}: {text}");
        // curl 7.88 cannot use such a connection twice; HTTP/2 redirects are tried with TLS.
        if version == "--http2-prior-knowledge" {
            continue;
        }
        let (_, end) =
            curl(address, &[version, "-L", "-w", "%{num_redirects}"], "/redirect/3").await.unwrap();
        assert!(end.ends_with('3'), "{version}: {end}");
    }
}

#[tokio::test]
async fn faults_look_like_faults() {
    let healthy = SiteBehaviour::default;
    let status = broken(SiteBehaviour { status: Some(503), ..healthy() });
    assert!(get(status, "a", "/").await.starts_with("HTTP/1.1 503"));
    let round = broken(SiteBehaviour { redirect: Some(RedirectFault::LoopSelf), ..healthy() });
    assert!(get(round, "a:80", "/x?y").await.contains("location: http://a:80/x?y\r\n"));
    let to = RedirectFault::To("https://dead.example.com/".to_owned());
    let away = broken(SiteBehaviour { redirect: Some(to), ..healthy() });
    assert!(get(away, "a", "/").await.contains("location: https://dead.example.com/\r\n"));
    let gzip = get(broken(SiteBehaviour { corrupt_gzip: true, ..healthy() }), "a", "/").await;
    assert!(gzip.contains("content-encoding: gzip\r\n") && body(&gzip).starts_with("<!doctype"));
    let slow = SiteBehaviour { delay: Some(Duration::from_millis(5)), ..healthy() };
    assert!(get(broken(slow), "a", "/").await.starts_with("HTTP/1.1 200"));
    assert_eq!(get(broken(SiteBehaviour { close: true, ..healthy() }), "a", "/").await, "");
    let reset = broken(SiteBehaviour { reset: true, ..healthy() });
    let mut stream = TcpStream::connect(reset).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let error = stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_truncated_body_arrives_as_far_as_it_goes_and_ends() {
    for path in ["/", "/numbers.html", "/json"] {
        let address = broken(SiteBehaviour { truncate_body: true, ..SiteBehaviour::default() });
        let response = get(address, "a", path).await;
        let announced: usize = response
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap()
            .parse()
            .unwrap();
        let sent = body(&response).len();
        assert_eq!(sent, (announced / 2).min(16 * 1024), "{path}");
        for (version, codes) in
            [("--http1.1", &[18][..]), ("--http2-prior-knowledge", &[18, 56, 92])]
        {
            let Some((code, text)) = curl(address, &[version], path).await else { return };
            assert!(codes.contains(&code), "{version} {path}: {code}");
            assert_eq!(text.len(), sent, "{version} {path}");
        }
    }
}

#[tokio::test]
async fn a_stalled_body_and_a_silent_server_hold_the_client() {
    let stall = broken(SiteBehaviour { stall_body: true, ..SiteBehaviour::default() });
    let silent = broken(SiteBehaviour { silent: true, ..SiteBehaviour::default() });
    for (address, some) in [(stall, true), (silent, false)] {
        for version in ["--http1.1", "--http2-prior-knowledge"] {
            let arguments = [version, "--max-time", "0.3"];
            let Some((code, text)) = curl(address, &arguments, "/").await else { return };
            assert_eq!((code, !text.is_empty()), (28, some), "{version}");
        }
    }
}
