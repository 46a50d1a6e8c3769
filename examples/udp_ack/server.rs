//! Acknowledges every datagram: one socket, no connection.

use std::net::UdpSocket;

/// The largest payload of a datagram over IPv4: a smaller buffer would cut.
const PAYLOAD_BYTES_MAX: usize = 65_507;

fn main() -> std::io::Result<()> {
    let datagrams = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    println!("listening on {}", socket.local_addr()?);

    let mut buffer = [0; PAYLOAD_BYTES_MAX];
    for _ in 0..datagrams {
        let (length, peer) = socket.recv_from(&mut buffer)?;
        println!("received: {}", String::from_utf8_lossy(&buffer[..length]));
        socket.send_to(b"ACK", peer)?;
    }
    Ok(())
}
