//! Certificates that are not trusted.

use super::*;

#[tokio::test]
async fn every_way_of_being_untrusted_is_told_apart() {
    let good = Authority::new("Good");
    let other = Authority::new("Other");
    let date = |year| rcgen::date_time_ymd(year, 1, 1);
    let expired = good.leaf(|p| (p.not_before, p.not_after) = (date(2001), date(2002)));
    let early = good.leaf(|p| (p.not_before, p.not_after) = (date(3001), date(3002)));
    let elsewhere = good.leaf(|p| {
        p.subject_alt_names =
            CertificateParams::new(vec!["b.example".into()]).unwrap().subject_alt_names
    });
    let purpose = good.leaf(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let mut alone = good.leaf(|_| ());
    alone.chain.truncate(1);
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&key).unwrap();
    let own = Leaf { chain: vec![own.der().clone()], key };
    let cases = [
        (expired, TrustResult::Expired, true),
        (early, TrustResult::NotYetValid, true),
        (elsewhere, TrustResult::WrongName, true),
        (purpose, TrustResult::WrongPurpose, true),
        (alone, TrustResult::UnknownIssuer, false),
        (own, TrustResult::UnknownIssuer, false),
        (other.leaf(|_| ()), TrustResult::UnknownIssuer, false),
    ];
    for (leaf, expected, last_issuer_in_store) in cases {
        let sent = leaf.chain.len();
        let address = serve_tls(leaf.config(&["http/1.1"]), PAGE).await;
        let scope = scope();
        let done = shake(&scope, address, &options(good.store())).await;
        assert_eq!(done.seen.outcome, TlsOutcome::Untrusted);
        assert!(done.connection.is_none(), "nothing may be said to an untrusted peer");
        assert_eq!(done.seen.chain.len(), sent, "the chain is kept");
        let trust = done.seen.trust.unwrap();
        assert_eq!((trust.result, trust.failures.len()), (expected.clone(), 1), "{expected:?}");
        assert_eq!(trust.last_issuer_in_store, last_issuer_in_store, "{expected:?}");
        assert_eq!(done.seen.version.as_deref(), Some("TLSv1.3"));
        assert_eq!(phases(&scope).last(), Some(&(PhaseName::Tls, false)));
    }
}

#[tokio::test]
async fn an_expired_certificate_of_an_unknown_authority_shows_both() {
    let leaf = Authority::new("Other").leaf(|p| p.not_after = rcgen::date_time_ymd(2002, 1, 1));
    let address = serve_tls(leaf.config(&[]), PAGE).await;
    let good = Authority::new("Good");
    let mut options = options(good.store());
    options.insecure = true;
    let done = shake(&scope(), address, &options).await;
    assert_eq!(done.seen.outcome, TlsOutcome::Done);
    let trust = done.seen.trust.unwrap();
    assert_eq!(trust.failures, [TrustResult::Expired, TrustResult::UnknownIssuer]);
    assert!(done.connection.is_some(), "insecure goes on");
}

#[tokio::test]
async fn a_missing_intermediate_is_fetched_and_completes_the_chain() {
    let good = Authority::new("Good");
    let leaf = good.leaf(|_| ());
    for (served, completes) in [(&good, true), (&Authority::new("Other"), false)] {
        let der = served.intermediate.der();
        let mut answer =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", der.len()).into_bytes();
        answer.extend_from_slice(der);
        let address = serve_plain(answer.leak()).await;
        let result = issuer::fetch_issuer(
            &scope(),
            &format!("http://{address}/intermediate.cer"),
            &[leaf.chain[0].to_vec()],
            HOST,
            &good.store(),
            &SystemResolver::Library,
            patient(),
        )
        .await;
        let IssuerResult::Fetched { completes_chain, .. } = result else { panic!("{result:?}") };
        assert_eq!(completes_chain, completes);
    }
    let refused = issuer::fetch_issuer(
        &scope(),
        "https://ca.example.com/i.cer",
        &[],
        HOST,
        &good.store(),
        &SystemResolver::Library,
        patient(),
    )
    .await;
    assert!(matches!(refused, IssuerResult::Failed { .. }), "{refused:?}");
}
