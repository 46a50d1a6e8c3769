//! Asks once more when no answer comes: what UDP leaves to the program.

use std::io::{Error, ErrorKind};
use std::net::UdpSocket;
use std::time::Duration;

/// Times that a message is sent before the client gives up.
const ATTEMPTS: usize = 3;

fn ask(socket: &UdpSocket, message: &str) -> std::io::Result<String> {
    let mut buffer = [0; 65_507];
    for _ in 0..ATTEMPTS {
        socket.send(message.as_bytes())?;
        match socket.recv(&mut buffer) {
            Ok(length) => return Ok(String::from_utf8_lossy(&buffer[..length]).into_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(ErrorKind::TimedOut, format!("no answer to {message:?}")))
}

fn main() -> std::io::Result<()> {
    let server = std::env::args().nth(1).unwrap_or_default();
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    for message in ["ping", "hello", "test"] {
        println!("{}", ask(&socket, message)?);
    }
    Ok(())
}
