//! TLS in the clear: records and handshakes as curl, OpenSSL and Python sent them.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod samples;

use plumb_wire::tls::*;
use plumb_wire::{Field, Layout};
use proptest::prelude::*;
use samples::{all, assert_tiles, outline, sample};

/// All handshake messages of a flight, read byte by byte through both readers.
fn messages(flight: &[u8]) -> Vec<HandshakeMessage> {
    let (mut records, mut handshakes) = (RecordReader::new(), HandshakeReader::new());
    let mut found = Vec::new();
    for byte in flight {
        records.push(&[*byte]);
        while let Some(record) = records.next().unwrap() {
            if record.content_type == ContentType::Handshake {
                handshakes.push(&record.payload);
            }
        }
        while let Some(message) = handshakes.next().unwrap() {
            found.push(message);
        }
    }
    found
}

fn hello(name: &str) -> ClientHello {
    ClientHello::decode(&messages(&sample(name))[0].body).unwrap()
}

#[test]
fn every_sample_is_records_that_encode_to_the_same_bytes() {
    for (name, bytes) in all("tls") {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (record, used) =
                Record::decode_prefix(rest).unwrap_or_else(|e| panic!("{name}: {e}"));
            samples::check::<Record>(&rest[..used]);
            let typed = Handshake::decode(&record.payload).is_ok();
            if record.content_type == ContentType::Handshake && typed {
                samples::check::<Handshake>(&record.payload);
            }
            rest = &rest[used..];
        }
    }
}

#[test]
fn curl_offers_what_it_offers() {
    let hello = hello("tls/curl-client-hello");
    assert_eq!(hello.versions()[..2], [Version::Tls13, Version::Tls12]);
    assert_eq!(hello.cipher_suites[0].name(), Some("TLS_AES_256_GCM_SHA384"));
    assert_eq!(hello.server_name(), None, "no SNI for an address");
    assert!(hello.extension(ExtensionType::Alpn).is_some());
}

#[test]
fn a_record_of_a_hello_is_what_was_sent() {
    for name in ["tls/curl-client-hello", "tls/tls10-client-hello"] {
        assert_eq!(hello(name).into_record(), sample(name), "{name}");
    }
}

#[test]
fn a_tls10_server_answers_with_its_whole_flight() {
    let flight = messages(&sample("tls/tls10-server-flight"));
    let kinds: Vec<_> = flight.iter().map(|message| message.kind).collect();
    assert_eq!(
        kinds,
        [
            HandshakeType::ServerHello,
            HandshakeType::Certificate,
            HandshakeType::ServerKeyExchange,
            HandshakeType::ServerHelloDone,
        ]
    );
    let hello = ServerHello::decode(&flight[0].body).unwrap();
    assert_eq!(hello.version(), Version::Tls10);
    assert!(hello.cipher_suite.name().unwrap().ends_with("_CBC_SHA"));
    let certificate = Certificate::decode(&flight[1].body).unwrap();
    assert_eq!(certificate.chain.len(), 1);
    assert_eq!(certificate.chain[0][0], 0x30, "DER begins with a SEQUENCE");
}

#[test]
fn a_tls13_server_selects_version_and_key_share() {
    let flight = messages(&sample("tls/tls13-server-flight"));
    let hello = ServerHello::decode(&flight[0].body).unwrap();
    assert_eq!(hello.legacy_version, Version::Tls12);
    assert_eq!(hello.version(), Version::Tls13);
    assert!(!hello.is_retry_request());
    let share = hello.extension(ExtensionType::KeyShare);
    assert!(matches!(share, Some(Extension::SelectedKeyShare(s)) if s.group == NamedGroup::X25519));
}

#[test]
fn a_retry_request_names_the_group_it_wants() {
    let retry = ServerHello {
        random: HELLO_RETRY_REQUEST_RANDOM,
        cipher_suite: "TLS_AES_128_GCM_SHA256".parse().unwrap(),
        extensions: vec![
            Extension::SelectedVersion(Version::Tls13),
            Extension::RetryGroup(NamedGroup::X25519MlKem768),
            Extension::Cookie(vec![1, 2, 3]),
        ],
        ..ServerHello::default()
    };
    let bytes = retry.encode();
    assert_eq!(samples::check::<ServerHello>(&bytes), retry);
    assert!(retry.is_retry_request());
    let tree = outline(&ServerHello::dissect(&bytes, 0..bytes.len()).field);
    assert!(tree.contains("(X25519MLKEM768)") && tree.contains("(HelloRetryRequest)"), "{tree}");
}

#[test]
fn every_extension_survives() {
    let schemes = vec![SignatureScheme::Ed25519, SignatureScheme::Unknown(0xfefe)];
    let share = KeyShareEntry { group: NamedGroup::X25519, key: vec![9; 32] };
    let client = ClientHello {
        cipher_suites: vec![CipherSuite::from(0x1301)],
        extensions: vec![
            Extension::server_name("www.example.com"),
            Extension::alpn(&["h2", "http/1.1"]),
            Extension::SupportedGroups(vec![NamedGroup::X25519, NamedGroup::Secp256r1]),
            Extension::EcPointFormats(vec![0]),
            Extension::SignatureAlgorithms(schemes.clone()),
            Extension::SignatureAlgorithmsCert(schemes),
            Extension::ExtendedMasterSecret,
            Extension::EncryptThenMac,
            Extension::SessionTicket(vec![]),
            Extension::SupportedVersions(vec![Version::Tls13, Version::Unknown(0x7f1c)]),
            Extension::PskKeyExchangeModes(vec![1]),
            Extension::KeyShares(vec![share.clone()]),
            Extension::Cookie(vec![7; 4]),
            Extension::RenegotiationInfo(vec![]),
            Extension::Unknown { kind: 21, data: vec![0; 8] },
        ],
        ..ClientHello::default()
    };
    assert_eq!(samples::check::<ClientHello>(&client.encode()), client);
    let server = ServerHello {
        extensions: vec![
            Extension::SelectedKeyShare(share),
            Extension::Unknown { kind: 0, data: vec![] }, // the answer to SNI is empty
        ],
        ..ServerHello::default()
    };
    assert_eq!(samples::check::<ServerHello>(&server.encode()), server);
}

#[test]
fn a_certificate_request_is_read_in_both_its_forms() {
    let flight = messages(&sample("tls/tls12-certificate-request"));
    let body = &flight.iter().find(|m| m.kind == HandshakeType::CertificateRequest).unwrap().body;
    let request = CertificateRequest::decode(body).unwrap();
    assert!(request.types.contains(&ClientCertificateType::EcdsaSign));
    assert!(request.signature_algorithms.as_ref().unwrap().len() > 5);
    let old = CertificateRequest {
        types: vec![ClientCertificateType::RsaSign],
        signature_algorithms: None,
        authorities: vec![vec![0x30, 0x00]],
    };
    assert_eq!(CertificateRequest::decode(&old.encode()).unwrap(), old);
}

#[test]
fn an_alert_has_names() {
    let bytes = sample("tls/alert-handshake-failure");
    let record = Record::decode(&bytes).unwrap();
    let alert = Alert::decode(&record.payload).unwrap();
    assert_eq!(alert, Alert::fatal(AlertDescription::HandshakeFailure));
    assert_eq!(alert.to_string(), "fatal handshake_failure");
    assert_eq!(alert.into_record(record.version), bytes);
}

#[test]
fn what_is_no_tls_is_said_at_the_first_byte() {
    let mut reader = RecordReader::new();
    assert_eq!(reader.next(), Ok(None));
    reader.push(b"HTTP/1.1 400");
    assert_eq!(reader.next(), Err(RecordError::NotTls { head: b"HTTP/".to_vec() }));
    assert_eq!(reader.pending(), b"HTTP/1.1 400");
}

#[test]
fn the_limits_of_the_readers_hold_at_the_limit_and_one_past_it() {
    let of = |length: usize| {
        let head = [23, 3, 3, (length >> 8) as u8, length as u8];
        [&head[..], &vec![0; length]].concat()
    };
    let mut reader = RecordReader::new();
    reader.push(&of(RECORD_PAYLOAD_BYTES_MAX));
    assert!(reader.next().unwrap().is_some());
    reader.push(&of(RECORD_PAYLOAD_BYTES_MAX + 1));
    assert!(matches!(reader.next(), Err(RecordError::TooLong { .. })));

    let mut reader = RecordReader::new();
    for _ in 0..8 {
        reader.push(&of(RECORD_PAYLOAD_BYTES_MAX));
    }
    reader.push(&[23]);
    for _ in 0..8 {
        assert!(reader.next().unwrap().is_some());
    }
    assert_eq!(reader.next(), Err(RecordError::Overflow));

    let of = |length: usize| {
        let head = [11, (length >> 16) as u8, (length >> 8) as u8, length as u8];
        [&head[..], &vec![0; length]].concat()
    };
    let mut reader = HandshakeReader::new();
    reader.push(&of(HANDSHAKE_BYTES_MAX));
    assert!(reader.next().unwrap().is_some());
    reader.push(&of(HANDSHAKE_BYTES_MAX + 1));
    assert!(matches!(reader.next(), Err(HandshakeError::TooLong { .. })));
}

#[test]
fn a_broken_extension_is_kept_and_pointed_at() {
    let mut broken = hello("tls/openssl-tls12-client-hello");
    let data = vec![0, 200, 0, 0, 1, b'x'];
    broken.extensions.push(Extension::Unknown { kind: 0, data });
    broken.extensions.push(Extension::Unknown { kind: 0x5a5a, data: vec![] });
    let bytes = broken.encode();
    assert_eq!(ClientHello::decode(&bytes).unwrap(), broken);
    let tree = ClientHello::dissect(&bytes, 0..bytes.len()).field;
    assert_tiles(&tree, 0, bytes.len() * 8);
    let anomalies: Vec<String> =
        tree.anomalies().iter().map(|(_, text)| (*text).to_owned()).collect();
    assert_eq!(anomalies.len(), 1, "{anomalies:?}");
    assert!(anomalies[0].contains("cut off"), "{anomalies:?}");
    assert!(outline(&tree).contains("GREASE"));
}

#[test]
fn a_hello_is_explained_to_the_bit() {
    let hello = hello("tls/openssl-tls12-client-hello");
    let bytes = hello.encode();
    let tree: Field = ClientHello::dissect(&bytes, 0..bytes.len()).field;
    insta::assert_snapshot!(outline(&tree));
}

#[test]
fn names_of_code_points_are_read_in_any_case() {
    assert_eq!("tls_rsa_with_aes_128_cbc_sha".parse(), Ok(CipherSuite::from(0x002f)));
    assert_eq!("0x1301".parse(), Ok(CipherSuite::from(0x1301)));
    assert_eq!("x25519mlkem768".parse(), Ok(NamedGroup::X25519MlKem768));
    assert_eq!("alert 200".parse(), Ok(AlertDescription::Unknown(200)));
    assert_eq!(CipherSuite::Unknown(0xdead).to_string(), "0xdead");
    assert!("nonsense".parse::<Version>().is_err());
    assert!(is_grease(0xfafa) && !is_grease(0x1301) && !is_grease(0x0a1a));
}

proptest! {
    #![proptest_config(samples::seeded(256))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), split in 0usize..400) {
        let _ = Handshake::decode(&bytes);
        let _ = ClientHello::dissect(&bytes, 0..bytes.len());
        let mut reader = RecordReader::new();
        let split = split.min(bytes.len());
        for part in [&bytes[..split], &bytes[split..]] {
            reader.push(part);
            while let Ok(Some(_)) = reader.next() {}
        }
    }

    #[test]
    fn damaged_hellos_that_decode_survive_a_round_trip(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut bytes = hello("tls/curl-client-hello").encode();
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(hello) = ClientHello::decode(&bytes) {
            prop_assert_eq!(hello.encode(), bytes);
        }
    }
}
