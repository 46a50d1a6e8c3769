//! Retries, stdin, signals, sockets.

use super::*;

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
