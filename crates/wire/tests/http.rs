//! HTTP/1 heads, the good and the odd.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod samples;

use plumb_wire::Layout;
use plumb_wire::http::{HEAD_BYTES_MAX, Head};
use proptest::prelude::*;
use samples::{all, assert_tiles, sample};

#[test]
fn every_sample_encodes_to_what_it_was() {
    for (_, bytes) in all("http") {
        samples::check::<Head>(&bytes);
    }
}

#[test]
fn a_request_of_curl() {
    let (head, used) = Head::read(&sample("http/curl-request")).unwrap().unwrap();
    assert_eq!(used, sample("http/curl-request").len());
    assert!(!head.is_response());
    assert_eq!(head.start.first, b"GET");
    assert_eq!(head.start.third, b"HTTP/1.1");
    assert_eq!(head.header("user-AGENT"), Some(&b"curl/7.88.1"[..]));
    assert_eq!(head.status(), None);
}

#[test]
fn a_response_of_python() {
    let (head, _) = Head::read(&sample("http/python-response")).unwrap().unwrap();
    assert_eq!(head.status(), Some(200));
    assert_eq!(head.start.third, b"OK");
    assert_eq!(head.headers.len(), 4);
}

#[test]
fn every_prefix_needs_more() {
    let bytes = sample("http/curl-request");
    for end in 0..bytes.len() {
        assert_eq!(Head::read(&bytes[..end]), Ok(None), "{end} bytes");
    }
}

#[test]
fn heads_are_made() {
    let head = Head::request("GET", "/a?b", &[("Host", "www.example.com"), ("Accept", "*/*")]);
    let text = "GET /a?b HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n";
    assert_eq!(String::from_utf8(head.encode()).unwrap(), text);
    let head = Head::response(404, "Not Found", &[]);
    assert_eq!(head.encode(), b"HTTP/1.1 404 Not Found\r\n\r\n");
    assert_eq!(head.status(), Some(404));
}

/// The anomalies of a head, which encodes to the same bytes all the same.
fn anomalies(text: &str) -> Vec<String> {
    let (head, used) = Head::read(text.as_bytes()).unwrap().unwrap();
    assert_eq!(head.encode(), &text.as_bytes()[..used]);
    let tree = Head::dissect(text.as_bytes(), 0..text.len()).field;
    assert_tiles(&tree, 0, used * 8);
    tree.anomalies().iter().map(|(field, text)| format!("{}: {text}", field.name)).collect()
}

#[test]
fn what_is_odd_is_kept_and_said() {
    assert_eq!(anomalies("GET / HTTP/1.1\r\nA: b\r\n\r\n"), [] as [&str; 0]);
    for (text, wanted) in [
        ("GET / HTTP/1.1\nA: b\r\n\r\n", "line end: LF without CR"),
        ("GET / HTTP/1.1\r\nA : b\r\n\r\n", "gap: a blank before the colon"),
        ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "value: a folded line"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", "value: no colon"),
        ("GET / HTTP/1.1\r\nä: b\r\n\r\n", "name: not a token"),
        ("GET  / HTTP/1.1\r\n\r\n", "gap: not one blank"),
        ("GET / HTTP/1.1 \r\n\r\n", "line end: blanks at the end"),
    ] {
        let found = anomalies(text);
        assert!(found.iter().any(|anomaly| anomaly.starts_with(wanted)), "{text:?}: {found:?}");
    }
    let (head, _) = Head::read(b"GET /a b HTTP/1.1\r\n\r\n").unwrap().unwrap();
    assert_eq!(head.start.second, b"/a b", "a blank in the target stays in the target");
    let (head, _) = Head::read(b"HTTP/1.1 200\r\n\r\n").unwrap().unwrap();
    assert_eq!(head.status(), Some(200), "no reason");
}

#[test]
fn the_limit_holds() {
    let of = |length: usize| {
        let frame = "GET / HTTP/1.1\r\nA: \r\n".len();
        format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(length - frame))
    };
    assert!(Head::read(of(HEAD_BYTES_MAX).as_bytes()).unwrap().is_some());
    assert!(Head::read(of(HEAD_BYTES_MAX + 1).as_bytes()).is_err());
    assert!(Head::read(&vec![b'x'; HEAD_BYTES_MAX - 1]).unwrap().is_none());
    assert!(Head::read(&vec![b'x'; HEAD_BYTES_MAX]).is_err());
}

proptest! {
    #![proptest_config(samples::seeded(256))]

    #[test]
    fn any_head_encodes_to_what_it_was(text in "[ -~\r\n\t:]{0,200}\r\n\r\n") {
        if let Ok(Some((head, used))) = Head::read(text.as_bytes()) {
            prop_assert_eq!(head.encode(), &text.as_bytes()[..used]);
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let tree = Head::dissect(&bytes, 0..bytes.len()).field;
        assert_tiles(&tree, 0, tree.bit_end());
    }
}
