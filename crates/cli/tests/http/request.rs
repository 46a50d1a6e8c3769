//! What is sent.

use super::*;

#[test]
fn a_request_is_built_byte_for_byte() {
    let output = run(&[
        "--offline",
        "http://example.com/",
        "Connection:close",
        "Accept:text/html",
        "User-Agent:MyClient/1.0",
        "Accept-Encoding:",
    ]);
    let expected = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nAccept: text/html\r\nUser-Agent: MyClient/1.0\r\n\r\n";
    assert_eq!((text(&output.stdout).as_str(), output.stdout.len()), (expected, 101));
    let bare = run(&[
        "--offline",
        "--bare",
        "example.com",
        "Connection:close",
        "Accept:text/html",
        "User-Agent:MyClient/1.0",
    ]);
    assert_eq!(bare.stdout, output.stdout);
    let output = run(&[
        "--offline",
        "maps.googleapis.com/maps/api/geocode/json",
        "address==207 N. Defiance St, Archbold, OH",
        "sensor==false",
    ]);
    let first = text(&output.stdout).lines().next().unwrap().to_owned();
    assert_eq!(
        first,
        "GET /maps/api/geocode/json?address=207+N.+Defiance+St%2C+Archbold%2C+OH&sensor=false HTTP/1.1"
    );
    assert_eq!(first.len(), 93);
    let output =
        run(&["--offline", ":/", "page==2", "limit==20", "sort==created_at", "q==café résumé"]);
    assert!(text(&output.stdout).starts_with(
        "GET /?page=2&limit=20&sort=created_at&q=caf%C3%A9+r%C3%A9sum%C3%A9 HTTP/1.1\r\n"
    ));
    // The length counts bytes, not characters.
    let output = run(&["--offline", "-d", "<p>café</p>", "example.com"]);
    assert!(
        text(&output.stdout).contains("\r\nContent-Length: 12\r\n"),
        "{}",
        text(&output.stdout)
    );
}

/// First line's method and target, the named fields, and the body.
fn essence(message: &[u8]) -> (String, Vec<String>, Vec<u8>) {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&message[..end]).into_owned();
    let mut lines = head.lines();
    let first = lines.next().unwrap().to_owned();
    let wanted = ["content-type", "content-length", "accept", "x-", "host"];
    let mut fields: Vec<String> = lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            format!("{}:{}", name.to_ascii_lowercase(), value.trim())
        })
        .filter(|line| {
            wanted.iter().any(|name| line.starts_with(name)) && !line.starts_with("accept-encoding")
        })
        .collect();
    fields.sort();
    (first, fields, message[end + 4..].to_vec())
}

#[test]
fn items_mean_what_they_mean_to_httpie() {
    if !has("http") {
        return;
    }
    let scratch = Scratch::new("httpie");
    let file = scratch.file("value.txt", b"from a file");
    let json = scratch.file("value.json", b"{\"k\": [1, 2]}");
    let (from_file, json_from_file, raw) =
        (format!("a=@{file}"), format!("a:=@{json}"), format!("@{json}"));
    let part = format!("f@{file}");
    for arguments in [
        &["example.com"][..],
        &["GET", "example.com/p?x=1", "y==2", "z==a b&c"],
        &["example.com", "a=b"],
        &["PUT", "example.com", "a=b", "c:=1", "d:=true", "e:=[1, \"x\"]", "f:={\"g\": null}"],
        &["POST", "example.com", "a=é\"\\"],
        &["POST", "example.com", "a[b][]=1", "a[b][]=2", "a[c][d]=x", "e[1]=y"],
        &["POST", "example.com", "[]=1", "[]:=2"],
        &["POST", "example.com", r"a\[b\]=c", r"x\:y=z", r"p\=q=r"],
        &["POST", "example.com", "X-One:1", "X-Empty;", "Accept:text/plain", "a=b"],
        &["--form", "POST", "example.com", "a=b c", "d=é&", "n:=3"],
        &["example.com", &from_file],
        &["example.com", &json_from_file],
        &["POST", "example.com", &raw],
        &["--multipart", "--boundary=XX", "example.com", "a=b", &part],
        &["--form", "--boundary=XX", "example.com", "a=b", &part],
        &["GET", ":8080/x", "X-A:b:c"],
        &["example.com", "Host:other.example"],
        &["POST", "example.com"],
    ] {
        let own = plumb().arg("--offline").arg("--ignore-stdin").args(arguments).output().unwrap();
        let theirs = Command::new("http")
            .args(["--offline", "--ignore-stdin", "--pretty=none", "--print=HB"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(own.status.success(), "{arguments:?}: {}", text(&own.stderr));
        let (mut own, mut theirs) = (essence(&own.stdout), essence(&theirs.stdout));
        // HTTPie prints an empty line behind a message, and a multipart body
        // ends one line end later here, as RFC 2046 writes it.
        for body in [&mut own.2, &mut theirs.2] {
            while body.last().is_some_and(u8::is_ascii_whitespace) {
                body.pop();
            }
        }
        for fields in [&mut own.1, &mut theirs.1] {
            fields.retain(|field| {
                !(arguments.contains(&"--boundary=XX") && field.starts_with("content-length"))
            });
        }
        assert_eq!(own, theirs, "{arguments:?}");
    }
}

#[test]
fn what_is_wrong_with_an_item_is_pointed_at() {
    for arguments in [
        &["--offline", "example.com", "a:={x"][..],
        &["--offline", "example.com", "word"],
        &["--offline", "example.com", "b ad:value"],
        &["--offline", "example.com", "a=1", "a[b]=2"],
        &["--offline", "ftp://example.com"],
        &["--offline", "example.com", "f@/nonexistent/file"],
        &["--offline", "--body", "json", "example.com", "f@/dev/null"],
        &["--print", "x", "example.com"],
        &["-X", "PUT", "GET", "example.com"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(text(&output.stderr).starts_with("error: "), "{arguments:?}");
    }
}
