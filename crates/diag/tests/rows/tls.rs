//! Rows of TLS.

use super::*;

#[test]
fn rows_77_to_82_certificates() {
    let mut old = leaf(-40 * DAY);
    let run = secure().untrusted(TrustResult::Expired, vec![old.clone(), intermediate()]);
    let verdict = broken(&run, F::TlsCertExpired, &[]);
    assert!(verdict.findings[0].claim.contains("40 days ago"), "{}", verdict.findings[0].claim);
    assert_eq!(verdict.place, Some(Where::Service));
    let mut early = leaf(900 * DAY);
    early.not_before_unix_s = NOW + DAY;
    let run = secure().untrusted(TrustResult::NotYetValid, vec![early, intermediate()]);
    broken(&run, F::TlsCertNotYetValid, &[]);
    old.names = vec!["dns:other.example".to_owned()];
    let run = secure().untrusted(TrustResult::WrongName, vec![old, intermediate()]);
    broken(&run, F::TlsCertWrongName, &[]);
    let own = certificate("CN=www.example.com", "CN=www.example.com");
    let run = secure().untrusted(TrustResult::UnknownIssuer, vec![own]);
    broken(&run, F::TlsCertSelfSigned, &[]);
    let run = secure().untrusted(TrustResult::WrongPurpose, vec![leaf(DAY * 100), intermediate()]);
    broken(&run, F::TlsCertWrongPurpose, &[]);
}

#[test]
fn certificates_that_strict_clients_refuse() {
    let mut authority = leaf(DAY * 100);
    authority.is_authority = true;
    let run = secure().untrusted(TrustResult::UnknownIssuer, vec![authority]);
    broken(&run, F::TlsCertUntrusted, &[]);
    let text = "invalid peer certificate: BadSignature".to_owned();
    let run = secure().tls(TlsOutcome::Protocol { text }, |handshake| {
        handshake.chain = vec![Certificate { key: "RSA 1024".to_owned(), ..leaf(DAY * 100) }];
    });
    let tls12 = server_hello("TLSv1.2");
    let run = run.versions([tls12.clone(), tls12.clone(), tls12]);
    let verdict = broken(&run, F::TlsCertUntrusted, &[]);
    assert!(verdict.findings[0].claim.contains("1024 bits"), "{}", verdict.findings[0].claim);
}

#[test]
fn every_failure_of_a_certificate_is_told() {
    let run = secure().tls(TlsOutcome::Untrusted, |handshake| {
        handshake.chain = vec![leaf(-DAY), intermediate()];
        let failures = vec![TrustResult::Expired, TrustResult::WrongName];
        handshake.trust = Some(Trust { failures, ..trust(TrustResult::Expired) });
    });
    let verdict = broken(&run, F::TlsCertExpired, &[]);
    assert_eq!(verdict.findings[1].id, F::TlsCertWrongName);
}

#[test]
fn row_83_unknown_root() {
    let root = certificate("CN=Other Root", "CN=Other Root");
    let mut middle = intermediate();
    middle.issuer = "CN=Other Root".to_owned();
    let run = secure().untrusted(TrustResult::UnknownIssuer, vec![leaf(DAY * 100), middle, root]);
    broken(&run, F::TlsCertUnknownRoot, &[]);
}

#[test]
fn row_84_missing_intermediate() {
    let url = "http://ca.example.com/intermediate.cer";
    let run = secure().untrusted(TrustResult::UnknownIssuer, vec![leaf(DAY * 100)]);
    let candidates = [F::TlsCertMissingIntermediate, F::TlsCertUnknownRoot];
    let verdict = broken(&run, F::TlsCertUntrusted, &candidates);
    assert!(verdict.findings[0].try_next[0].contains("--aia"));
    assert_eq!(questions(&run.evidence), [], "nothing is fetched unasked");
    let mut run = run;
    run.evidence.target.aia = true;
    assert_eq!(questions(&run.evidence), [Question::Issuer { url: url.to_owned() }]);
    let fetched = |certificate: Certificate, completes_chain| IssuerResult::Fetched {
        certificate: Box::new(certificate),
        completes_chain,
    };
    let good = run.clone().issuer(url, fetched(intermediate(), true));
    broken(&good, F::TlsCertMissingIntermediate, &[]);
    assert_eq!(questions(&good.evidence), []);
    let root = certificate("CN=Lab Intermediate", "CN=Lab Intermediate");
    let other = run.clone().issuer(url, fetched(root, false));
    broken(&other, F::TlsCertUnknownRoot, &[]);
    let none = run.issuer(url, IssuerResult::Failed { text: "404".to_owned() });
    broken(&none, F::TlsCertUntrusted, &candidates);
    assert_eq!(questions(&none.evidence), []);
}

#[test]
fn an_accepted_bad_certificate_is_a_warning() {
    let mut run = secure();
    run.evidence.target.insecure = true;
    let run = run
        .tls(TlsOutcome::Done, |handshake| {
            handshake.chain = vec![leaf(-DAY)];
            handshake.trust = Some(trust(TrustResult::Expired));
        })
        .page(200);
    degraded(&run, F::TlsCertExpired);
}

#[test]
fn row_90_plaintext() {
    let run = secure().tls(TlsOutcome::NotTls, |h| h.first_bytes = b"HTTP/1.1 400 Bad".to_vec());
    broken(&run, F::TlsServerPlaintext, &[]);
    assert_eq!(questions(&run.evidence), []);
    // A server that waits for the end of a line first.
    let run = secure()
        .stalls(PhaseName::Tls, 0)
        .segments(V6, &[(1_440, false), (600, false)])
        .hello(HelloVariant::Small, HelloOutcome::Silent, Some(true))
        .hello(HelloVariant::NoServerName, HelloOutcome::Silent, Some(true))
        .hello(HelloVariant::PlainBytes, HelloOutcome::Silent, Some(true))
        .plain_http(Some(200), b"HTTP/1.1 200 OK");
    broken(&run, F::TlsServerPlaintext, &[]);
}

#[test]
fn row_92_old_version() {
    let no = || alert(70, "protocol_version");
    let run =
        secure().tls(TlsOutcome::Alert { code: 70, name: "protocol_version".to_owned() }, |_| ());
    assert_eq!(questions(&run.evidence).len(), 3);
    let told = run.versions([no(), no(), server_hello("TLSv1.0")]);
    broken(&told, F::TlsVersionTooOld, &[]);
    let protocol = TlsOutcome::Protocol { text: "peer is incompatible".to_owned() };
    let run = secure().tls(protocol, |_| ()).versions([
        server_hello("TLSv1.0"),
        server_hello("TLSv1.0"),
        server_hello("TLSv1.0"),
    ]);
    broken(&run, F::TlsVersionTooOld, &[]);
}

#[test]
fn row_93_cipher_mismatch() {
    let failure = TlsOutcome::Alert { code: 40, name: "handshake_failure".to_owned() };
    let run = secure().tls(failure.clone(), |_| ()).versions([
        server_hello("TLSv1.2"),
        server_hello("TLSv1.1"),
        server_hello("TLSv1.0"),
    ]);
    broken(&run, F::TlsCipherMismatch, &[]);
    let no = || alert(40, "handshake_failure");
    let run = secure().tls(failure, |_| ()).versions([no(), no(), no()]);
    broken(&run, F::TlsAlert, &[]);
}

#[test]
fn row_94_client_certificate() {
    let asked = |h: &mut TlsHandshake| h.client_certificate_requested = true;
    let late = secure()
        .tls(TlsOutcome::Done, asked)
        .request()
        .http_fails(HttpError::Alert { code: 116, name: "certificate_required".to_owned() });
    broken(&late, F::TlsClientCertRequired, &[]);
    let reset = secure().tls(TlsOutcome::Done, asked).request().http_fails(HttpError::Reset);
    broken(&reset, F::TlsClientCertRequired, &[]);
    let early =
        secure().tls(TlsOutcome::Alert { code: 40, name: "handshake_failure".to_owned() }, asked);
    broken(&early, F::TlsClientCertRequired, &[]);
    assert_eq!(questions(&early.evidence), []);
    // One that may but need not be shown.
    healthy(&secure().tls(TlsOutcome::Done, asked).page(200), &[]);
}

#[test]
fn row_95_unknown_name() {
    let code = TlsOutcome::Alert { code: 112, name: "unrecognized_name".to_owned() };
    let run = secure().tls(code, |_| ());
    broken(&run, F::TlsNameUnrecognized, &[]);
    assert_eq!(questions(&run.evidence), []);
}

fn hello_lost(acked: bool) -> Run {
    secure()
        .stalls(PhaseName::Tls, if acked { 0 } else { 2 })
        .segments(V6, &[(1_440, false), (600, false)])
}

#[test]
fn row_96_name_filtered() {
    let run = hello_lost(false)
        .hello(HelloVariant::Small, HelloOutcome::Silent, Some(false))
        .hello(HelloVariant::NoServerName, alert(112, "unrecognized_name"), Some(true))
        .hello(HelloVariant::PlainBytes, HelloOutcome::Silent, Some(true))
        .plain_http(None, b"");
    broken(&run, F::TlsHelloNameFiltered, &[]);
}

#[test]
fn row_97_hello_dropped() {
    let run = hello_lost(false).hellos_silent(false, true);
    broken(&run, F::TlsHelloDropped, &[]);
    assert_eq!(questions(&run.evidence), []);
    assert!(plumb_diag::conclusive(&run.evidence));
    // A web server that says 400 to plain HTTP on its TLS port.
    let run = hello_lost(false)
        .hello(HelloVariant::Small, HelloOutcome::Silent, Some(false))
        .hello(HelloVariant::PlainBytes, HelloOutcome::Closed, Some(true))
        .plain_http(Some(400), b"HTTP/1.1 400");
    broken(&run, F::TlsHelloDropped, &[]);
}

#[test]
fn row_98_big_hello_dropped() {
    let run = hello_lost(false)
        .hello(HelloVariant::Same, HelloOutcome::Silent, Some(false))
        .hello(HelloVariant::Small, server_hello("TLSv1.3"), Some(true))
        .hello(HelloVariant::NoServerName, HelloOutcome::Silent, Some(false));
    broken(&run, F::TlsHelloBigDropped, &[]);
}

#[test]
fn rows_21_and_22_loss_is_no_filter() {
    let run = hello_lost(false)
        .hello(HelloVariant::Same, server_hello("TLSv1.3"), Some(true))
        .hello(HelloVariant::Small, HelloOutcome::Silent, Some(false))
        .hello(HelloVariant::NoServerName, server_hello("TLSv1.3"), Some(true))
        .hello(HelloVariant::PlainBytes, HelloOutcome::Silent, Some(true))
        .plain_http(Some(400), b"HTTP/1.1 400");
    unknown(&run);
    let run = run.tls(TlsOutcome::TimedOut, |h| h.duration_ns = 5 * S);
    broken(&run, F::NetPathLossy, &[]);
}

#[test]
fn a_stuck_walk_beside_late_connections_is_loss() {
    let run = secure()
        .stalls(PhaseName::Tls, 0)
        .seen_as(Purpose::Probe)
        .connect("[2001:db8:130::4]:443", ConnectOutcome::Connected, 1_020 * MS)
        .connect("[2001:db8:130::4]:443", ConnectOutcome::Connected, 3_050 * MS)
        .seen_as(Purpose::Walk);
    unknown(&run);
    let run = run.tls(TlsOutcome::TimedOut, |h| h.duration_ns = 5 * S);
    broken(&run, F::NetPathLossy, &[]);
}

#[test]
fn a_port_that_answers_now_and_then() {
    let run = both_silent().seen_as(Purpose::Probe).connect(V4, ConnectOutcome::Connected, MS);
    let run = run.connect(V6, ConnectOutcome::Connected, MS);
    broken(&run, F::NetPathLossy, &[F::NetPathLossy, F::TcpBacklogFull]);
}

#[test]
fn a_reset_while_it_opens_is_a_reset_after_it_was_taken() {
    let run = Run::www()
        .resolved()
        .connect(V4, failed(104, "ECONNRESET"), MS)
        .connect(V6, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .tls(TlsOutcome::Reset, |handshake| handshake.received_bytes = 0)
        .hello(HelloVariant::Nothing, HelloOutcome::ConnectFailed, None);
    let verdict = broken(&run, F::TcpResetAfterAccept, &[]);
    assert!(verdict.findings.iter().all(|finding| finding.id != F::NetIpv4Broken));
}

#[test]
fn rows_70_and_71_addresses_that_lead_back() {
    for address in ["0.0.0.0", "127.0.0.1"] {
        let to = format!("{address}:443");
        let run = Run::www()
            .dns("A", addresses(&[address]), MS)
            .dns("AAAA", addresses(&[]), MS)
            .system_addresses(&[address])
            .connect(&to, ConnectOutcome::Refused, MS)
            .phase(PhaseName::Tcp, false);
        broken(&run, F::DnsAnswerUnusable, &[]);
    }
}

#[test]
fn losses_at_every_size_are_no_black_hole() {
    let rungs = [(1_440, false), (1_200, true), (900, false), (700, false), (536, true)];
    let run = secure().stalls(PhaseName::Tls, 0).segments(V6, &rungs);
    unknown(&run);
    let run = run.hellos_silent(true, true).tls(TlsOutcome::TimedOut, |_| ());
    let verdict = broken(&run, F::NetPathLossy, &[]);
    assert!(verdict.findings.iter().all(|finding| finding.id != F::NetMtuBlackhole));
}

#[test]
fn a_tls_server_that_turns_plain_http_away_is_no_plain_server() {
    let run = hello_lost(true)
        .hello(HelloVariant::Same, server_hello("TLSv1.3"), Some(true))
        .hello(HelloVariant::Small, server_hello("TLSv1.3"), Some(true))
        .plain_http(Some(400), b"HTTP/1.1 400");
    unknown(&run);
}

#[test]
fn row_99_handshake_silent() {
    let run = hello_lost(true).hellos_silent(true, true);
    unknown(&run);
    broken(&run.tls(TlsOutcome::TimedOut, |h| h.duration_ns = 5 * S), F::TlsHandshakeSilent, &[]);
}

#[test]
fn row_101_alert() {
    let run =
        secure().tls(TlsOutcome::Alert { code: 80, name: "internal_error".to_owned() }, |_| ());
    broken(&run, F::TlsAlert, &[]);
}
