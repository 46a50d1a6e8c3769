//! Proxies and further probes.

use super::*;

#[tokio::test]
async fn a_proxy_opens_a_tunnel_or_says_no() {
    let (listener, address) = listener().await;
    let page = serve_plain(PAGE).await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = request_head(&mut stream).await;
        assert!(head.starts_with("CONNECT www.example.com:80 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Proxy-Authorization: Basic bWU6aHVudGVyMg==\r\n"), "{head}");
        stream.write_all(b"HTTP/1.1 200 Fine\r\nVia: me\r\n\r\n").await.unwrap();
        let mut onward = TcpStream::connect(page).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
        let (stream, _) = listener.accept().await.unwrap();
        respond(stream, b"HTTP/1.1 407 Who are you\r\n\r\n").await;
    });
    let through = proxy::Proxy::new(Url::parse("http://me:hunter2@127.0.0.1:1/").unwrap());
    let scope = scope();
    let connection = connected(&scope, address).await;
    let tunnel =
        proxy::connect(&scope, connection, &through, "www.example.com:80", patient()).await;
    let response = exchange::exchange(&scope, tunnel.unwrap(), &get(), patient()).await;
    assert_eq!(&response.unwrap().body[..], b"hello");
    let connection = connected(&scope, address).await;
    let refused =
        proxy::connect(&scope, connection, &through, "www.example.com:80", patient()).await;
    assert!(refused.is_none());
    let events = scope.recorder.events();
    assert!(events.iter().any(|event| {
        matches!(event.what, Observation::ProxyConnect { status: Some(407), .. })
    }));
    assert!(!format!("{events:?}").contains("hunter2"));
}

#[tokio::test]
async fn further_probes_tell_plain_from_secured() {
    let authority = Authority::new("Good");
    let secured = serve_tls(authority.leaf(|_| ()).config(&["http/1.1"]), PAGE).await;
    let plain = serve_plain(PAGE).await;
    let scope = scope();
    plain::probe(&scope, plain, HOST, patient()).await;
    plain::probe(&scope, secured, HOST, patient()).await;
    let statuses: Vec<Option<u16>> = scope
        .recorder
        .events()
        .iter()
        .filter_map(|event| match &event.what {
            Observation::PlainHttp { status, .. } => Some(*status),
            _ => None,
        })
        .collect();
    assert_eq!(statuses, [Some(200), None]);
    for variant in [
        HelloVariant::Same,
        HelloVariant::Small,
        HelloVariant::NoServerName,
        HelloVariant::MaxVersion { version: "TLSv1.2".into() },
        HelloVariant::MaxVersion { version: "TLSv1.3".into() },
    ] {
        let seen = hello::probe(&scope, secured, Some(HOST), variant, patient()).await;
        assert!(matches!(seen.outcome, HelloOutcome::ServerHello { .. }), "{seen:?}");
        assert_eq!(seen.acked, Some(true));
    }
    let old = HelloVariant::MaxVersion { version: "TLSv1.0".into() };
    let seen = hello::probe(&scope, secured, Some(HOST), old, patient()).await;
    assert!(matches!(seen.outcome, HelloOutcome::Alert { .. }), "{seen:?}");
    let ladder = segment::ladder(&scope, secured, Some(HOST), true, patient()).await;
    assert!(ladder.default_answered);
}

#[tokio::test]
async fn a_map_leads_every_probe_elsewhere() {
    let to = serve_plain(PAGE).await;
    let from: SocketAddr = "192.0.2.1:80".parse().unwrap();
    let network = Network { map: AddressMap::new([(from, to)]), ..Network::default() };
    let scope = Scope::new(Recorder::new(), Arc::new(network));
    let attempt = dial::attempt(&scope, from, patient()).await;
    assert_eq!(attempt.outcome, ConnectOutcome::Connected);
    plain::probe(&scope, from, HOST, patient()).await;
    let seen = hello::probe(&scope, from, None, HelloVariant::PlainBytes, patient()).await;
    assert!(matches!(seen.outcome, HelloOutcome::OtherBytes { .. }));
    let mapped = scope.recorder.events();
    let said = mapped.iter().filter(|e| matches!(e.what, Observation::Mapped { .. })).count();
    assert_eq!(said, 1);
}
