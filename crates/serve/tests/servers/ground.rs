//! What every test stands on: sockets on loopback, events, foreign programs.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::{Command, Output};

use plumb_serve::core::{EventKind, Forget, Limits, Server, ServerEvent, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

pub(crate) fn tcp_socket() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

pub(crate) fn udp_socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

/// `service` on a port of its own, with the usual limits.
pub(crate) fn serve(service: impl Service) -> SocketAddr {
    let server = Server::new("test", Limits::default(), Forget);
    server.tcp(tcp_socket(), service).unwrap()
}

/// A server whose events the test reads.
pub(crate) fn observed(limits: Limits) -> (Server, mpsc::UnboundedReceiver<ServerEvent>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let sink = move |event: ServerEvent| {
        let _ = sender.send(event);
    };
    (Server::new("test", limits, sink), receiver)
}

/// The next event that `wanted` takes something from.
pub(crate) async fn next<T>(
    events: &mut mpsc::UnboundedReceiver<ServerEvent>,
    wanted: impl Fn(EventKind) -> Option<T>,
) -> T {
    loop {
        let event = events.recv().await.expect("the server is gone");
        if let Some(found) = wanted(event.kind) {
            return found;
        }
    }
}

/// Sends `request` and reads until the server closes.
pub(crate) async fn talk(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A reset ends it too; what came before counts.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

pub(crate) async fn talk_text(address: SocketAddr, request: &str) -> String {
    String::from_utf8_lossy(&talk(address, request.as_bytes()).await).into_owned()
}

/// Runs a foreign program; nothing, and a word about it, where it is not installed.
pub(crate) async fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    run_with_input(program, arguments, "").await
}

pub(crate) async fn run_with_input(
    program: &str,
    arguments: &[&str],
    input: &str,
) -> Option<Output> {
    use std::io::Write;
    use std::process::Stdio;
    let mut command = Command::new(program);
    command.args(arguments).env_remove("http_proxy").env_remove("https_proxy");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let running = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().unwrap();
        // The program may end without reading it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output()
    });
    match running.await.unwrap() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("SKIP: {program} is not installed");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
