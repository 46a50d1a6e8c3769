//! The messages of a TLS connection by name, as far as they are in the clear.

use super::{
    Alert, Certificate, ClientHello, ContentType, Extension, ExtensionType, HandshakeMessage,
    HandshakeReader, HandshakeType, Record, RecordReader, ServerHello, Version,
};

/// Names the records of one direction as they come.
#[derive(Debug, Default)]
pub struct RecordNames {
    records: RecordReader,
    messages: HandshakeReader,
    /// ChangeCipherSpec was sent: before TLS 1.3, what follows is encrypted.
    changed: bool,
    /// What comes is no TLS any more.
    lost: bool,
}

impl RecordNames {
    /// A line for each message that is here; `is_tls13` once a server chose so, in either
    /// direction.
    pub fn take(&mut self, bytes: &[u8], is_tls13: &mut bool) -> Vec<String> {
        let mut lines = Vec::new();
        if self.lost {
            return lines;
        }
        self.records.push(bytes);
        loop {
            match self.records.next() {
                Ok(Some(record)) => self.name(&record, is_tls13, &mut lines),
                Ok(None) => return lines,
                Err(error) => {
                    self.lost = true;
                    lines.push(error.to_string());
                    return lines;
                }
            }
        }
    }

    fn name(&mut self, record: &Record, is_tls13: &mut bool, lines: &mut Vec<String>) {
        let size = record.payload.len();
        let is_clear = !self.changed || *is_tls13;
        match record.content_type {
            ContentType::Handshake if is_clear => {
                self.messages.push(&record.payload);
                loop {
                    match self.messages.next() {
                        Ok(Some(message)) => lines.push(handshake(&message, is_tls13)),
                        Ok(None) => return,
                        Err(error) => {
                            lines.push(error.to_string());
                            self.lost = true;
                            return;
                        }
                    }
                }
            }
            ContentType::Handshake => lines.push(format!("handshake, encrypted, {size} bytes")),
            ContentType::ChangeCipherSpec => {
                self.changed = true;
                lines.push(match *is_tls13 {
                    true => "ChangeCipherSpec: for devices on the way; it means nothing".to_owned(),
                    false => "ChangeCipherSpec: what follows is encrypted".to_owned(),
                });
            }
            ContentType::Alert => lines.push(match Alert::decode(&record.payload) {
                Ok(alert) => format!("Alert: {} {}", alert.level, alert.description),
                Err(_) => format!("alert, encrypted, {size} bytes"),
            }),
            ContentType::ApplicationData => {
                let what = if *is_tls13 { "handshake or data" } else { "application data" };
                lines.push(format!("{what}, encrypted, {size} bytes"));
            }
            other => lines.push(format!("{other}, {size} bytes")),
        }
    }
}

fn handshake(message: &HandshakeMessage, is_tls13: &mut bool) -> String {
    let said = match message.kind {
        HandshakeType::ClientHello => ClientHello::decode(&message.body).ok().map(|h| offer(&h)),
        HandshakeType::ServerHello => ServerHello::decode(&message.body).ok().map(|hello| {
            *is_tls13 |= hello.version() == Version::Tls13;
            if hello.is_retry_request() {
                return "HelloRetryRequest: the client is to offer a key of another group"
                    .to_owned();
            }
            format!("ServerHello: {}, {}", hello.version(), hello.cipher_suite)
        }),
        HandshakeType::Certificate => Certificate::decode(&message.body)
            .ok()
            .map(|sent| format!("Certificate: a chain of {}", sent.chain.len())),
        _ => None,
    };
    let size = message.body.len();
    said.unwrap_or_else(|| format!("{}, {size} bytes", message.kind))
}

/// What a client offers.
fn offer(hello: &ClientHello) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let name = hello.server_name().map_or("no name".to_owned(), text);
    let versions: Vec<String> = hello
        .versions()
        .iter()
        .filter(|version| !super::is_grease(version.number()))
        .map(Version::to_string)
        .collect();
    let mut said = format!(
        "ClientHello: for {name}, {}, {} cipher suites",
        versions.join(" or "),
        hello.cipher_suites.len()
    );
    if let Some(Extension::Alpn(protocols)) = hello.extension(ExtensionType::Alpn) {
        let protocols: Vec<String> = protocols.iter().map(|name| text(name)).collect();
        said += &format!(", ALPN {}", protocols.join(" "));
    }
    said
}
