//! What both ends say of a TLS handshake that is refused, and of HTTP/2 that is
//! cut: in words.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::process::Command;

use ground::{Scratch, Serving, command, installed};

/// An authority and a certificate of it for `bob`, made by openssl.
fn certificates(scratch: &Scratch) {
    let directory = scratch.path("");
    std::fs::write(scratch.path("ext"), "subjectAltName=DNS:bob\n").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for line in [
        format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2"),
        format!("req {key} -keyout bob.key -out bob.csr -subj /CN=bob"),
        "x509 -req -in bob.csr -CA ca.pem -CAkey ca.key -out bob.pem -days 2 -extfile ext".into(),
    ] {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(line.split(' ')).current_dir(&directory).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_client_certificate_of_another_name_is_refused_in_words() {
    if !installed("openssl") {
        println!("SKIP: openssl is not installed");
        return;
    }
    let scratch = Scratch::new("refusals");
    certificates(&scratch);
    let (ca, cert, key) =
        (scratch.path("ca.pem"), scratch.path("bob.pem"), scratch.path("bob.key"));
    let arguments = ["http", "--tls", "self", "--client-ca", &ca, "--client-name", "alice"];
    let served = Serving::serve(&[&arguments[..], &["--listen", "127.0.0.1:0", "-v"]].concat(), 1);
    let url = format!("https://127.0.0.1:{}/", served.port());
    let tls = format!("tls://127.0.0.1:{}", served.port());
    let bob = ["--cert", &cert, "--key", &key];
    for (arguments, identity, says) in [
        (&["http", "-k", &url][..], &bob[..], "access_denied: the client certificate is valid"),
        (
            &["http", "--http1.1", "-k", &url],
            &bob,
            "access_denied: the client certificate is valid",
        ),
        (&["http", "-k", &url], &[], "certificate_required: it demands a client certificate"),
        (&["connect", "-k", &tls], &bob, "access_denied: the client certificate is valid"),
    ] {
        let output = command().args(arguments).args(identity).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("received fatal alert"), "{arguments:?}: {stderr}");
    }
    let told = served.stop().stdout;
    assert!(told.contains("failed: the client's certificate verifies, but none of its"), "{told}");
    assert!(told.contains("failed: the client showed no certificate"), "{told}");
    assert!(!told.contains("ApplicationVerificationFailure"), "{told}");
}

#[test]
fn http2_that_is_cut_is_told_in_words() {
    if !installed("python3") {
        println!("SKIP: python3 is not installed");
        return;
    }
    let served = Serving::serve(&["http", "--listen", "127.0.0.1:0", "-v"], 1);
    // SETTINGS, and then a RST; and WINDOW_UPDATE of three bytes, which is an error.
    let program = "import socket,struct,sys
begin = b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + b'\\0\\0\\0\\4\\0\\0\\0\\0\\0'
for more in (b'', b'\\0\\0\\3\\x08\\0\\0\\0\\0\\0abc'):
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    s.sendall(begin + more)
    s.recv(100)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    while more and s.recv(100):
        pass
    s.close()
";
    let port = served.port().to_string();
    let status = Command::new("python3").args(["-c", program, &port]).status().unwrap();
    assert!(status.success());
    let told = served.stop().stdout;
    assert!(told.contains("failed: the client reset the connection"), "{told}");
    assert!(told.contains("FRAME_SIZE_ERROR") || told.contains("HTTP broke off: "), "{told}");
    assert!(!told.contains("http2 error"), "{told}");
}
