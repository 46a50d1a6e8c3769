//! Alone in its process: what a connection that waits costs.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // what should not happen ends the test; SKIP is said

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use plumb_serve::core::{Forget, Limits, Server};
use plumb_serve::echo::Echo;
use socket2::{Domain, Protocol, Socket, Type};

/// Both ends are in this process: twice as many descriptors.
const CONNECTIONS: usize = 6_000;
/// Left for the harness, the runtime and the listening socket.
const OTHER_DESCRIPTORS: u64 = 200;
/// What an idle connection may cost in user memory.
const BYTES_MAX: usize = 1536;

/// Memory of this process that no file backs.
fn private_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// A client of its own address: the system gives each some 28,000 ports.
fn connect(number: usize, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    let source = SocketAddr::from(([127, 0, 1, (number % 100) as u8 + 1], 0));
    socket.bind(&source.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

fn ask(mut client: &TcpStream) {
    client
        .write_all(b"a line of sixty-four bytes, as the benchmark sends it; one, two, 3\n")
        .unwrap();
    let mut answer = [0; 67];
    client.read_exact(&mut answer).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_waits_costs_less_than_a_page() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if hard < 2 * CONNECTIONS as u64 + OTHER_DESCRIPTORS {
        eprintln!("SKIP: no more than {hard} file descriptors");
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let limits = Limits { connections_max: CONNECTIONS + 1, ..Limits::conversation() };
    let server = Server::new("echo", limits, Forget);
    let address = server.tcp(TcpListener::bind("127.0.0.1:0").unwrap(), Echo::default()).unwrap();
    let per_connection = tokio::task::spawn_blocking(move || {
        let mut clients = Vec::with_capacity(CONNECTIONS);
        // What is made once, and the buffers of the threads, is not what one costs.
        let first: Vec<_> = (0..64).map(|number| connect(number, address)).collect();
        first.iter().for_each(ask);
        let before = private_bytes();
        for number in 0..CONNECTIONS - first.len() {
            let client = connect(number, address);
            ask(&client);
            clients.push(client);
        }
        private_bytes().saturating_sub(before) / clients.len()
    })
    .await
    .unwrap();
    eprintln!("{per_connection} bytes for each idle connection");
    assert!(per_connection < BYTES_MAX, "{per_connection} bytes for each idle connection");
}
