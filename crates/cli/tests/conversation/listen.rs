//! The other end: listening.

use super::*;

#[test]
fn listen_answers_one_peer_and_ends() {
    let mut listening = Listening::start(&["0"]);
    listening.input(b"hello from here");
    let peer = listening.connect();
    (&peer).write_all(b"hello from there").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&peer), b"hello from here");
    let (status, stdout, said) = listening.end();
    assert_eq!((status, text(&stdout).as_str()), (0, "hello from there"));
    assert!(said.contains("connection from 127.0.0.1:"), "{said}");
}

#[test]
fn listen_serves_one_after_another() {
    let listening = Listening::start(&["tcp://127.0.0.1:0", "--keep-open", "--lines"]);
    for n in 0..3 {
        let peer = listening.connect();
        write!(&peer, "{n}").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&peer), b"");
    }
    listening.terminate();
    let (status, stdout, _) = listening.end();
    assert_eq!((status, text(&stdout).as_str()), (0, "0\n1\n2\n"));
}

#[test]
fn a_program_gets_all_and_all_of_its_answer_arrives() {
    // The client says that it is done long before the program has answered.
    let program = "n=$(wc -c); head -c 2000000 /dev/zero; echo $n";
    let listening = Listening::start(&["0", "--exec", program, "--keep-open"]);
    let peers: Vec<TcpStream> = (0..3).map(|_| listening.connect()).collect();
    for peer in peers.iter().rev() {
        (&*peer).write_all(&[b'z'; 1000]).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let answer = read_all(peer);
        assert_eq!(answer.len(), 2_000_000 + 5);
        assert!(answer.ends_with(b"1000\n"));
    }
    listening.terminate();
    assert_eq!(listening.end().0, 0);
}

#[test]
fn a_program_may_end_first() {
    let listening = Listening::start(&["0", "--exec", "echo $PLUMB_PEER; exit 3"]);
    let peer = listening.connect();
    let local = peer.local_addr().unwrap();
    // All of it arrives although this side never ends.
    let mut answer = String::new();
    BufReader::new(&peer).read_line(&mut answer).unwrap();
    assert!(answer.trim_end().ends_with(&local.to_string()), "{answer}");
    drop(peer);
    let (status, _, said) = listening.end();
    assert_eq!(status, 0, "{said}");
}

#[test]
fn listen_answers_the_last_sender_of_a_datagram() {
    let mut listening = Listening::start(&["udp://127.0.0.1:0", "--lines"]);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    peer.send_to(b"ping", listening.socket()).unwrap();
    let mut line = String::new();
    BufReader::new(listening.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ping\n");
    listening.input(b"pong\n");
    let mut buffer = [0; 10];
    let size = peer.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..size], b"pong");
    listening.terminate();
    assert_eq!(listening.end().0, 0);
}

#[test]
fn members_of_a_group_hear_what_is_sent_to_it() {
    let arguments = ["udp://224.0.0.251:0", "--interface", "lo", "--lines"];
    let mut listening = Listening::start(&arguments);
    let address = listening.address.clone();
    let mut command = plumb(&["connect", &address, "--interface", "lo", "--read-timeout", "20s"]);
    let mut member = command.spawn().unwrap();
    member.stdin.take().unwrap().write_all(b"to all").unwrap();
    let mut line = String::new();
    BufReader::new(listening.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "to all\n");
    listening.input(b"back to you\n");
    let output = member.wait_with_output().unwrap();
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("back to you", Some(0)));
    listening.terminate();
    listening.end();
}

#[test]
fn a_unix_socket_goes_with_its_server() {
    let scratch = Scratch::new("unix");
    let address = format!("unix:{}", scratch.file("s"));
    let mut listening = Listening::start(&[&address, "--unix-mode", "0600"]);
    assert_eq!(listening.address, address);
    listening.input(b"from the server");
    let output = with_input(&["connect", &address], b"from the client");
    assert_eq!(text(&output.stdout), "from the server");
    let (status, stdout, _) = listening.end();
    assert_eq!((status, text(&stdout).as_str()), (0, "from the client"));
    assert!(!scratch.0.join("s").exists());
    let output = with_input(&["connect", &address], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("(ENOENT)"), "{output:?}");
}

#[test]
fn the_holder_of_a_port_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let output = with_input(&["listen", &port], b"");
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    let process = format!("(process {})", std::process::id());
    assert!(said.contains("address already in use by") && said.contains(&process), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
