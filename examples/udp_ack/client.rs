//! Sends one datagram and waits for the answer, but not for ever.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::process::ExitCode;
use std::time::Duration;

/// A datagram or its answer may be lost: nobody else will say so.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> std::io::Result<ExitCode> {
    let server = std::env::args().nth(1).unwrap_or_default();
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    // Connected, the socket hears of a port where nobody listens (ICMP), and
    // takes datagrams from this peer alone.
    socket.connect(server)?;
    socket.set_read_timeout(Some(PATIENCE))?;

    let mut buffer = [0; 65_507];
    match socket.send(b"Hello UDP!").and_then(|_| socket.recv(&mut buffer)) {
        Ok(length) => println!("{}", String::from_utf8_lossy(&buffer[..length])),
        Err(error) => {
            match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    println!("no response received (timeout)");
                }
                ErrorKind::ConnectionRefused => println!("nobody listens there"),
                _ => return Err(error),
            }
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
