//! Datagrams.

use super::*;

#[test]
fn each_line_is_a_datagram_and_each_answer_a_line() {
    let (address, server) = udp_server(|socket| {
        let mut buffer = [0; 100];
        for n in 1..=3 {
            let (size, from) = socket.recv_from(&mut buffer).unwrap();
            let reply = format!("Echo ({n}): {}", text(&buffer[..size]));
            socket.send_to(reply.as_bytes(), from).unwrap();
        }
    });
    let output = with_input(&["connect", &address, "--lines"], b"ping\nhello\ntest\n");
    assert_eq!(text(&output.stdout), "Echo (1): ping\nEcho (2): hello\nEcho (3): test\n");
    assert_eq!(output.status.code(), Some(0));
    server.join().unwrap();
}

#[test]
fn a_full_disk_is_no_end_of_the_conversation() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let (address, server) = server(|mut stream| {
        // Whoever cannot write it may be gone before it is all sent.
        drop(stream.write_all(b"an answer\n"));
    });
    let mut child = plumb(&["connect", &address]);
    let output = child.stdin(Stdio::null()).stdout(full).spawn().unwrap().wait_with_output();
    server.join().unwrap();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.contains("what came cannot be written: No space left"), "{said}");
}

#[test]
fn the_largest_datagram_and_one_byte_more() {
    let (address, server) = udp_server(|socket| {
        let mut buffer = vec![0; 70_000];
        let (size, from) = socket.recv_from(&mut buffer).unwrap();
        socket.send_to(size.to_string().as_bytes(), from).unwrap();
    });
    let output = with_input(&["connect", &address], &vec![b'x'; 65_507]);
    assert_eq!(text(&output.stdout), "65507");
    server.join().unwrap();
    let output = with_input(&["connect", &address], &vec![b'x'; 65_508]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("a datagram of 65508 bytes cannot be sent (EMSGSIZE)"), "{said}");
    assert!(said.contains("at most 65507"), "{said}");
}

#[test]
fn a_closed_udp_port_says_so_and_a_silent_one_is_left() {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = with_input(&["connect", &format!("udp://127.0.0.1:{port}")], b"x");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("ICMP port unreachable from 127.0.0.1 (ECONNREFUSED)"), "{said}");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("udp://{}", silent.local_addr().unwrap());
    let output = with_input(&["connect", &address, "--read-timeout", "50ms"], b"x");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing came for 50ms (timeout)"), "{output:?}");
}

#[test]
fn a_broadcast_wants_permission() {
    let output = with_input(&["connect", "udp://255.255.255.255:9"], b"x");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("(EACCES)") && said.contains("--so-broadcast"), "{said}");
}
