//! What is dumped, recorded and shown.

use super::*;

#[test]
fn both_directions_are_dumped_and_recorded() {
    let scratch = Scratch::new("record");
    let file = scratch.file("talk.jsonl");
    let (address, server) = server(|stream| {
        let said = read_all(&stream);
        (&stream).write_all(b"\xff\n").unwrap();
        said
    });
    let output = with_input(&["connect", &address, "--hex", "--record", &file], b"Hi\n");
    server.join().unwrap();
    let pad = " ".repeat(39);
    assert_eq!(
        text(&output.stdout),
        format!("> 00000000  48 69 0a {pad}  |Hi.|\n< 00000000  ff 0a    {pad}  |..|\n")
    );
    let records = records(&std::fs::read(&file).unwrap());
    let kinds: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["begin", "connected", "sent", "half_closed", "received", "half_closed", "closed", "end"]
    );
    assert_eq!(records[2]["data"]["text"], "Hi\n");
    assert_eq!(records[4]["data"]["text"], Value::Null);
    assert_eq!(records[4]["data"]["base64"], "/wo=");
    assert_eq!(records[6]["data"]["why"], "both_done");
}

#[test]
fn lines_end_as_asked() {
    let (address, server) = server(|stream| {
        let said = read_all(&stream);
        (&stream).write_all(b"one\r\ntwo").unwrap();
        said
    });
    let output = with_input(&["connect", &address, "--lines", "--crlf"], b"a\nb\r\nc");
    assert_eq!(server.join().unwrap(), b"a\r\nb\r\nc\r\n");
    assert_eq!(text(&output.stdout), "one\ntwo\n");
}

#[test]
fn the_options_of_the_socket_are_shown() {
    let (address, server) = server(|stream| read_all(&stream));
    let options =
        ["--so-rcvbuf", "32k", "--ttl", "9", "--tcp-nodelay=off", "--source", "127.0.0.3"];
    let output = with_input(&[&["connect", &address, "-v"], &options[..]].concat(), b"");
    server.join().unwrap();
    let said = text(&output.stderr);
    for line in [
        "SO_RCVBUF = 65536 bytes (asked for 32768 bytes)",
        "IP_TTL = 9 (as asked)",
        "TCP_NODELAY = off (as asked)",
        "TCP_INFO: ESTABLISHED",
        "from 127.0.0.3:",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
}
