//! What is shown, to whom.

use super::*;

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
