//! DNS messages: samples, hostile bytes, and hickory-proto as a second opinion.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod samples;

use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::op::Message as Hickory;
use plumb_wire::Layout;
use plumb_wire::dns::*;
use proptest::prelude::*;
use samples::{all, assert_tiles, outline, sample};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn every_type() -> Message {
    let record = |data| Record::new(name("www.example.com"), 300, data);
    let query = Message::query(0x1234, name("www.example.com"), Rtype::A, true);
    let mut message = query.response(Rcode::NoError);
    let soa = Soa {
        primary: name("ns1.example.com"),
        mailbox: name("hostmaster.example.com"),
        serial: 2026112001,
        refresh_s: 7200,
        retry_s: 900,
        expire_s: 1209600,
        minimum_s: 300,
    };
    message.answers = vec![
        record(Rdata::A(Ipv4Addr::new(10, 130, 1, 4))),
        record(Rdata::Aaaa(Ipv6Addr::LOCALHOST)),
        record(Rdata::Cname(name("web.example.com"))),
        record(Rdata::Mx(Mx { preference: 10, exchange: name("mail.example.com") })),
        record(Rdata::Txt(vec![b"v=spf1 -all".to_vec(), b"second \"part\"".to_vec()])),
        record(Rdata::Srv(Srv {
            priority: 1,
            weight: 2,
            port: 5060,
            target: name("sip.example.com"),
        })),
        record(Rdata::Ptr(name("dns.google"))),
        record(Rdata::Caa(Caa {
            flags: 128,
            tag: b"issue".to_vec(),
            value: b"ca.example.com".to_vec(),
        })),
        record(Rdata::Unknown { rtype: 731, data: vec![1, 2, 3] }),
    ];
    message.authorities = vec![
        Record::new(name("example.com"), 60, Rdata::Soa(soa)),
        Record::new(name("example.com"), 60, Rdata::Ns(name("ns1.example.com"))),
    ];
    let why = EdnsOption::ExtendedError {
        code: ExtendedErrorCode::NoReachableAuthority,
        text: "no one there".to_owned(),
    };
    let cookie = EdnsOption::Unknown { code: 10, data: vec![1; 8] };
    message.with_edns(Edns { options: vec![why, cookie], dnssec_ok: true, ..Edns::default() })
}

#[test]
fn decoding_what_was_encoded_gives_it_back() {
    let message = every_type();
    assert_eq!(Message::decode(&message.encode()).unwrap(), message);
}

#[test]
fn hickory_reads_the_same_message() {
    let message = every_type();
    let other = Hickory::from_vec(&message.encode()).unwrap();
    assert_eq!(other.metadata.id, message.id);
    let ours: Vec<String> = message.answers[..7].iter().map(|r| r.data.to_string()).collect();
    let theirs: Vec<String> = other.answers[..7].iter().map(|r| r.data.to_string()).collect();
    assert_eq!(ours[0], theirs[0]);
    assert_eq!(ours[2], theirs[2]);
    assert_eq!(ours[3], theirs[3]);
    assert_eq!(ours[5], theirs[5]);
    let again = Message::decode(&other.to_vec().unwrap()).unwrap();
    assert_eq!(again.answers, message.answers);
    assert_eq!(again.authorities, message.authorities);
    assert_eq!(again.edns().unwrap().options.len(), 2);
}

#[test]
fn every_sample_is_read_explained_and_written_again() {
    for (name, bytes) in all("dns") {
        let message = Message::decode(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(message.encode(), bytes, "{name}: their names are compressed as ours are");
        samples::check::<Message>(&bytes);
        let tree = Message::dissect(&bytes, 0..bytes.len()).field;
        assert_tiles(&tree, 0, bytes.len() * 8);
        assert_eq!(tree.anomalies(), [], "{name}");
        for end in 0..bytes.len() {
            assert!(Message::decode(&bytes[..end]).is_err(), "{name}: {end} bytes");
        }
    }
}

#[test]
fn hickory_reads_the_samples_the_same() {
    for (name, bytes) in all("dns") {
        if name == "dynamic-update" {
            continue; // hickory keeps no class of deleted sets
        }
        let ours = Message::decode(&bytes).unwrap();
        let theirs = Hickory::from_vec(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(u16::from(theirs.metadata.response_code), ours.flags.rcode.number(), "{name}");
        assert_eq!(theirs.metadata.truncation, ours.flags.truncated);
        let questions = theirs.queries.iter().zip(&ours.questions);
        for (their, our) in questions {
            assert_eq!(their.name().to_ascii().trim_end_matches('.'), our.name.to_string());
            assert_eq!(u16::from(their.query_type()), our.rtype.number());
        }
        let pairs = theirs.answers.iter().chain(&theirs.authorities);
        for (their, our) in pairs.zip(ours.answers.iter().chain(&ours.authorities)) {
            assert_eq!(their.ttl, our.ttl_s, "{name}");
            assert_eq!(u16::from(their.record_type()), our.rtype().number());
            if matches!(our.rtype(), Rtype::A | Rtype::Aaaa | Rtype::Ns | Rtype::Mx) {
                assert_eq!(their.data.to_string(), our.data.to_string(), "{name}");
            }
        }
    }
}

#[test]
fn hostile_messages_are_refused_or_cost_little() {
    for (name, bytes) in all("dns-hostile") {
        let decoded = Message::decode(&bytes);
        let legal = name == "pointer-chain-in-data";
        assert_eq!(decoded.is_ok(), legal, "{name}: {decoded:?}");
        let tree = Message::dissect(&bytes, 0..bytes.len()).field;
        assert_tiles(&tree, 0, tree.bit_end());
        assert_eq!(tree.anomalies().is_empty(), legal, "{name}");
    }
}

#[test]
fn a_referral_is_explained_to_the_bit() {
    let bytes = sample("dns/referral-with-glue");
    insta::assert_snapshot!(outline(&Message::dissect(&bytes, 0..bytes.len()).field));
}

#[test]
fn samples_say_what_they_are_named_for() {
    let of = |name: &str| Message::decode(&sample(&format!("dns/{name}"))).unwrap();
    assert_eq!(of("badvers").flags.rcode, Rcode::BadVers);
    assert!(of("truncated").flags.truncated);
    let servfail = of("servfail-extended-error");
    let why = &servfail.edns().unwrap().options[0];
    let code = ExtendedErrorCode::NoReachableAuthority;
    assert_eq!(*why, EdnsOption::ExtendedError { code, text: "no one there".to_owned() });
    assert_eq!(of("mixed-case").questions[0].name.to_string(), "wWw.eXaMpLe.CoM");
    let mixed = of("every-type-at-once");
    let https = &mixed.answers[4];
    assert_eq!(https.rtype(), Rtype::Https);
    assert_eq!(https.to_string(), "example.com. 300 IN HTTPS \\# 10 00010000010003026832");
}

#[test]
fn every_prefix_is_an_error_and_no_panic() {
    let bytes = every_type().encode();
    for end in 0..bytes.len() {
        assert!(Message::decode(&bytes[..end]).is_err(), "{end} bytes");
    }
}

#[test]
fn extended_rcode_needs_edns() {
    let mut message = every_type();
    message.flags.rcode = Rcode::BadVers;
    let read = Message::decode(&message.encode()).unwrap();
    assert_eq!(read.flags.rcode, Rcode::BadVers);
    message.additionals.clear();
    let read = Message::decode(&message.encode()).unwrap();
    assert_eq!(read.flags.rcode, Rcode::NoError);
}

#[test]
fn compression_loops_are_errors() {
    let header = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for pointer in [[0xc0, 12], [0xc0, 13], [0xc0, 200], [0xff, 0xff]] {
        let bytes = [&header[..], &pointer, &[0, 1, 0, 1]].concat();
        let error = Message::decode(&bytes).unwrap_err();
        assert!(error.to_string().contains("backwards"), "{error}");
    }
    let mutual = [&header[..], &[1, b'a', 0xc0, 16, 0xc0, 12, 0, 1, 0, 1]].concat();
    assert!(Message::decode(&mutual).is_err());
}

#[test]
fn a_chain_of_pointers_is_followed_so_far_and_no_further() {
    let chain = |pointers: usize| {
        // Data of a type without a format: a name, then pointers each to what is before it.
        let mut bytes = vec![0, 5, 0x80, 0, 0, 0, 0, 2, 0, 0, 0, 0];
        let data_bytes = 3 + 2 * (pointers as u16 - 1);
        bytes.extend([0, 0x02, 0xdb, 0, 1, 0, 0, 0, 0]);
        bytes.extend(data_bytes.to_be_bytes());
        let mut target = bytes.len() as u16;
        bytes.extend([1, b'a', 0]);
        for _ in 1..pointers {
            let here = bytes.len() as u16;
            bytes.extend((0xc000 | target).to_be_bytes());
            target = here;
        }
        bytes.extend((0xc000 | target).to_be_bytes());
        bytes.extend([0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 1]);
        Message::decode(&bytes)
    };
    assert_eq!(chain(127).unwrap().answers[1].name, name("a"));
    assert!(chain(128).unwrap_err().to_string().contains("127"));
}

#[test]
fn names_are_compared_ordered_and_written() {
    assert_eq!(name("WWW.Example.com."), name("www.example.COM"));
    assert_eq!(name("WWW.example.com").to_string(), "WWW.example.com");
    assert_eq!(name(".").to_string(), ".");
    assert_eq!(name("a\\.b.c").label_count(), 2);
    assert_eq!(name("a\\.b\\032\\255.c").to_string(), "a\\.b\\032\\255.c");
    assert!(name("www.example.com").is_within(&name("EXAMPLE.com")));
    assert!(name("www.example.com").is_within(&Name::root()));
    assert!(!name("notexample.com").is_within(&name("example.com")));
    assert_eq!(name("www.example.com").parent(), Some(name("example.com")));
    assert_eq!(Name::root().parent(), None);
    // The example of RFC 4034 section 6.1.
    let sorted = [
        "example",
        "a.example",
        "yljkjljk.a.example",
        "Z.a.example",
        "zABC.a.EXAMPLE",
        "z.example",
        "\\001.z.example",
        "*.z.example",
        "\\200.z.example",
    ]
    .map(name);
    assert!(sorted.is_sorted());
    let reverse = Name::reverse_of("2001:db8::1".parse().unwrap());
    assert!(reverse.to_string().starts_with("1.0.0.0."));
    assert_eq!(Name::reverse_of([8, 8, 4, 1].into()), name("1.4.8.8.in-addr.arpa"));
}

#[test]
fn a_bad_name_is_pointed_at() {
    let long = "a".repeat(64);
    for (text, offset, problem) in [
        ("", 0, NameProblem::Empty),
        ("a..b", 2, NameProblem::EmptyLabel),
        (".a", 0, NameProblem::EmptyLabel),
        ("ab. c", 3, NameProblem::NotPrintable),
        ("bücher.example", 1, NameProblem::NotAscii),
        ("a.\\300", 2, NameProblem::BadEscape),
        ("a.\\", 2, NameProblem::BadEscape),
        (&format!("www.{long}.com"), 4, NameProblem::LabelTooLong),
    ] {
        let error = text.parse::<Name>().unwrap_err();
        assert_eq!((error.offset_bytes, error.problem), (offset, problem), "{text}");
    }
}

#[test]
fn name_limits_are_exact() {
    let label = |length: usize| "a".repeat(length);
    assert!(label(63).parse::<Name>().is_ok());
    let of_255 = [label(63), label(63), label(63), label(61)].join(".");
    assert_eq!(name(&of_255).as_wire().len(), NAME_BYTES_MAX);
    let of_256 = [label(63), label(63), label(63), label(62)].join(".");
    assert_eq!(of_256.parse::<Name>().unwrap_err().problem, NameProblem::TooLong);
}

#[test]
fn records_are_written_as_zone_files_have_them() {
    let lines: Vec<String> = every_type().records().map(Record::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

proptest! {
    #![proptest_config(samples::seeded(256))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Message::decode(&bytes);
    }

    #[test]
    fn damaged_messages_that_decode_survive_a_round_trip(
        at in 0usize..400, value in any::<u8>(),
    ) {
        let mut bytes = every_type().encode();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(Message::decode(&message.encode()).unwrap(), message);
        }
    }

    #[test]
    fn names_survive_their_notation(
        labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..10),
    ) {
        let made = Name::from_labels(&labels).unwrap();
        let read = name(&made.to_string());
        prop_assert_eq!(read.as_wire(), made.as_wire());
    }
}
