//! Rows of HTTP.

use super::*;

#[test]
fn row_39_silent_server() {
    let run = secure().secured().request().stalls(PhaseName::Wait, 0);
    unknown(&run);
    let verdict = broken(&run.http_fails(HttpError::TimedOut), F::HttpResponseSilent, &[]);
    assert_eq!(verdict.place, Some(Where::Service));
}

#[test]
fn a_response_that_drips_is_not_silence() {
    let waits = |received: u64, state: u32| {
        let run = plain();
        let connection = run.chosen_connection();
        let mut tcp = tcp_info(state);
        tcp.received_bytes = Some(received);
        let during = PhaseName::Wait;
        run.see(Observation::TcpState { connection, during, silent_ns: 200 * MS, tcp })
            .http_fails(HttpError::TimedOut)
    };
    broken(&waits(0, 0), F::HttpResponseSilent, &[]);
    broken(&waits(17, 0), F::HttpResponseSlow, &[]);
    // The queue is full because the server does not read: nothing is resent.
    let verdict = broken(&waits(0, 1), F::HttpResponseSilent, &[]);
    assert!(verdict.findings[0].ruled_out.is_empty());
}

#[test]
fn a_switch_of_protocols_that_nobody_asked_for() {
    broken(&secure().secured().page(101), F::HttpProtocolError, &[]);
}

#[test]
fn rows_106_and_107_statuses() {
    for (status, id) in [
        (500, F::HttpStatusServerError),
        (503, F::HttpStatusServerError),
        (502, F::HttpStatusGatewayError),
        (504, F::HttpStatusGatewayError),
        (404, F::HttpStatusClientError),
        (401, F::HttpStatusClientError),
        (429, F::HttpStatusClientError),
    ] {
        broken(&secure().secured().page(status), id, &[]);
    }
}

#[test]
fn row_108_redirect_loop() {
    let url = "https://www.example.com/";
    let run = secure().secured().page(302).redirects(url, url, "", Some("loop"));
    broken(&run, F::HttpRedirectLoop, &[]);
    // Found by the limit.
    let run = secure()
        .secured()
        .page(302)
        .redirects(url, "https://www.example.com/a", "www.example.com", None)
        .connected()
        .secured()
        .page(302)
        .redirects("https://www.example.com/a", url, "", Some("too many"));
    broken(&run, F::HttpRedirectLoop, &[]);
}

#[test]
fn redirects_without_end_or_aim() {
    let run = secure()
        .secured()
        .page(302)
        .redirects("https://www.example.com/", "https://www.example.com/1", "www.example.com", None)
        .connected()
        .secured()
        .page(302)
        .redirects("https://www.example.com/1", "https://www.example.com/2", "", Some("too many"));
    broken(&run, F::HttpRedirectTooMany, &[]);
    let run = secure().secured().page(308).redirects(
        "https://www.example.com/",
        "",
        "",
        Some("no Location"),
    );
    broken(&run, F::HttpRedirectInvalid, &[]);
}

#[test]
fn row_109_redirect_to_a_dead_name() {
    let run = secure()
        .secured()
        .page(302)
        .redirects(
            "https://www.example.com/",
            "https://gone.example.com/",
            "gone.example.com",
            None,
        )
        .dns("A", rcode("nxdomain", 3), MS)
        .dns("AAAA", rcode("nxdomain", 3), MS)
        .system_failed("EAI_NONAME");
    let verdict = broken(&run, F::HttpRedirectDeadName, &[]);
    assert_eq!(verdict.findings.len(), 1);
}

#[test]
fn a_redirect_to_a_host_with_a_bad_certificate() {
    let run = secure()
        .secured()
        .page(302)
        .redirects("https://www.example.com/", "https://ftp.example.com/", "ftp.example.com", None)
        .resolved()
        .connected()
        .untrusted(TrustResult::Expired, vec![leaf(-DAY), intermediate()]);
    broken(&run, F::TlsCertExpired, &[]);
}

#[test]
fn row_112_slow_response() {
    let run =
        secure().secured().request().response(200, 2_501 * MS).body(BodyEnd::Complete, |_| ());
    let verdict = degraded(&run, F::HttpResponseSlow);
    assert_eq!(verdict.place, Some(Where::Service));
    // Where this host's own segments got lost, the answer may have been too.
    let mut run = run;
    for event in &mut run.evidence.events {
        if let Observation::HttpResponse(response) = &mut event.what {
            response.tcp = Some(TcpInfo { total_retransmits: 3, ..tcp_info(0) });
        }
    }
    let verdict = degraded(&run, F::HttpResponseSlow);
    assert_eq!(verdict.place, Some(Where::Unknown));
    assert_eq!(verdict.findings[0].candidates, [F::HttpResponseSlow, F::NetPathLossy]);
}

#[test]
fn rows_114_to_118_bodies() {
    let begun = || secure().secured().request().response(200, MS);
    broken(&begun().body(BodyEnd::Short, |_| ()), F::HttpBodyTruncated, &[]);
    let stalled = begun().body(BodyEnd::Stalled, |_| ());
    broken(&stalled, F::HttpBodyStalled, &[F::HttpBodyStalled, F::TcpStalled]);
    broken(&begun().body(BodyEnd::Reset, |_| ()), F::HttpResponseReset, &[]);
    let bad = BodyEnd::Malformed { text: "bad chunk size".to_owned() };
    broken(&begun().body(bad, |_| ()), F::HttpProtocolError, &[]);
    let corrupt = begun().body(BodyEnd::Complete, |body| {
        body.encoding = Some("gzip".to_owned());
        body.encoding_error = Some("not in gzip format".to_owned());
        body.decoded_bytes = None;
    });
    broken(&corrupt, F::HttpEncodingCorrupt, &[]);
}

#[test]
fn rows_119_and_120_no_http() {
    let empty = plain().http_fails(HttpError::EmptyReply);
    assert!(!questions(&empty.evidence).is_empty());
    let waits = empty.hello(HelloVariant::Nothing, HelloOutcome::Silent, None);
    broken(&waits, F::HttpResponseEmpty, &[]);
    let reset = plain().http_fails(HttpError::Reset);
    broken(&reset, F::HttpResponseReset, &[]);
    let banner = HttpError::NotHttp { first_bytes: b"SSH-2.0-OpenSSH".to_vec() };
    broken(&plain().http_fails(banner), F::HttpResponseNotHttp, &[]);
}

#[test]
fn row_91_plain_http_to_a_tls_port() {
    let alert = HttpError::NotHttp { first_bytes: vec![21, 3, 1, 0, 2, 2, 70] };
    broken(&plain().http_fails(alert), F::HttpToTlsPort, &[]);
    let run = plain()
        .http_fails(HttpError::EmptyReply)
        .hello(HelloVariant::Nothing, HelloOutcome::Silent, None)
        .hello(HelloVariant::Small, server_hello("TLSv1.3"), Some(true));
    broken(&run, F::HttpToTlsPort, &[]);
}
