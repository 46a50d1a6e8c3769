//! Values in files: what people read is what they hold, and it comes back the same.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod samples;

use plumb_wire::capture::LinkType;
use plumb_wire::dns::{Message, Name, Rtype};
use plumb_wire::stack::{Packet, dissect};
use plumb_wire::tls::CipherSuite;
use samples::{all, sample};

#[test]
fn a_packet_comes_back_from_a_file() {
    for (name, bytes) in all("frame") {
        let packet = dissect(LinkType::Ethernet, &bytes);
        let text = serde_json::to_string(&packet).unwrap();
        assert_eq!(serde_json::from_str::<Packet>(&text).unwrap(), packet, "{name}");
    }
}

#[test]
fn names_and_code_points_are_text() {
    let message = Message::decode(&sample("dns/answer-cname-chain")).unwrap();
    let json = serde_json::to_value(&message).unwrap();
    assert_eq!(json["questions"][0]["name"], "www.example.com");
    assert_eq!(json["questions"][0]["rtype"], "A");
    assert_eq!(json["flags"]["rcode"], "NOERROR");
    assert_eq!(json["answers"][0]["data"]["Cname"], "web.example.com");
    assert_eq!(json["answers"][1]["data"]["A"], "10.130.1.4");
    assert_eq!(serde_json::from_value::<Message>(json).unwrap(), message);
}

#[test]
fn code_points_without_a_name_come_back_too() {
    for text in ["\"TYPE731\"", "\"AAAA\""] {
        let rtype: Rtype = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&rtype).unwrap(), text);
    }
    let suite: CipherSuite = serde_json::from_str("\"0xdead\"").unwrap();
    assert_eq!(suite, CipherSuite::Unknown(0xdead));
    assert!(serde_json::from_str::<Name>("\"a..b\"").is_err());
}
