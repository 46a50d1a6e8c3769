//! `plumb http` as users call it, against servers that say exactly what a test
//! wants said, and beside HTTPie and curl.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

fn plumb() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plumb"));
    command.arg("http").stdin(Stdio::null());
    command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").env("HOME", "/nonexistent");
    for variable in [
        "http_proxy",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
        "PLUMB_USER",
        "PLUMB_TOKEN",
        "NETRC",
        "XDG_DATA_HOME",
    ] {
        command.env_remove(variable);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    plumb().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A directory of this test's own, gone when it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("plumb-http-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server that answers each request by a function of it.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    accepted: Arc<Mutex<usize>>,
}

impl Server {
    fn new(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, accepted) =
            (Arc::<Mutex<Vec<Vec<u8>>>>::default(), Arc::<Mutex<usize>>::default());
        let (all, count, answer) = (Arc::clone(&heard), Arc::clone(&accepted), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                *count.lock().unwrap() += 1;
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    while let Some(request) = request(&mut stream) {
                        all.lock().unwrap().push(request.clone());
                        let said = answer(&String::from_utf8_lossy(&request));
                        let close = said.windows(17).any(|w| w == b"Connection: close");
                        if stream.write_all(&said).is_err() || close {
                            return;
                        }
                    }
                });
            }
        });
        Server { address, heard, accepted }
    }

    /// Always the same.
    fn saying(answer: &'static str) -> Server {
        Server::new(move |_| answer.as_bytes().to_vec())
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn heard(&self) -> Vec<String> {
        self.heard
            .lock()
            .unwrap()
            .iter()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }
}

/// One request with its body.
fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 65536];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let whole = match length {
                Some(length) => bytes.len() >= end + 4 + length,
                None => {
                    !head.contains("transfer-encoding: chunked") || bytes.ends_with(b"0\r\n\r\n")
                }
            };
            if whole {
                return Some(bytes);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn has(program: &str) -> bool {
    let found =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        println!("SKIP: {program} is not installed");
    }
    found.is_ok()
}

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

#[test]
fn a_pipe_gets_the_body_and_nothing_else() {
    let body = "{\"b\":1,\"a\":\"\u{9b}2J\"}\n";
    let server = Server::new(move |_| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    let output = run(&[&server.url("/")]);
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), (body, ""));
    assert_eq!(output.status.code(), Some(0));
    let output = run(&["--pretty", "format", &server.url("/")]);
    assert!(text(&output.stdout).starts_with("{\n    \"b\": 1,\n"));
    let output = run(&["--print", "HhbBm", &server.url("/x"), "a=b"]);
    let shown = text(&output.stdout);
    assert!(
        shown.starts_with("POST /x HTTP/1.1\r\n") && shown.contains("{\"a\": \"b\"}"),
        "{shown}"
    );
    assert!(shown.contains("HTTP/1.1 200 OK\r\n") && shown.contains("\nElapsed time: "), "{shown}");
}

#[test]
fn a_pipe_gets_each_piece_as_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (seen, wait) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        request(&mut stream).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na").unwrap();
        // Were the first piece kept back, nobody would ever send the second.
        wait.recv().unwrap();
        stream.write_all(b"b").unwrap();
    });
    let mut child = plumb().arg(&url).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut piece = [0];
    stdout.read_exact(&mut piece).unwrap();
    assert_eq!(&piece, b"a");
    seen.send(()).unwrap();
    stdout.read_exact(&mut piece).unwrap();
    assert_eq!(&piece, b"b");
    assert!(child.wait().unwrap().success());
    server.join().unwrap();
}

#[test]
fn a_person_gets_it_indented_and_coloured_and_nothing_that_a_terminal_acts_on() {
    if !has("python3") {
        return;
    }
    let body = "{\"b\":1,\"a\":\"\u{9b}2J\"}";
    let server = Server::new(move |request| {
        match request {
        _ if request.contains("/binary") => b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\x1b[2\0".to_vec(),
        _ => format!("HTTP/1.1 200 OK\r\nX-Evil: \x1b]0;title\x07\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes(),
    }
    });
    let on_terminal = |arguments: &[&str]| {
        let spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
        let mut command = Command::new("python3");
        command.args(["-c", spawn, env!("CARGO_BIN_EXE_plumb"), "http"]).args(arguments);
        command
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        text(&command.output().unwrap().stdout)
    };
    let shown = on_terminal(&[&server.url("/")]);
    assert!(shown.contains("200 OK\u{1b}[0m") && shown.contains("\\x1b]0;title\\x07"), "{shown:?}");
    assert!(
        shown.contains("\r\n    \u{1b}[36m\"b\"\u{1b}[0m: \u{1b}[33m1\u{1b}[0m,\r\n"),
        "{shown:?}"
    );
    assert!(shown.contains("\\x9b2J") && !shown.contains('\u{9b}'), "{shown:?}");
    let shown = on_terminal(&["--only-body", &server.url("/binary")]);
    assert!(shown.contains("binary data is not shown") && !shown.contains("[2\0"), "{shown:?}");
}

#[test]
fn the_exit_code_says_how_it_went() {
    let server = Server::new(|request| match request {
        _ if request.contains("/404") => {
            b"HTTP/1.1 404 Gone Fishing\r\nContent-Length: 3\r\n\r\nno\n".to_vec()
        }
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nshort".to_vec(),
    });
    let output = run(&[&server.url("/404")]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "no\n"));
    let output = run(&["--check-status", &server.url("/404")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("404 Gone Fishing"));
    let output = run(&[&server.url("/short")]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), "short"));
    assert!(text(&output.stderr).contains("the body is cut: 5 bytes came of 10"));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(&[&format!("http://{closed}/")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("connection refused"));
}

#[test]
fn several_urls_share_a_connection_and_the_waterfall_says_so() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    let output = run(&["--phases", &server.url("/1"), &server.url("/2"), &server.url("/3")]);
    assert_eq!(text(&output.stdout), "xxx");
    assert_eq!((server.heard().len(), *server.accepted.lock().unwrap()), (3, 1));
    let told = text(&output.stderr);
    assert_eq!(told.matches("saved by the connection that was there").count(), 2, "{told}");
}

#[test]
fn redirects_are_followed_when_asked_and_a_change_of_method_is_said() {
    let server = Server::new(|request| match request {
        _ if request.starts_with("POST /start") => {
            b"HTTP/1.1 303 See Other\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n".to_vec()
        }
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone".to_vec(),
    });
    let output = run(&["--print", "h", &server.url("/start"), "a=b"]);
    assert!(text(&output.stdout).starts_with("HTTP/1.1 303"));
    let output = run(&["--follow", &server.url("/start"), "a=b"]);
    assert_eq!(text(&output.stdout), "done");
    assert!(text(&output.stderr).contains("POST becomes GET"), "{}", text(&output.stderr));
    assert!(server.heard().last().unwrap().starts_with("GET /end "));
}

#[test]
fn a_session_keeps_cookies_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::new(|request| {
        if request.starts_with("GET /cookies/set?test=value") {
            return b"HTTP/1.1 200 OK\r\nSet-Cookie: test=value; Path=/\r\nSet-Cookie: auth=tok; Path=/api; Secure\r\n\
                Set-Cookie: x=1; Domain=com\r\nContent-Length: 0\r\n\r\n"
                .to_vec();
        }
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()
    });
    let scratch = Scratch::new("session");
    let session = scratch.path("s.json");
    let output =
        run(&["--session", &session, "--explain-cookies", &server.url("/cookies/set?test=value")]);
    let told = text(&output.stderr);
    assert!(
        told.contains("cookie test accepted") && told.contains("cookie auth rejected: Secure"),
        "{told}"
    );
    assert!(told.contains("cookie x rejected: com is a public suffix"), "{told}");
    assert_eq!(std::fs::metadata(&session).unwrap().permissions().mode() & 0o777, 0o600);
    let output = run(&["--session", &session, "--explain-cookies", "-v", &server.url("/next")]);
    assert!(text(&output.stderr).contains("cookie test sent"));
    assert!(server.heard().last().unwrap().contains("\r\nCookie: test=value\r\n"));
    let offline = ["--session", &session, "--explain-cookies", "--offline", &server.url("/next")];
    assert!(text(&run(&offline).stderr).contains("cookie test sent"));
    // What is printed shows no value of a cookie that is sent.
    assert!(!text(&output.stdout).contains("test=value"), "{}", text(&output.stdout));
    let before = std::fs::read(&session).unwrap();
    run(&["--session-read-only", &session, &server.url("/cookies/set?test=value")]);
    assert_eq!(std::fs::read(&session).unwrap(), before);
}

/// A file with ranges, as servers serve it.
fn file_server(data: Vec<u8>) -> Server {
    Server::new(move |request| {
        let lower = request.to_ascii_lowercase();
        let total = data.len();
        let start = lower.lines().find_map(|line| {
            line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
        });
        let changed = lower.contains("if-range: ") && !lower.contains("if-range: \"v1\"");
        let named = "Content-Disposition: attachment; filename=\"../../evil.bin\"\r\n";
        let (head, body) = match start.filter(|_| !changed) {
            Some(start) if start >= total => (
                format!(
                    "HTTP/1.1 416 No\r\nContent-Range: bytes */{total}\r\nContent-Length: 0\r\n\r\n"
                ),
                &data[..0],
            ),
            Some(start) => (
                format!(
                    "HTTP/1.1 206 Part\r\nContent-Range: bytes {start}-{}/{total}\r\nETag: \"v1\"\r\nContent-Length: {}\r\n\r\n",
                    total - 1,
                    total - start
                ),
                &data[start..],
            ),
            None if lower.starts_with("get /cut") => (
                format!(
                    "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nConnection: close\r\nContent-Length: {total}\r\n\r\n"
                ),
                &data[..total / 2],
            ),
            None => (
                format!(
                    "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n{named}Content-Length: {total}\r\n\r\n"
                ),
                &data[..],
            ),
        };
        [head.as_bytes(), body].concat()
    })
}

#[test]
fn downloads_go_on_where_they_were_cut_and_replace_nothing_unasked() {
    let data: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let server = file_server(data.clone());
    let scratch = Scratch::new("download");
    let at = |arguments: &[&str]| plumb().current_dir(&scratch.0).args(arguments).output().unwrap();
    let read = |name: &str| std::fs::read(scratch.path(name)).unwrap();
    // The server's name is taken, and never a path.
    assert_eq!(at(&["--download", &server.url("/file")]).status.code(), Some(0));
    assert_eq!(read("evil.bin"), data);
    assert_eq!(at(&["--download", &server.url("/file")]).status.code(), Some(0));
    assert_eq!(read("evil.bin.1"), data);
    // A file that is there stays, unless it may be replaced.
    scratch.file("mine", b"precious");
    assert_eq!(at(&["--download", "-o", "mine", &server.url("/file")]).status.code(), Some(2));
    assert_eq!(read("mine"), b"precious");
    assert_eq!(
        at(&["--download", "--overwrite", "-o", "mine", &server.url("/file")]).status.code(),
        Some(0)
    );
    assert_eq!(read("mine"), data);
    // Cut, said, and gone on with, the validator in If-Range.
    let output = at(&["--download", "-o", "part", &server.url("/cut")]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(read("part").len(), data.len() / 2);
    let output = at(&["--continue", "-o", "part", &server.url("/cut")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(read("part"), data);
    let last = server.heard().last().unwrap().clone();
    assert!(last.contains("If-Range: \"v1\"") && last.contains("Range: bytes=150000-"), "{last}");
    // Complete already; and within one run by itself.
    assert_eq!(at(&["-c", "-o", "part", &server.url("/cut")]).status.code(), Some(0));
    let output = at(&[
        "--download",
        "-o",
        "alone",
        "--retries",
        "1",
        "--retry-delay",
        "1ms",
        &server.url("/cut"),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(read("alone"), data);
    let names: Vec<_> =
        std::fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        names.iter().all(|name| !name.to_string_lossy().ends_with(".plumb-download")),
        "{names:?}"
    );
    // A full disk is said.
    if Path::new("/dev/full").exists() {
        let output = at(&["--download", "-o", "/dev/full", &server.url("/file")]);
        assert_eq!(output.status.code(), Some(3));
        assert!(
            text(&output.stderr).contains("cannot write /dev/full: No space left"),
            "{}",
            text(&output.stderr)
        );
    }
}

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
    assert_eq!(kinds(&output), ["begin", "request", "response", "end"]);
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

#[test]
fn a_health_check_tries_three_times() {
    let count = Arc::new(Mutex::new(0));
    let server = Server::new(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count % 3 {
            0 => b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(),
            _ => b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_vec(),
        }
    });
    let check = |retries: &str| {
        let output = run(&[
            "--retries",
            retries,
            "--retry-delay",
            "1ms",
            "--timeout",
            "5s",
            "--check-status",
            &server.url("/health"),
        ]);
        output.status.code()
    };
    assert_eq!(check("2"), Some(0));
    assert_eq!(check("1"), Some(1));
}

#[test]
fn raw_is_every_byte_both_ways() {
    let answer = "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n";
    let server = Server::saying(answer);
    let output = run(&["--raw", &server.url("/"), "X-A:1"]);
    let sent = server.heard().pop().unwrap();
    assert_eq!(text(&output.stdout), format!("{sent}{answer}"));
    assert!(text(&output.stderr).is_empty() || text(&output.stderr).contains("chunk"));
}

#[test]
fn stdin_is_a_body_where_it_is_meant_and_never_waited_for_else() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let piped = |arguments: &[&str], input: &[u8]| {
        let mut child = plumb().args(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        assert!(child.wait().unwrap().success());
        server.heard().pop().unwrap()
    };
    assert!(
        piped(&["POST", &server.url("/"), "-"], b"from a pipe").ends_with("\r\n\r\nfrom a pipe")
    );
    assert!(piped(&["POST", &server.url("/")], b"{}").contains("Content-Length: 2\r\n"));
    assert!(piped(&["-d", "@-", &server.url("/")], b"x=1").ends_with("\r\n\r\nx=1"));
    let large = vec![b'y'; 3 << 20];
    let heard = piped(&["PUT", &server.url("/"), "-"], &large);
    assert!(heard.contains("Transfer-Encoding: chunked"));
    // A pipe that stays open and silent: a GET does not look at it.
    let mut child = plumb().arg(server.url("/quiet")).stdin(Stdio::piped()).spawn().unwrap();
    let held = child.stdin.take();
    assert!(child.wait().unwrap().success());
    drop(held);
    assert!(server.heard().pop().unwrap().starts_with("GET /quiet"));
}

#[test]
fn a_reader_that_goes_away_and_a_user_who_stops_it_end_it() {
    let server = Server::new(|request| match request {
        _ if request.contains("/large") => [
            b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n".to_vec(),
            vec![b'x'; 50_000_000],
        ]
        .concat(),
        // All but the last byte: what follows is waited for.
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1".to_vec(),
    });
    let mut child = plumb()
        .arg(server.url("/large"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut some = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let mut child = plumb()
        .args(["--json", &server.url("/")])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("\"type\":\"response\"")));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert!(lines.last().unwrap().unwrap().contains("\"interrupted\":true"));
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn socket_options_are_set_and_shown_as_they_are() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let output = run(&["-v", "--so-keepalive", "--tcp-keepidle", "77s", &server.url("/")]);
    let told = text(&output.stderr);
    assert!(
        told.contains("socket options in effect: SO_KEEPALIVE on, TCP_KEEPIDLE 77 s\n"),
        "{told}"
    );
    let output = run(&["--narrate", &server.url("/")]);
    let told = text(&output.stderr);
    for step in ["connect()", "TCP_NODELAY on", "send()", "recv()"] {
        assert!(told.contains(step), "{step} in {told}");
    }
}

#[test]
fn a_head_is_what_head_gives() {
    let server =
        Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n");
    let output = run(&["HEAD", &server.url("/")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"));
}

/// A proxy of either kind that notes what it was asked and connects to `to`.
fn proxy(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut first = [0; 2];
            if stream.read_exact(&mut first).is_err() {
                continue;
            }
            if first[0] == 5 {
                let mut methods = vec![0; usize::from(first[1])];
                stream.read_exact(&mut methods).unwrap();
                stream.write_all(&[5, 0]).unwrap();
                let mut head = [0; 5];
                stream.read_exact(&mut head).unwrap();
                let rest = if head[3] == 1 { 3 + 2 } else { usize::from(head[4]) + 2 };
                let mut name = vec![0; rest];
                stream.read_exact(&mut name).unwrap();
                noted.lock().unwrap().push(format!(
                    "socks type {} {}",
                    head[3],
                    String::from_utf8_lossy(&name[..rest - 2])
                ));
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
            } else {
                let mut head = first.to_vec();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.extend(byte);
                }
                noted.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                if !head.starts_with(b"CONNECT") {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nproxy").unwrap();
                    continue;
                }
                stream.write_all(b"HTTP/1.1 200 Go\r\n\r\nplain text").unwrap();
                continue;
            }
            let mut far = TcpStream::connect(to).unwrap();
            let (mut back, mut near) = (far.try_clone().unwrap(), stream.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back, &mut near));
            thread::spawn(move || std::io::copy(&mut stream, &mut far));
        }
    });
    (address, asked)
}

#[test]
fn proxies_are_handed_the_request_or_asked_for_a_way() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserver");
    let (address, asked) = proxy(server.address);
    let last = || asked.lock().unwrap().last().cloned().unwrap_or_default();
    let output = run(&["--proxy", &format!("http://me:pw@{address}"), "http://nowhere.invalid/x"]);
    assert_eq!(text(&output.stdout), "proxy");
    assert!(
        last().starts_with("GET http://nowhere.invalid/x HTTP/1.1\r\nHost: nowhere.invalid\r\n"),
        "{}",
        last()
    );
    assert!(last().contains("Proxy-Authorization: Basic bWU6cHc="));
    let output = run(&["--proxy", &format!("socks5h://{address}"), "http://nowhere.invalid/x"]);
    assert_eq!(
        (text(&output.stdout).as_str(), last().as_str()),
        ("server", "socks type 3 nowhere.invalid")
    );
    let output = run(&["--proxy", &format!("socks5://{address}"), &server.url("/")]);
    assert_eq!(text(&output.stdout), "server");
    assert!(last().starts_with("socks type 1"));
    let named = plumb()
        .env("http_proxy", format!("http://{address}"))
        .arg("http://other.invalid/")
        .output()
        .unwrap();
    assert_eq!(text(&named.stdout), "proxy");
    let past = plumb()
        .env("http_proxy", format!("http://{address}"))
        .env("no_proxy", "127.0.0.0/8")
        .arg(server.url("/"))
        .output()
        .unwrap();
    assert_eq!(text(&past.stdout), "server");
    // Over TLS a tunnel is asked for; what is behind it speaks no TLS here.
    let output = run(&["--proxy", &format!("http://{address}"), "https://secure.invalid/"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(last().starts_with("CONNECT secure.invalid:443 HTTP/1.1\r\n"), "{}", last());
    assert!(text(&output.stderr).contains("not TLS"), "{}", text(&output.stderr));
}

#[test]
fn a_redirect_chain_and_a_body_are_those_that_curl_sees() {
    if !has("curl") {
        return;
    }
    let server = Server::new(|request| {
        match request.split(' ').nth(1).unwrap() {
        "/a" => b"HTTP/1.1 301 M\r\nLocation: b/../c?x=1#f\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/c?x=1" => b"HTTP/1.1 307 T\r\nLocation: //LOCALHOST-IS-NOT-USED.invalid/\r\nContent-Length: 0\r\n\r\n".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n".to_vec(),
    }
    });
    let resolve = format!("localhost-is-not-used.invalid:80:{}", server.address.ip());
    let curl = Command::new("curl").args(["-s", &server.url("/plain")]).output().unwrap();
    assert_eq!(run(&[&server.url("/plain")]).stdout, curl.stdout);
    run(&["-L", "--resolve", &resolve, "--max-redirects", "1", "-d", "data", &server.url("/a")]);
    let own = server.heard();
    let curl = Command::new("curl")
        .args(["-sL", "--max-redirs", "1", "-d", "data", &server.url("/a")])
        .status()
        .unwrap();
    assert_eq!(curl.code(), Some(47));
    let both = server.heard();
    let lines = |all: &[String]| {
        all.iter().map(|heard| heard.lines().next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines(&own[own.len() - 2..]), lines(&both[both.len() - 2..]));
}

#[test]
fn the_version_is_the_one_that_was_asked_for() {
    if !has("nginx") || !has("openssl") {
        return;
    }
    let scratch = Scratch::new("nginx");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-keyout", &scratch.path("key"), "-out", &scratch.path("cert")])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    scratch.file("page.txt", "to be or not to be\n".repeat(500).as_bytes());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dir = scratch.0.to_str().unwrap();
    let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {dir}/{kind};"))
        .concat();
    let config = scratch.file("conf", format!(
        "daemon off; master_process off; pid {dir}/pid; error_log {dir}/error; events {{}}\n\
         http {{ access_log off; {temp} server {{ listen 127.0.0.1:{port} ssl http2; root {dir};\n\
         ssl_certificate {dir}/cert; ssl_certificate_key {dir}/key; gzip on; gzip_types text/plain; types {{ text/plain txt; }} }} }}"
    ).as_bytes());
    let mut nginx =
        Command::new("nginx").args(["-c", &config]).stderr(Stdio::null()).spawn().unwrap();
    // It is there once it takes a connection; each attempt is a system call.
    let up = (0..200_000).any(|_| {
        TcpStream::connect(("127.0.0.1", port)).is_ok() || {
            thread::yield_now();
            false
        }
    });
    let url = format!("https://localhost:{port}/page.txt");
    let cert = scratch.path("cert");
    let own = |arguments: &[&str]| run(&[&["--cacert", &cert, &url][..], arguments].concat());
    let page = std::fs::read(scratch.path("page.txt")).unwrap();
    let any = own(&["--print", "h"]);
    let first = own(&["--http1.1", "--print", "h"]);
    let body = own(&[]);
    let untrusted = run(&[&url]);
    let insecure = run(&["-k", &url]);
    let frames = own(&["--raw"]);
    let curl = Command::new("curl").args(["-s", "--cacert", &cert, &url]).output();
    nginx.kill().unwrap();
    nginx.wait().unwrap();
    assert!(up);
    assert!(text(&any.stdout).starts_with("HTTP/2 200"), "{}", text(&any.stderr));
    assert!(text(&any.stdout).contains("content-encoding: gzip"));
    assert!(text(&first.stdout).starts_with("HTTP/1.1 200 OK\r\n"), "{}", text(&first.stderr));
    assert_eq!(body.stdout, page);
    assert_eq!(curl.unwrap().stdout, page);
    assert_eq!((untrusted.status.code(), insecure.status.code()), (Some(1), Some(0)));
    assert!(text(&untrusted.stderr).contains("certificate does not verify"));
    assert!(text(&insecure.stderr).contains("certificate does not verify"));
    let frames = text(&frames.stdout);
    assert!(
        frames.contains("> HEADERS END_STREAM END_HEADERS stream 1") && frames.contains("< DATA"),
        "{frames}"
    );
}
