//! Why a handshake failed, in words: what the client did, and what would help.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// The TLS library's own error within an I/O error.
pub(super) fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// What happened, for who runs the server.
pub(super) fn of(error: &io::Error) -> String {
    match cause(error) {
        Some(error) => of_tls(error),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the client closed the connection in the middle of the handshake, without saying why \
             in an alert; it often does so when it does not trust the certificate"
                .to_owned()
        }
        None => error.to_string(),
    }
}

fn of_tls(error: &Error) -> String {
    match error {
        Error::NoCertificatesPresented => {
            "the client showed no certificate, and this server demands one".to_owned()
        }
        Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
            "the client's certificate verifies, but none of its names may come: compare them \
             (openssl x509 -noout -subject -ext subjectAltName) with those that are let in"
                .to_owned()
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the client's certificate comes from an authority that this server does not trust for \
             clients"
                .to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the client's certificate has expired".to_owned(),
        Error::InvalidCertificate(why) => {
            format!("the client's certificate does not verify: {why}")
        }
        Error::AlertReceived(alert) => alerted(*alert),
        Error::NoApplicationProtocol => {
            "the client offers no protocol (ALPN) that this server speaks".to_owned()
        }
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::Tls13RequiredForQuic
            | PeerIncompatible::ServerDoesNotSupportTls12Or13,
        ) => "the client offers no version of TLS that is safe: 1.2 or 1.3".to_owned(),
        Error::PeerIncompatible(why) => {
            format!("client and server have too little of TLS in common: {why:?}")
        }
        Error::InvalidMessage(_) => {
            format!("what the client sent is no TLS ({error}); it may speak plain text")
        }
        _ => error.to_string(),
    }
}

/// What a client's alert says of the server.
fn alerted(alert: AlertDescription) -> String {
    let name = plumb_wire::tls::AlertDescription::from(u8::from(alert));
    let meaning = match alert {
        AlertDescription::UnknownCA => "it does not trust who issued this server's certificate",
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate => {
            "it does not accept this server's certificate"
        }
        AlertDescription::CertificateExpired => "for it, this server's certificate has expired",
        AlertDescription::CertificateRevoked => "for it, this server's certificate is revoked",
        AlertDescription::ProtocolVersion => "it speaks no version of TLS that this server does",
        AlertDescription::HandshakeFailure => "it finds too little of TLS in common",
        _ => return format!("the client ended the handshake with the alert {name}"),
    };
    format!("the client refused ({name}): {meaning}")
}
