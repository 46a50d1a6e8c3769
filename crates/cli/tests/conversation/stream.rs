//! Streams: who ends what, and what is told of it.

use super::*;

#[test]
fn a_server_that_reads_to_the_end_answers_after_the_half_close() {
    let (address, server) = server(|stream| {
        let said = read_all(&stream);
        (&stream).write_all(&[b"Echo: ", said.as_slice()].concat()).unwrap();
        said
    });
    let output = with_input(&["connect", &address], b"Hello from client");
    assert_eq!(text(&output.stdout), "Echo: Hello from client");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(server.join().unwrap(), b"Hello from client");
    let said = text(&output.stderr);
    assert!(said.starts_with(&format!("connected to tcp://{address} from 127.0.0.1:")), "{said}");
    assert!(said.contains("closed: both sides were done; sent 17 B, received 23 B"), "{said}");
}

#[test]
fn what_is_at_hand_is_sent_after_the_server_s_half_close() {
    let (address, server) = server(|stream| {
        (&stream).write_all(b"SERVER DATA").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        read_all(&stream)
    });
    let data = vec![b'x'; 3_000_000];
    let output = with_input(&["connect", &address], &data);
    assert_eq!(text(&output.stdout), "SERVER DATA");
    assert_eq!(server.join().unwrap().len(), data.len());
}

#[test]
fn the_server_s_end_ends_it_while_stdin_is_open_unless_told_otherwise() {
    let (address, server_end) = server(drop);
    let mut child = plumb(&["connect", &address]).spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin); // open until then
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("the peer ended the connection"), "{output:?}");
    server_end.join().unwrap();

    let (address, server) = server(|stream| {
        stream.shutdown(Shutdown::Write).unwrap();
        read_all(&stream)
    });
    let mut child = plumb(&["connect", &address, "--keep-open", "-v"]).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("the peer has said all") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
    }
    child.stdin.take().unwrap().write_all(b"still here").unwrap();
    assert_eq!(server.join().unwrap(), b"still here");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn refused_and_silent_are_told_apart() {
    let port = dead_port().to_string();
    let output = with_input(&["connect", "127.0.0.1", &port], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("refused: nobody listens there (RST)"), "{output:?}");
    let output = with_input(&["connect", "-z", "127.0.0.1", &port], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("refused"), "{output:?}");

    // A queue that is full drops what comes; it does not refuse.
    let listener = socket_with_full_queue();
    let address = listener.0.local_addr().unwrap().to_string();
    let output = with_input(&["connect", "-z", "--timeout", "300ms", &address], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("no answer within 300ms"), "{output:?}");

    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = open.local_addr().unwrap().to_string();
    let output = with_input(&["connect", "-z", "--json", &address], b"");
    assert_eq!(output.status.code(), Some(0));
    let records = records(&output.stdout);
    assert_eq!(records[1]["data"]["open"], true);
    assert_eq!(records.last().unwrap()["type"], "end");
}

/// A listener with a backlog of 0 and the one connection that fills it.
fn socket_with_full_queue() -> (TcpListener, TcpStream) {
    let listener = plumb_sys::tcp::listen("127.0.0.1:0".parse().unwrap(), 0).unwrap();
    let first = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener, first)
}

#[test]
fn three_attempts_and_the_words_of_each() {
    let address = format!("127.0.0.1:{}", dead_port());
    let options = ["--timeout", "10s", "--read-timeout", "5s", "--retries", "2"];
    let wait = ["--retry-wait", "10ms"];
    let output = with_input(&[&["connect", &address], &options[..], &wait].concat(), b"");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    for words in
        ["Connection attempt 1 failed, retrying...", "Connection attempt 2 failed, retrying..."]
    {
        assert!(said.contains(words), "{said}");
    }
    assert!(said.ends_with("Failed to connect after retries\n"), "{said}");
}

#[test]
fn a_peer_that_says_nothing_is_left_after_the_read_timeout() {
    let (address, server) = server(|stream| read_all(&stream));
    let mut child = plumb(&["connect", &address, "--read-timeout", "50ms"]).spawn().unwrap();
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing came for 50ms (timeout)"), "{output:?}");
    server.join().unwrap();
}

#[test]
fn a_connection_is_made_again_until_stdin_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut child =
        plumb(&["connect", &address, "--reconnect", "--retry-wait", "10ms"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let first = listener.accept().unwrap().0;
    (&first).write_all(b"one ").unwrap();
    drop(first);
    let second = listener.accept().unwrap().0;
    (&second).write_all(b"two").unwrap();
    stdin.write_all(b"to the second").unwrap();
    drop(stdin);
    assert_eq!(read_all(&second), b"to the second");
    drop(second);
    let output = child.wait_with_output().unwrap();
    assert_eq!((text(&output.stdout), output.status.code()), ("one two".to_owned(), Some(0)));
}
