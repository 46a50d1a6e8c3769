//! Echo, discard, daytime, greetings.

use std::time::Duration;

use plumb_serve::core::{
    Closed, Context, Cut, Datagram, DatagramService, EventKind, Forget, Limits, Server,
};
use plumb_serve::echo::{Echo, EchoOptions};
use plumb_serve::small::{Daytime, Discard, Greeting, Protocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::ground::{next, observed, run, serve, stdout, talk, talk_text, tcp_socket, udp_socket};

#[tokio::test]
async fn echo_gives_back_all_and_closes_when_the_client_does() {
    let mut stream = TcpStream::connect(serve(Echo::default())).await.unwrap();
    let sent: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let (mut reading, mut writing) = stream.split();
    let mut received = Vec::new();
    let write = async {
        writing.write_all(&sent).await.unwrap();
        writing.shutdown().await.unwrap();
    };
    let (read, ()) = tokio::join!(reading.read_to_end(&mut received), write);
    read.unwrap();
    assert_eq!(received, sent);
}

/// Each byte ends the silence, but not the message.
#[tokio::test(start_paused = true)]
async fn a_message_that_drips_is_cut() {
    let limits = Limits { request: Duration::from_secs(6), ..Limits::default() };
    let (server, mut events) = observed(limits);
    let echo = Echo::new(EchoOptions::default());
    let address = server.tcp(tcp_socket(), echo).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = [0; 4];
    // Whole messages take all the time that they want between them.
    for _ in 0..3 {
        stream.write_all(b"abc\n").await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        tokio::time::sleep(Duration::from_secs(9)).await;
    }
    let dripping = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    };
    let ended = next(&mut events, |kind| match kind {
        EventKind::Closed(record) => Some(record.how),
        _ => None,
    });
    tokio::select! {
        how = ended => assert_eq!(how, Closed::Cut(Cut::Request)),
        () = dripping => panic!("the record comes first"),
    }
}

#[tokio::test]
async fn udp_echo_answers_people_and_not_servers() {
    let server = Server::new("echo", Limits::default(), Forget);
    let address = server.udp(udp_socket(), Echo::default()).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for payload in [&b"hello"[..], b"", &[7; 60_000]] {
        client.send_to(payload, address).await.unwrap();
        let mut buffer = vec![0; 65_536];
        let (count, from) = client.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..count], from), (payload, address));
    }
}

#[tokio::test]
async fn an_answer_that_no_datagram_holds_is_not_told_as_sent() {
    let reply = Some("{msg}!".parse().unwrap());
    let (server, mut events) = observed(Limits::default());
    let echo = Echo::new(EchoOptions { reply, ..EchoOptions::default() });
    let address = server.udp(udp_socket(), echo).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut buffer = vec![0; 65_536];
    for (payload_bytes, answered) in [(65_506, true), (65_507, false)] {
        client.send_to(&vec![7; payload_bytes], address).await.unwrap();
        if answered {
            assert_eq!(client.recv(&mut buffer).await.unwrap(), payload_bytes + 1);
        }
        let told = next(&mut events, |kind| match kind {
            EventKind::Datagram { sent_bytes, .. } => Some(sent_bytes.is_some()),
            _ => None,
        });
        assert_eq!(told.await, answered, "{payload_bytes}");
    }
}

/// Says what it was told, and panics at a word.
struct Nervous;

impl DatagramService for Nervous {
    async fn answer(&self, datagram: Datagram, _: Context) -> Option<Vec<u8>> {
        assert_ne!(datagram.bytes, b"boo", "as a test");
        Some(datagram.bytes)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn datagrams_are_answered_in_their_order_and_a_panic_ends_one_answer() {
    const DATAGRAMS: u32 = 100; // below what a receive buffer holds
    let server = Server::new("nervous", Limits::default(), Forget);
    let address = server.udp(udp_socket(), Nervous).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(b"boo", address).await.unwrap();
    for number in 0..DATAGRAMS {
        client.send_to(&number.to_be_bytes(), address).await.unwrap();
    }
    let mut buffer = [0; 4];
    for number in 0..DATAGRAMS {
        assert_eq!(client.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(u32::from_be_bytes(buffer), number);
    }
}

#[tokio::test]
async fn discard_says_nothing() {
    let mut stream = TcpStream::connect(serve(Discard)).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn daytime_is_one_line() {
    let line = String::from_utf8(talk(serve(Daytime), b"").await).unwrap();
    assert!(line.ends_with("-UTC\r\n") && line.lines().count() == 1, "{line:?}");
    let server = Server::new("daytime", Limits::default(), Forget);
    let address = server.udp(udp_socket(), Daytime).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(b"", address).await.unwrap();
    let mut buffer = [0; 100];
    let count = client.recv(&mut buffer).await.unwrap();
    assert!(buffer[..count].ends_with(b"-UTC\r\n"));
}

#[tokio::test]
async fn greetings_come_first_and_goodbye_ends() {
    for (protocol, goodbye, begins, ends) in [
        (Protocol::Ftp, "QUIT\r\n", "220 ", "221 Goodbye.\r\n"),
        (Protocol::Smtp, "QUIT\r\n", "220 ", "221 mail.example.com Bye\r\n"),
        (Protocol::Pop3, "QUIT\r\n", "+OK ", "+OK Bye\r\n"),
        (Protocol::Imap, "a LOGOUT\r\n", "* OK ", "a OK LOGOUT\r\n"),
        (Protocol::Ssh, "SSH-2.0-test\r\n", "SSH-2.0-", "\r\n"),
    ] {
        let address = serve(Greeting::new(protocol, "mail.example.com"));
        let said = talk_text(address, goodbye).await;
        assert!(said.starts_with(begins) && said.ends_with(ends), "{protocol:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_line_without_end_is_not_kept() {
    let address = serve(Greeting::new(Protocol::Smtp, "mail.example.com"));
    let said = talk_text(address, &"x".repeat(600)).await;
    assert!(said.starts_with("220 ") && said.lines().count() == 1, "{said:?}");
}

#[tokio::test]
async fn python_is_greeted() {
    for (protocol, program) in [
        (
            Protocol::Smtp,
            "import smtplib; s=smtplib.SMTP('127.0.0.1',PORT); print(s.ehlo()[0], s.quit()[0])",
        ),
        (Protocol::Pop3, "import poplib; p=poplib.POP3('127.0.0.1',PORT); print(p.quit())"),
        (Protocol::Imap, "import imaplib; i=imaplib.IMAP4('127.0.0.1',PORT); print(i.logout()[0])"),
        (
            Protocol::Ftp,
            "import ftplib; f=ftplib.FTP(); f.connect('127.0.0.1',PORT); print(f.quit())",
        ),
    ] {
        let port = serve(Greeting::new(protocol, "mail.example.com")).port().to_string();
        let program = program.replace("PORT", &port);
        let Some(output) = run("python3", &["-c", &program]).await else { return };
        assert!(output.status.success(), "{protocol:?}: {output:?}");
        assert!(!stdout(&output).is_empty());
    }
}
