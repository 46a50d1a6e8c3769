//! Other programs at the other end, and records.

use super::*;

#[test]
fn netcat_and_socat_understand_both_ends() {
    if missing("socat") {
        return;
    }
    let mut listening = Listening::start(&["0"]);
    listening.input(b"from plumb");
    let address = format!("TCP:{}", listening.socket());
    let mut socat = Command::new("socat")
        .args(["-t20", "-", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    socat.stdin.take().unwrap().write_all(b"from socat").unwrap();
    assert_eq!(text(&socat.wait_with_output().unwrap().stdout), "from plumb");
    assert_eq!(text(&listening.end().1), "from socat");

    let scratch = Scratch::new("socat");
    let path = scratch.file("echo");
    let mut socat =
        Command::new("socat").args([&format!("UNIX-LISTEN:{path}"), "EXEC:cat"]).spawn().unwrap();
    let address = format!("unix:{path}");
    // Tried until the file is there.
    let retry = ["--retries", "500", "--retry-wait", "10ms", "-q"];
    let output = with_input(&[&["connect", &address], &retry[..]].concat(), b"back and forth");
    assert_eq!(text(&output.stdout), "back and forth");
    socat.wait().unwrap();
}

#[test]
fn json_lines_hold_both_directions() {
    let mut listening = Listening::start(&["0", "--json"]);
    listening.input(b"out");
    let peer = listening.connect();
    (&peer).write_all(b"in").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&peer), b"out");
    let (status, stdout, _) = listening.end();
    let records = records(&stdout);
    let of = |kind: &str| records.iter().find(|record| record["type"] == kind).unwrap();
    assert_eq!(records[0]["data"]["command"], "listen");
    assert!(of("listening")["data"]["address"].as_str().unwrap().starts_with("tcp://127.0.0.1:"));
    assert_eq!(of("received")["data"]["text"], "in");
    assert_eq!(of("sent")["data"]["text"], "out");
    assert_eq!(of("closed")["data"]["sent_bytes"], 3);
    assert_eq!(records.last().unwrap()["data"]["exit_code"], status);
}

#[test]
fn what_makes_no_sense_is_one_line() {
    for (arguments, words) in [
        (&["connect", "host"][..], "there is no port"),
        (&["connect", "udp://127.0.0.1:9", "--tls"], "TLS goes over TCP"),
        (&["connect", "-n", "www.example.com:80"], "the host must be an address"),
        (&["connect", "127.0.0.1:9", "--record", "/no/such/directory/x"], "cannot write"),
        (&["listen", "tls://127.0.0.1:0"], "tls:// wants a certificate"),
        (&["connect", "tls://127.0.0.1:9", "--cacert", "/no/such/file"], "cannot read"),
    ] {
        let output = with_input(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(text(&output.stderr).contains(words), "{arguments:?}: {output:?}");
        assert_eq!(text(&output.stdout), "");
    }
}
