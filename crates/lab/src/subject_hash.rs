//! The name under which OpenSSL looks a certificate up in a directory of trusted
//! ones: `<hash of the subject>.0`.
//!
//! The hash is the first four bytes, read little-endian, of the SHA-1 of the
//! subject in OpenSSL's canonical form (`x509_name_canon` in
//! crypto/x509/x_name.c): each string as UTF8String, in lower case, without
//! space around it and with single spaces within, and without the outermost
//! SEQUENCE header.

use aws_lc_rs::digest;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTF8_STRING: u8 = 0x0c;
/// The explicit tag [0] of a certificate's version.
const VERSION: u8 = 0xa0;

/// The string types that the canonical form folds: UTF8, Numeric, Printable,
/// T61, IA5, Visible, Universal and BMP strings. Wide ones are kept as they are,
/// for the lab makes none.
const FOLDED: [u8; 4] = [UTF8_STRING, 0x13, 0x16, 0x1a];

/// The hash as eight hexadecimal digits; `None` if this is no certificate.
pub(crate) fn subject_hash(certificate_der: &[u8]) -> Option<String> {
    let canonical = canonical_subject(certificate_der)?;
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &canonical);
    let first: [u8; 4] = sha1.as_ref().get(..4)?.try_into().ok()?;
    Some(format!("{:08x}", u32::from_le_bytes(first)))
}

fn canonical_subject(certificate_der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate, _) = element(certificate_der)?;
    let (_, mut tbs, _) = element(certificate)?;
    if tbs.first() == Some(&VERSION) {
        tbs = element(tbs)?.2;
    }
    // serialNumber, signature, issuer, validity: RFC 5280 section 4.1.
    for _ in 0..4 {
        tbs = element(tbs)?.2;
    }
    let (_, mut subject, _) = element(tbs)?;
    let mut canonical = Vec::new();
    while !subject.is_empty() {
        let (tag, mut set, rest) = element(subject)?;
        if tag != SET {
            return None;
        }
        let mut attributes = Vec::new();
        while !set.is_empty() {
            let (_, attribute, rest) = element(set)?;
            attributes.push(canonical_attribute(attribute)?);
            set = rest;
        }
        // DER sorts the members of a SET OF.
        attributes.sort();
        push(&mut canonical, SET, &attributes.concat());
        subject = rest;
    }
    Some(canonical)
}

fn canonical_attribute(attribute: &[u8]) -> Option<Vec<u8>> {
    let (_, _, after_type) = element(attribute)?;
    let kind = &attribute[..attribute.len() - after_type.len()];
    let (tag, value, _) = element(after_type)?;
    let mut inner = kind.to_vec();
    if FOLDED.contains(&tag) {
        let text = String::from_utf8_lossy(value);
        let words: Vec<_> = text.split_ascii_whitespace().collect();
        push(&mut inner, UTF8_STRING, words.join(" ").to_ascii_lowercase().as_bytes());
    } else {
        inner.extend_from_slice(after_type);
    }
    let mut whole = Vec::new();
    push(&mut whole, SEQUENCE, &inner);
    Some(whole)
}

/// Splits the first DER element off: its tag, its content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let octets = usize::from(first & 0x7f);
        // Four octets of length reach beyond any certificate.
        if octets == 0 || octets > 4 || rest.len() < octets {
            return None;
        }
        let length = rest[..octets].iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        (length, &rest[octets..])
    };
    (length <= rest.len()).then(|| (tag, &rest[..length], &rest[length..]))
}

fn push(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let used = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        out.push(0x80 | used.len() as u8);
        out.extend_from_slice(used);
    }
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Certificates of the lab's own authority and of others, as OpenSSL hashes
    /// them: `openssl x509 -subject_hash`.
    #[test]
    fn openssl_finds_the_same_name() {
        let installed = std::process::Command::new("openssl").arg("version").output();
        if installed.is_err() {
            println!("SKIP: openssl is not installed");
            return;
        }
        for subject in [
            "/CN=Example",
            "/C=DE/O=  Two   Words /OU=\u{c4}rger/CN=MiXed CASE",
            "/DC=org/DC=example/emailAddress=a@EXAMPLE.org/CN=x+UID=y",
        ] {
            let (der, expected) = openssl(subject);
            assert_eq!(subject_hash(&der).as_deref(), Some(expected.as_str()), "{subject}");
        }
    }

    /// A self-signed certificate, DER, and its subject's hash.
    fn openssl(subject: &str) -> (Vec<u8>, String) {
        let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
            -utf8 -multivalue-rdn -keyout /dev/null -subj \"$1\" 2>/dev/null";
        let run = |script: &str, input: &[u8]| {
            use std::io::Write;
            let mut shell = std::process::Command::new("sh")
                .args(["-c", script, "sh", subject])
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            shell.stdin.take().unwrap().write_all(input).unwrap();
            shell.wait_with_output().unwrap().stdout
        };
        let pem = run(script, b"");
        let der = run("openssl x509 -outform DER", &pem);
        let hash = run("openssl x509 -noout -subject_hash", &pem);
        (der, String::from_utf8(hash).unwrap().trim().to_owned())
    }

    #[test]
    fn what_is_no_certificate_has_no_hash() {
        assert_eq!(subject_hash(b""), None);
        assert_eq!(subject_hash(b"\x30\x03abc"), None);
        assert_eq!(subject_hash(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
