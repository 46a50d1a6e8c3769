//! The whole walk.

use super::*;

#[tokio::test]
async fn a_healthy_page_is_walked_and_every_phase_is_kept() {
    use PhaseName as P;
    let authority = Authority::new("Good");
    let address = serve_tls(authority.leaf(|_| ()).config(&["http/1.1"]), PAGE).await;
    let scope = scope();
    let done = shake(&scope, address, &options(authority.store())).await;
    assert_eq!(done.seen.outcome, TlsOutcome::Done);
    assert_eq!(done.seen.version.as_deref(), Some("TLSv1.3"));
    assert_eq!(done.seen.group.as_deref(), Some("X25519MLKEM768"));
    assert_eq!(done.seen.alpn.as_deref(), Some("http/1.1"));
    assert_eq!(done.seen.chain.len(), 2);
    assert!(done.seen.hello_bytes > 1200 && done.seen.received_bytes > 1200);
    let trust = done.seen.trust.as_ref().unwrap();
    assert_eq!(trust.result, TrustResult::Trusted);
    assert!(trust.path_ok && trust.last_issuer_in_store && trust.failures.is_empty());
    let mut request = get();
    request.headers.insert("authorization", "Bearer hunter2".parse().unwrap());
    let response = exchange::exchange(&scope, done.connection.unwrap(), &request, patient()).await;
    let Response { status, body: page, body_ok, headers } = response.unwrap();
    assert_eq!((status.as_u16(), &page[..], body_ok), (200, &b"hello"[..], true));
    assert_eq!(headers["set-cookie"], "c=d");
    let all = [P::Tcp, P::Tls, P::Request, P::Wait, P::Response].map(|phase| (phase, true));
    assert_eq!(phases(&scope), all);
    let recorded = format!("{:?}", scope.recorder.events());
    assert!(!recorded.contains("hunter2") && !recorded.contains("c=d"), "{recorded}");
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_agreed_on() {
    let authority = Authority::new("Good");
    let (listener, address) = listener().await;
    let acceptor = TlsAcceptor::from(Arc::new(authority.leaf(|_| ()).config(&["h2"])));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        let mut server = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = server.accept().await {
            assert_eq!(request.uri(), "https://www.example.com/page?a=b");
            let response = http::Response::builder().status(404).body(()).unwrap();
            let mut stream = respond.send_response(response, false).unwrap();
            stream.send_data(Bytes::from_static(b"nothing here"), true).unwrap();
        }
    });
    let scope = scope();
    let done = shake(&scope, address, &options(authority.store())).await;
    let connection = done.connection.unwrap();
    assert_eq!(connection.alpn.as_deref(), Some("h2"));
    let response = exchange::exchange(&scope, connection, &get(), patient()).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (404, &b"nothing here"[..]));
    assert!(response.body_ok);
}
