//! The client against servers that say exactly what a test wants said.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::BodyEnd;
use plumb_probe::Retry;
use plumb_probe::http::{
    Auth, BodyFailure, Client, Config, Failure, Payload, Request, Told, Versions,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What a scripted server heard, a string per request.
type Heard = Arc<Mutex<Vec<String>>>;

/// A server that gives these answers, one per request, on as few connections as
/// the answers allow; after an answer with `Connection: close` it closes.
async fn server(answers: Vec<&'static str>) -> (Url, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let heard = Heard::default();
    let shared = Arc::clone(&heard);
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        let mut next = answers.next();
        while next.is_some() {
            let (mut stream, _) = listener.accept().await.unwrap();
            while let Some(answer) = next {
                let Some(request) = request(&mut stream).await else { break };
                shared.lock().unwrap().push(request);
                next = answers.next();
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
                if answer.contains("Connection: close") || !answer.contains("\r\n\r\n") {
                    break;
                }
            }
        }
    });
    (url, heard)
}

/// One request with its body, as text.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let whole = match length {
                Some(length) => body.len() >= length,
                None => {
                    !lower.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n")
                }
            };
            if whole {
                return Some(text);
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn quick() -> Config {
    Config { timeout: Duration::from_secs(20), ..Config::default() }
}

/// The text of each thing that was told, as `Debug` shows its name.
async fn fetch(
    client: &Client,
    request: Request,
    auth: Option<Auth>,
) -> (Result<plumb_probe::http::Response, Failure>, Vec<String>) {
    let mut told = Vec::new();
    let result = client
        .fetch(request, auth, &mut |what| {
            told.push(match what {
                Told::Redirect { status, method, method_after, why_not, .. } => {
                    format!("{status} {method}>{method_after} {}", why_not.unwrap_or("-"))
                }
                Told::Retry { wait, .. } => format!("retry {}", wait.as_secs()),
                Told::Reused { .. } => "reused".to_owned(),
                Told::Interim { status, .. } => format!("interim {status}"),
                Told::Remark(text) => text,
                Told::Cookie(decision) => format!("{} {}", decision.name, decision.what.text()),
                _ => return,
            });
        })
        .await;
    (result, told)
}

#[tokio::test]
async fn a_body_is_read_and_the_connection_used_again() {
    let (url, heard) = server(vec![
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: r\r\n\r\n",
        "HTTP/1.1 204 \r\nConnection: close\r\n\r\n",
    ])
    .await;
    let client = Client::new(quick());
    for (expected, reused) in [("Hello", false), ("abcde", true), ("", true)] {
        let (response, told) = fetch(&client, Request::get(url.clone()), None).await;
        let mut response = response.unwrap();
        assert_eq!(response.bytes(100).await.unwrap(), expected.as_bytes());
        assert_eq!(told.contains(&"reused".to_owned()), reused, "{told:?}");
    }
    assert_eq!(heard.lock().unwrap().len(), 3);
    let connects = client
        .recorder()
        .events()
        .into_iter()
        .filter(|e| matches!(e.what, Observation::Connect(_)));
    assert_eq!(connects.count(), 1);
}

#[tokio::test]
async fn a_malformed_response_is_said() {
    for (answer, expected) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nshort",
            "5 bytes came of 10",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
            "no chunk size",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nabc",
            "cut",
        ),
    ] {
        let (url, _) = server(vec![answer]).await;
        let client = Client::new(quick());
        let mut response = client.send(Request::get(url)).await.unwrap();
        let failure = response.bytes(100).await.unwrap_err();
        assert!(failure.to_string().contains(expected), "{failure}");
        let ends = client.recorder().events().into_iter().filter_map(|event| match event.what {
            Observation::HttpBody(body) => Some(body.ended),
            _ => None,
        });
        assert_ne!(ends.collect::<Vec<_>>(), [BodyEnd::Complete]);
    }
    for (answer, expected) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\nHello",
            "two lengths",
        ),
        ("SSH-2.0-OpenSSH\r\nConnection: close", "not HTTP"),
        ("HTTP/1.1 2x0 OK\r\nConnection: close\r\n\r\n", "status"),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nX", "ended in its head"),
    ] {
        let (url, _) = server(vec![answer]).await;
        let failure = Client::new(quick()).send(Request::get(url)).await.unwrap_err();
        assert!(failure.to_string().contains(expected), "{failure}");
    }
    let (url, _) = server(vec!["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHello"]).await;
    let mut response = Client::new(quick()).send(Request::get(url)).await.unwrap();
    assert_eq!(response.bytes(10).await.unwrap(), b"He");
    assert_eq!(response.remarks, ["3 bytes follow the end of the response"]);
}

#[tokio::test]
async fn redirects_change_the_method_where_they_must_and_loops_are_said() {
    let (url, heard) = server(vec![
        "HTTP/1.1 307 T\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 303 S\r\nLocation: b?c\r\nContent-Length: 3\r\n\r\nxyz",
        "HTTP/1.1 302 F\r\nLocation: /b?c\r\nContent-Length: 0\r\n\r\n",
    ])
    .await;
    let client = Client::new(Config { redirects_max: Some(5), ..quick() });
    let request =
        Request::new("POST", url).header("Content-Type", "text/plain").body(Payload::bytes("data"));
    let (response, told) = fetch(&client, request, None).await;
    assert_eq!(response.unwrap().status(), 302);
    let redirects: Vec<&String> = told.iter().filter(|told| told.starts_with('3')).collect();
    assert_eq!(redirects, ["307 POST>POST -", "303 POST>GET -", "302 GET>GET a loop"]);
    let heard = heard.lock().unwrap();
    assert!(heard[1].starts_with("POST /a ") && heard[1].ends_with("\r\n\r\ndata"), "{}", heard[1]);
    assert!(heard[2].starts_with("GET /b?c ") && !heard[2].contains("ontent-"), "{}", heard[2]);
}

#[tokio::test]
async fn no_more_redirects_are_followed_than_is_said() {
    for (max, hops) in [(1, 2), (2, 3)] {
        let (url, heard) = server(vec![
            "HTTP/1.1 302 F\r\nLocation: /1\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 F\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 F\r\nLocation: /3\r\nContent-Length: 0\r\n\r\n",
        ])
        .await;
        let client = Client::new(Config { redirects_max: Some(max), ..quick() });
        let (_, told) = fetch(&client, Request::get(url), None).await;
        assert_eq!(heard.lock().unwrap().len(), hops);
        assert!(told.last().unwrap().ends_with("too many redirects"), "{told:?}");
    }
}

#[tokio::test]
async fn credentials_do_not_follow_to_another_origin() {
    let (elsewhere, other) = server(vec!["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
    let answer =
        format!("HTTP/1.1 302 F\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n").leak();
    let (url, here) = server(vec![answer]).await;
    let client = Client::new(Config { redirects_max: Some(5), ..quick() });
    let request = Request::get(url).header("X-Own", "1");
    let (response, _) = fetch(&client, request, Some(Auth::Basic("me:secret".into()))).await;
    assert_eq!(response.unwrap().status(), 200);
    assert!(here.lock().unwrap()[0].contains("Authorization: Basic bWU6c2VjcmV0"));
    let other = other.lock().unwrap();
    assert!(!other[0].contains("Authorization") && other[0].contains("X-Own: 1"), "{}", other[0]);
}

#[tokio::test(start_paused = true)]
async fn what_may_be_repeated_is_tried_again_after_the_wait_that_was_asked_for() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let retry =
        Retry { base: Duration::from_secs(1), factor: 1, jitter_percent: 0, ..Retry::walk(2, 0) };
    for (method, all, hops) in [("GET", false, 2), ("POST", false, 1), ("POST", true, 2)] {
        let (url, heard) = server(vec![busy, good]).await;
        let client = Client::new(Config { retry, retry_all: all, ..quick() });
        let (response, told) = fetch(&client, Request::new(method, url), None).await;
        assert_eq!(response.unwrap().status(), if hops == 2 { 200 } else { 503 });
        assert_eq!(heard.lock().unwrap().len(), hops, "{method} {all}");
        assert_eq!(told.iter().any(|told| told == "retry 7"), hops == 2, "{told:?}");
    }
    let (url, heard) = server(vec![busy, busy, busy, good]).await;
    let client = Client::new(Config { retry, ..quick() });
    assert_eq!(client.send(Request::get(url)).await.unwrap().status(), 503);
    assert_eq!(heard.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_digest_is_given_when_it_is_asked_for() {
    let ask = "HTTP/1.1 401 U\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n";
    let stale = "HTTP/1.1 401 U\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true\r\nContent-Length: 0\r\n\r\n";
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let auth = || Some(Auth::Digest("me:pw".into()));
    let (url, heard) = server(vec![ask, stale, good, good]).await;
    let client = Client::new(quick());
    let (response, _) = fetch(&client, Request::get(url.clone()), auth()).await;
    response.unwrap().bytes(0).await.unwrap();
    // The next request is answered before it is asked.
    let (response, _) = fetch(&client, Request::get(url), auth()).await;
    assert_eq!(response.unwrap().status(), 200);
    let heard = heard.lock().unwrap().clone();
    assert!(!heard[0].contains("Authorization"));
    assert!(heard[1].contains("nonce=\"n1\"") && heard[2].contains("nonce=\"n2\""));
    assert!(heard[3].contains("nc=00000002"), "{}", heard[3]);
    // A refusal of the answer is the answer.
    let (url, heard) = server(vec![ask, ask, ask]).await;
    let (response, _) = fetch(&Client::new(quick()), Request::get(url), auth()).await;
    assert_eq!(response.unwrap().status(), 401);
    assert_eq!(heard.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn cookies_come_back_and_each_is_explained() {
    let (url, heard) = server(vec![
        "HTTP/1.1 302 F\r\nLocation: /next\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Secure\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ])
    .await;
    let client = Client::new(Config { redirects_max: Some(5), ..quick() });
    let (_, told) = fetch(&client, Request::get(url), None).await;
    assert!(heard.lock().unwrap()[1].contains("Cookie: a=1\r\n"));
    let cookies: Vec<&String> = told.iter().filter(|told| told.starts_with(['a', 'b'])).collect();
    assert_eq!(cookies, ["a accepted", "b rejected", "a sent"]);
}

#[tokio::test]
async fn a_body_goes_in_chunks_or_waits_to_be_asked_for() {
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (url, heard) = server(vec![good]).await;
    let (sender, pieces) = tokio::sync::mpsc::channel(4);
    for piece in ["one", "", "two"] {
        sender.send(Ok(piece.into())).await.unwrap();
    }
    drop(sender);
    let request = Request::new("PUT", url).body(Payload::stream(pieces, None));
    Client::new(quick()).send(request).await.unwrap();
    let text = heard.lock().unwrap()[0].clone();
    assert!(
        text.contains("Transfer-Encoding: chunked")
            && text.ends_with("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"),
        "{text}"
    );
    // The server says no before the body: none of it is sent.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let says_no = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let count = stream.read(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        (String::from_utf8_lossy(&head[..count]).into_owned(), rest)
    });
    let mut request = Request::new("PUT", url).body(Payload::bytes("large"));
    request.expect = Some(Duration::from_secs(20));
    {
        let client = Client::new(quick());
        let mut response = client.send(request).await.unwrap();
        assert_eq!(response.status(), 413);
        response.bytes(1).await.unwrap();
    }
    let (head, rest) = says_no.await.unwrap();
    assert!(head.contains("Expect: 100-continue") && rest.is_empty(), "{head}");
}

#[tokio::test]
async fn nobody_there_is_said_in_words() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = Client::new(quick());
    let failure =
        client.send(Request::get(format!("http://{closed}/").parse().unwrap())).await.unwrap_err();
    assert!(failure.to_string().ends_with("connection refused"), "{failure}");
    let (url, _) = server(vec!["Connection: close"]).await;
    let failure = client.send(Request::get(url)).await.unwrap_err();
    assert!(matches!(failure, Failure::Malformed { .. }), "{failure}");
    let config = Config { total_timeout: Some(Duration::from_millis(1)), ..quick() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let failure = Client::new(config).send(Request::get(url)).await.unwrap_err();
    assert!(matches!(failure, Failure::OutOfTime { limit_ms: 1 }), "{failure}");
}

#[tokio::test]
async fn http2_is_spoken_by_prior_knowledge() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/x", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let mut body = request.into_body();
            tokio::spawn(async move {
                let mut size = 0;
                while let Some(Ok(data)) = body.data().await {
                    size += data.len();
                    body.flow_control().release_capacity(data.len()).unwrap();
                }
                let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
                stream.send_data(format!("{size} bytes").into(), true).unwrap();
            });
        }
    });
    let client = Client::new(Config { versions: Versions::Http2, ..quick() });
    for size in [0, 200_000] {
        let request = Request::new("POST", url.clone()).body(Payload::bytes(vec![b'x'; size]));
        let (response, _) = fetch(&client, request, None).await;
        let mut response = response.unwrap();
        assert_eq!((response.head.version.as_str(), response.status()), ("HTTP/2", 200));
        assert_eq!(response.bytes(100).await.unwrap(), format!("{size} bytes").as_bytes());
    }
}

#[tokio::test]
async fn a_body_has_as_many_bytes_as_it_may_and_no_more() {
    for (limit, ok) in [(5, true), (4, false)] {
        let (url, _) = server(vec!["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello"]).await;
        let mut response = Client::new(quick()).send(Request::get(url)).await.unwrap();
        match response.bytes(limit).await {
            Ok(body) => assert!(ok && body == b"Hello"),
            Err(failure) => {
                assert!(!ok && matches!(failure, BodyFailure::TooLarge { limit_bytes: 4 }))
            }
        }
    }
}
