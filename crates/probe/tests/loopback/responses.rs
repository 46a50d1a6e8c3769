//! Responses and bodies that are not whole.

use super::*;

async fn ask(answer: &'static [u8]) -> (Scope, Option<Response>) {
    let address = serve_plain(answer).await;
    let scope = scope();
    let connection = connected(&scope, address).await;
    let response = exchange::exchange(&scope, connection, &get(), patient()).await;
    (scope, response)
}

#[tokio::test]
async fn responses_that_never_come_say_how() {
    let (scope, response) = ask(b"").await;
    assert!(response.is_none());
    assert_eq!(failure(&scope), HttpError::EmptyReply);
    let (scope, _) = ask(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    assert!(
        matches!(failure(&scope), HttpError::NotHttp { first_bytes } if first_bytes.starts_with(b"SSH"))
    );
    let (scope, _) = ask(b"HTTP/1.1 200 OK\r\nContent-Le").await;
    assert!(matches!(failure(&scope), HttpError::Protocol { .. }));
    assert_eq!(phases(&scope).last(), Some(&(PhaseName::Wait, false)));
}

#[tokio::test]
async fn a_reset_and_a_silence_in_place_of_a_response_are_told_apart() {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        // Closing with the request unread makes the kernel send a RST.
        let (stream, _) = listener.accept().await.unwrap();
        stream.peek(&mut [0]).await.unwrap();
        drop(stream);
        // The next one is kept and never answered.
        let kept = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
        drop(kept);
    });
    let scope = scope();
    let connection = connected(&scope, address).await;
    assert!(exchange::exchange(&scope, connection, &get(), patient()).await.is_none());
    assert_eq!(failure(&scope), HttpError::Reset);
    let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
    let connection = connected(&scope, address).await;
    assert!(exchange::exchange(&scope, connection, &get(), impatient()).await.is_none());
    assert_eq!(failure(&scope), HttpError::TimedOut);
    let during = scope.recorder.events().into_iter().find_map(|event| match event.what {
        Observation::TcpState { during, .. } => Some(during),
        _ => None,
    });
    assert_eq!(during, Some(PhaseName::Wait));
}

#[tokio::test]
async fn bodies_that_are_not_whole_or_not_what_they_say_are_told() {
    let cases: [(&[u8], BodyEnd, bool); 5] = [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", BodyEnd::Short, false),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", BodyEnd::Short, false),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello",
            BodyEnd::Complete,
            true,
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", BodyEnd::Complete, false),
        (b"HTTP/1.1 204 No Content\r\n\r\n", BodyEnd::Complete, false),
    ];
    for (answer, expected, encoding_error) in cases {
        let (scope, response) = ask(answer).await;
        let seen = body(&scope);
        assert_eq!(seen.ended, expected);
        assert_eq!(seen.encoding_error.is_some(), encoding_error);
        let ok = expected == BodyEnd::Complete && !encoding_error;
        assert_eq!(response.unwrap().body_ok, ok);
        assert_eq!(phases(&scope).last(), Some(&(PhaseName::Response, ok)));
    }
    let (scope, _) = ask(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n").await;
    assert!(matches!(body(&scope).ended, BodyEnd::Malformed { .. }), "{:?}", body(&scope));
}

#[tokio::test]
async fn http_2_that_ends_without_a_response_says_how() {
    let authority = Authority::new("Good");
    let (listener, address) = listener().await;
    let acceptor = TlsAcceptor::from(Arc::new(authority.leaf(|_| ()).config(&["h2"])));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut server =
            h2::server::handshake(acceptor.accept(stream).await.unwrap()).await.unwrap();
        // The first connection is dropped with its request.
        drop(server.accept().await);
        drop(server);
        let (stream, _) = listener.accept().await.unwrap();
        let mut server =
            h2::server::handshake(acceptor.accept(stream).await.unwrap()).await.unwrap();
        let (_, mut respond) = server.accept().await.unwrap().unwrap();
        respond.send_reset(h2::Reason::ENHANCE_YOUR_CALM);
        let _ = server.accept().await;
    });
    let scope = scope();
    let done = shake(&scope, address, &options(authority.store())).await;
    let connection = done.connection.unwrap();
    assert!(exchange::exchange(&scope, connection, &get(), patient()).await.is_none());
    let seen = failure(&scope);
    assert!(matches!(seen, HttpError::EmptyReply | HttpError::Reset), "{seen:?}");
    let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
    let done = shake(&scope, address, &options(authority.store())).await;
    let connection = done.connection.unwrap();
    assert!(exchange::exchange(&scope, connection, &get(), patient()).await.is_none());
    let seen = failure(&scope);
    let HttpError::Protocol { text } = &seen else { panic!("{seen:?}") };
    assert!(text.contains("ENHANCE_YOUR_CALM"), "{text}");
}

#[tokio::test]
async fn an_http_2_body_that_is_given_up_is_short() {
    let authority = Authority::new("Good");
    for closes in [true, false] {
        let (listener, address) = listener().await;
        let config = authority.leaf(|_| ()).config(&["h2"]);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = acceptor.accept(stream).await.unwrap();
            let mut server = h2::server::handshake(stream).await.unwrap();
            let (_, mut respond) = server.accept().await.unwrap().unwrap();
            let response = http::Response::builder().header("content-length", 9).body(()).unwrap();
            let mut stream = respond.send_response(response, false).unwrap();
            stream.send_data(Bytes::from_static(b"hello"), false).unwrap();
            if closes {
                // All that waits is sent, then the connection ends.
                server.abrupt_shutdown(h2::Reason::NO_ERROR);
            } else {
                stream.send_reset(h2::Reason::INTERNAL_ERROR);
            }
            while server.accept().await.is_some() {}
        });
        let scope = scope();
        let done = shake(&scope, address, &options(authority.store())).await;
        let connection = done.connection.unwrap();
        let response = exchange::exchange(&scope, connection, &get(), patient()).await;
        assert!(response.is_none_or(|response| !response.body_ok));
        let ends: Vec<BodyEnd> = scope
            .recorder
            .events()
            .into_iter()
            .filter_map(|event| match event.what {
                Observation::HttpBody(body) => Some(body.ended),
                _ => None,
            })
            .collect();
        assert!(ends.iter().all(|end| *end == BodyEnd::Short), "{ends:?}");
    }
}

#[tokio::test]
async fn a_body_that_stops_coming_is_stalled() {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").await.unwrap();
        std::future::pending::<()>().await;
        drop(stream);
    });
    let scope = scope();
    let connection = connected(&scope, address).await;
    let soon = Deadline::after(Duration::from_millis(200));
    let response = exchange::exchange(&scope, connection, &get(), soon).await.unwrap();
    assert_eq!((&response.body[..], response.body_ok), (&b"hello"[..], false));
    assert_eq!(body(&scope).ended, BodyEnd::Stalled);
}
