//! `--narrate` tells TLS and HTTP/2 by the names of their messages.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod ground;

use std::process::Command;

use ground::{Scratch, Serving, command, installed};

/// Whether `parts` stand in `text` one after the other.
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("no {part:?} in its place:\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn a_server_names_the_messages_of_tls_and_the_frames_inside() {
    let scratch = Scratch::new("narration-server");
    let directory = scratch.path("");
    std::fs::write(scratch.path("page.txt"), "hello\n").unwrap();
    let arguments = ["http", "--tls", "self", "--listen", "127.0.0.1:0", "--narrate", &directory];
    let served = Serving::serve(&arguments, 1);
    if !installed("curl") {
        println!("SKIP: curl is not installed");
        return;
    }
    let url = format!("https://localhost:{}/page.txt", served.port());
    let resolve = format!("localhost:{}:127.0.0.1", served.port());
    let arguments = ["-sk", "--http2", "--resolve", &resolve, &url];
    let output = Command::new("curl").args(arguments).output().unwrap();
    assert_eq!(output.stdout, b"hello\n");
    let told = served.stop().stdout;
    in_order(
        &told,
        &[
            "- ClientHello: for localhost, ",
            "- ServerHello: TLS 1.3, ",
            "TLS handshake ",
            "- the preface of HTTP/2",
            "- HEADERS END_STREAM END_HEADERS stream 1",
            "- HEADERS END_HEADERS stream 1",
            "- DATA END_STREAM stream 1 6 bytes",
            "close()",
        ],
    );
    assert!(told.contains("- SETTINGS stream 0") && !told.contains("\\x16\\x03"), "{told}");
}

#[test]
fn a_client_names_them_in_the_order_in_which_they_pass() {
    let scratch = Scratch::new("narration-client");
    let directory = scratch.path("");
    std::fs::write(scratch.path("page.txt"), "hello\n").unwrap();
    let served =
        Serving::serve(&["http", "--tls", "self", "--listen", "127.0.0.1:0", &directory], 1);
    let url = format!("https://127.0.0.1:{}/page.txt", served.port());
    let output = command().args(["http", "--narrate", "-k", &url]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    in_order(
        &told,
        &[
            "connect()",
            "sent                  ClientHello: for no name, TLS 1.3 or TLS 1.2",
            "received              ServerHello: TLS 1.3, ",
            "TLS handshake",
            "sent                  the preface of HTTP/2",
            "SETTINGS stream 0",
            "sent                  HEADERS END_STREAM",
            "received              HEADERS END_HEADERS stream 1",
            "received              DATA END_STREAM stream 1 6 bytes",
        ],
    );

    let address = format!("tls://127.0.0.1:{}", served.port());
    let arguments = ["connect", "--narrate", "-k", "--alpn", "http/1.1", &address];
    let output = command().args(arguments).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    in_order(
        &told,
        &["connect(", "send()  ClientHello", "recv()  ServerHello: TLS 1.3", "TLS handshake"],
    );

    // Without -k the certificate is refused, and the alert says so to the server.
    let output = command().args(["connect", "--narrate", &address]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    in_order(
        &told,
        &["send()  ClientHello", "recv()  ServerHello: TLS 1.3", "TLS handshake failed"],
    );
}
