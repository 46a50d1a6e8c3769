//! TLS records, alerts and handshake messages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::conversation::{Conversation, Side};
use plumb_wire::tls::starttls::{Protocol, Upgrade};
use plumb_wire::tls::{
    Alert, Certificate, CertificateRequest, Handshake, HandshakeReader, Plaintext, Record,
    RecordReader,
};

fuzz_target!(|bytes: &[u8]| {
    plumb_fuzz::identity::<Record>(bytes);
    plumb_fuzz::identity::<Alert>(bytes);
    plumb_fuzz::identity::<Certificate>(bytes);
    plumb_fuzz::identity::<CertificateRequest>(bytes);
    // A hello without extensions has two forms.
    plumb_fuzz::meaning::<Handshake>(bytes);
    plumb_fuzz::meaning::<Plaintext>(bytes);
    let (mut records, mut messages) = (RecordReader::new(), HandshakeReader::new());
    for part in bytes.chunks(7) {
        records.push(part);
        while let Ok(Some(record)) = records.next() {
            messages.push(&record.payload);
            while let Ok(Some(_)) = messages.next() {}
        }
    }
    for mut conversation in [Conversation::new(), Conversation::http2()] {
        for (at, part) in bytes.chunks(11).enumerate() {
            let side = if at % 3 == 1 { Side::Server } else { Side::Client };
            let _ = conversation.passed(side, part);
        }
    }
    for protocol in ["smtp", "imap", "xmpp", "postgres", "ldap"] {
        let Ok(protocol) = Protocol::parse(protocol) else { continue };
        let mut upgrade = Upgrade::new(protocol, "h.example");
        for part in bytes.chunks(5) {
            let _ = upgrade.received(part);
        }
    }
});
