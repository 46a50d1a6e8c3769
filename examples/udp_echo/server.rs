//! Echoes datagrams of all clients from one socket, and counts them.

use std::net::UdpSocket;

fn main() -> std::io::Result<()> {
    let datagrams: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(3);
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    println!("listening on {}", socket.local_addr()?);

    let mut buffer = [0; 65_507];
    for number in 1..=datagrams {
        // The address comes with each datagram: there is no connection to ask.
        let (length, peer) = socket.recv_from(&mut buffer)?;
        let mut reply = format!("Echo ({number}): ").into_bytes();
        reply.extend(&buffer[..length]);
        // With the prefix it may have become too large for a datagram.
        if let Err(error) = socket.send_to(&reply, peer) {
            eprintln!("cannot answer {peer}: {error}");
        }
    }
    Ok(())
}
