//! Conversations inside TLS.

use super::*;

#[test]
fn plumb_speaks_tls_with_itself_and_verifies() {
    let scratch = Scratch::new("tls");
    let certificate = scratch.file("ca.pem");
    let arguments = ["tls://127.0.0.1:0", "--tls", "self", "--tls-save", &certificate];
    let mut listening = Listening::start(&arguments);
    listening.input(b"a secret");
    let address = format!("tls://localhost:{}", listening.socket().port());
    // Who does not trust it says nothing; the server goes on waiting.
    let refused = with_input(&["connect", "-4", &address], b"");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("TLS handshake failed"), "{refused:?}");
    let output = with_input(&["connect", "-4", &address, "--cacert", &certificate], b"another");
    assert_eq!(text(&output.stdout), "a secret");
    assert!(
        text(&output.stderr).contains("TLSv1.3") && text(&output.stderr).contains("(verified)")
    );
    let (status, stdout, _) = listening.end();
    assert_eq!((status, text(&stdout).as_str()), (0, "another"));
}

#[test]
fn openssl_understands_both_ends() {
    if missing("openssl") {
        return;
    }
    let mut listening = Listening::start(&["tls://127.0.0.1:0", "--tls", "self"]);
    let port = listening.socket().port();
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(b"from openssl\n").unwrap();
    // s_client says nothing more once it has heard the other side's end.
    let mut line = String::new();
    BufReader::new(listening.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "from openssl\n");
    listening.input(b"from plumb");
    let output = client.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "from plumb");
    assert_eq!(listening.end().0, 0);
}

/// Python's ends: smtplib's server side is played by hand, TLS by `ssl`.
const STARTTLS: &str = r#"
import socket, ssl, subprocess, sys, tempfile
directory = sys.argv[1]
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
  "-nodes", "-keyout", directory + "/key.pem", "-out", directory + "/cert.pem", "-days", "2",
  "-subj", "/CN=mail", "-addext", "subjectAltName=DNS:mail.example"],
  check=True, capture_output=True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(directory + "/cert.pem", directory + "/key.pem")
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
plain, _ = server.accept()
plain.sendall(b"220-hello\r\n220 mail.example ESMTP\r\n")
assert plain.recv(100).startswith(b"EHLO")
plain.sendall(b"250-mail.example\r\n250 STARTTLS\r\n")
assert plain.recv(100) == b"STARTTLS\r\n"
plain.sendall(b"220 go ahead\r\n")
secure = context.wrap_socket(plain, server_side=True)
print(secure.recv(100).decode(), flush=True)
secure.sendall(b"250 secure\r\n")
secure.unwrap()
"#;

#[test]
fn starttls_leads_into_tls() {
    if missing("python3") || missing("openssl") {
        return;
    }
    let scratch = Scratch::new("starttls");
    let mut python = Command::new("python3")
        .args(["-c", STARTTLS, &scratch.0.display().to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(python.stdout.take().unwrap());
    let mut port = String::new();
    said.read_line(&mut port).unwrap();
    let address = format!("127.0.0.1:{}", port.trim_end());
    let certificate = scratch.file("cert.pem");
    let tls = ["--starttls", "smtp", "--server-name", "mail.example", "--cacert", &certificate];
    let output = with_input(&[&["connect", &address], &tls[..]].concat(), b"EHLO again\r\n");
    assert_eq!(text(&output.stdout), "250 secure\r\n", "{}", text(&output.stderr));
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "EHLO again\r\n");
    python.wait().unwrap();
}
