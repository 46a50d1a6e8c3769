//! Secrets, mistakes, records.

use super::*;

#[test]
fn secrets_are_shown_to_the_server_alone() {
    let server = Server::saying(
        "HTTP/1.1 200 OK\r\nSet-Cookie: id=battery-staple\r\nContent-Length: 0\r\n\r\n",
    );
    let scratch = Scratch::new("secrets");
    let file = scratch.file("user", b"alice:correct-horse\n");
    let token = scratch.file("token", b"tr0ub4dor\n");
    let encoded = "YWxpY2U6Y29ycmVjdC1ob3JzZQ==";
    for arguments in [
        &["-v", "--user-file", &file][..],
        &["--json", "--auth-file", &file],
        &["--offline", "--user-file", &file],
        &["--raw", "--user-file", &file],
        &["--narrate", "--user-file", &file],
        &["-v", "-A", "bearer", "--user-file", &token],
    ] {
        let output = plumb().args(arguments).arg(server.url("/")).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        for shown in [text(&output.stdout), text(&output.stderr)] {
            for secret in [encoded, "correct-horse", "tr0ub4dor"] {
                assert!(!shown.contains(secret), "{secret} in {shown}");
            }
        }
    }
    let heard = server.heard();
    assert_eq!(heard.iter().filter(|heard| heard.contains(encoded)).count(), 4);
    assert!(heard.last().unwrap().contains("Authorization: Bearer tr0ub4dor\r\n"));
    let output = run(&["--offline", "--show-secrets", "--user-file", &file, "example.com"]);
    assert!(text(&output.stdout).contains(encoded));
    let netrc = scratch.file("netrc", b"machine 127.0.0.1 login alice password correct-horse");
    run(&["--netrc-file", &netrc, &server.url("/")]);
    assert!(server.heard().last().unwrap().contains(encoded));
    plumb().env("PLUMB_USER", "alice:correct-horse").arg(server.url("/")).output().unwrap();
    assert!(server.heard().last().unwrap().contains(encoded));
}

#[test]
fn what_breaks_an_answer_off_ends_its_records() {
    let server = file_server(b"data".to_vec());
    let kinds = |output: &Output| -> Vec<String> {
        let lines = text(&output.stdout);
        let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.map(|record| record["type"].as_str().unwrap().to_owned()).collect()
    };
    let output = run(&["--json", "--download", "-o", "/nowhere/x", &server.url("/file")]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(kinds(&output), ["begin", "request", "response", "error", "end"]);
    let last = text(&output.stdout).lines().last().unwrap().to_owned();
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(
        (&last["data"]["exit_code"], &last["data"]["interrupted"]),
        (&3.into(), &false.into())
    );
}

#[test]
fn a_mistake_in_a_url_is_pointed_at_and_no_password_shown() {
    for (url, part) in [
        ("http://ada:s3cret@127.0.0.1:99999/x", "99999"),
        ("http://ada:s3cret@exa mple/", " "),
        ("http://ada:s3cret@127.0.0.1:0/", "0"),
        ("ftp://ada:s3cret@host/", "ftp"),
        (":99999/x", "99999"),
    ] {
        let output = run(&[url]);
        assert_eq!(output.status.code(), Some(2), "{url}");
        let said = text(&output.stderr);
        assert!(!said.contains("s3cret"), "{said}");
        let mut lines = said.lines().skip(1);
        let (shown, carets) = (lines.next().unwrap(), lines.next().unwrap());
        let start = carets.find('^').unwrap();
        assert_eq!(&shown[start..carets.len()], part, "{said}");
    }
}

#[test]
fn json_lines_begin_and_end() {
    let server = Server::saying(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
    );
    let output = run(&["--json", "--phases", &server.url("/"), "a=b"]);
    let records: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["begin", "request", "response", "body", "phases", "end"]);
    assert_eq!(records[1]["data"]["method"], "POST");
    assert_eq!(records[2]["data"]["status"], 200);
    assert_eq!(records[3]["data"]["text"], "hello");
    assert_eq!(records[4]["data"]["phases"].as_array().unwrap().len(), 6);
    assert_eq!(records[5]["data"]["exit_code"], 0);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(&["--json", &format!("http://{closed}/")]);
    let shown = text(&output.stdout);
    assert!(shown.contains("\"type\":\"failure\"") && shown.trim_end().ends_with('}'), "{shown}");
    assert!(shown.lines().last().unwrap().contains("\"exit_code\":1"));
}
