//! Handshakes that end early.

use super::*;

#[tokio::test]
async fn handshakes_that_fail_say_how() {
    let good = Authority::new("Good");
    let cases: [(&[u8], TlsOutcome); 3] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TlsOutcome::NotTls),
        (
            &[21, 3, 3, 0, 2, 2, 40],
            TlsOutcome::Alert { code: 40, name: "handshake_failure".into() },
        ),
        (b"", TlsOutcome::Closed),
    ];
    for (answer, expected) in cases {
        let (listener, address) = listener().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 4096];
            while stream.read(&mut hello).await.unwrap() == hello.len() {}
            stream.write_all(answer).await.unwrap();
        });
        let done = shake(&scope(), address, &options(good.store())).await;
        assert_eq!(done.seen.outcome, expected);
        assert_eq!(done.seen.first_bytes, answer);
    }
}

#[tokio::test]
async fn silence_is_recorded_with_the_state_of_the_connection() {
    let good = Authority::new("Good");
    let (_listener, address) = listener().await;
    let scope = scope();
    let connection = connected(&scope, address).await;
    let options = options(good.store());
    let done = handshake::handshake(&scope, connection, &options, impatient()).await;
    assert_eq!(done.seen.outcome, TlsOutcome::TimedOut);
    let state = scope.recorder.events().into_iter().find_map(|event| match event.what {
        Observation::TcpState { during: PhaseName::Tls, tcp, .. } => Some(tcp),
        _ => None,
    });
    let hello_bytes = u64::from(done.seen.hello_bytes);
    assert!(state.unwrap().acked_bytes.unwrap() > hello_bytes, "the kernel took the hello");
    assert_eq!(scope.recorder.stalled(0).await.phase, PhaseName::Tls);
}

#[tokio::test]
async fn a_stop_ends_the_wait() {
    let good = Authority::new("Good");
    let (_listener, address) = listener().await;
    let scope = scope();
    let connection = connected(&scope, address).await;
    scope.stop.now();
    let options = options(good.store());
    let done = handshake::handshake(&scope, connection, &options, patient()).await;
    assert_eq!(done.seen.outcome, TlsOutcome::Abandoned);
}

#[tokio::test]
async fn a_client_certificate_that_is_wanted_shows_in_both_versions() {
    let good = Authority::new("Good");
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let config = good.leaf(|_| ()).config_with(&["http/1.1"], Some(&good), &[version]);
        let address = serve_tls(config, PAGE).await;
        let scope = scope();
        let done = shake(&scope, address, &options(good.store())).await;
        assert!(done.seen.client_certificate_requested && !done.seen.client_certificate_sent);
        assert_eq!(done.seen.client_certificate_authorities, ["CN=Good Root"]);
        match done.connection {
            // TLS 1.3: the server's refusal comes after the handshake.
            Some(connection) => {
                let response = exchange::exchange(&scope, connection, &get(), patient()).await;
                assert!(response.is_none());
                let name = "certificate_required".to_owned();
                assert_eq!(failure(&scope), HttpError::Alert { code: 116, name });
            }
            None => assert!(matches!(done.seen.outcome, TlsOutcome::Alert { .. })),
        }
    }
}
