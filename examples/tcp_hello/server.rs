//! Takes one whole message, answers, closes. The message ends where the client
//! says that it will send no more: a `recv` is not a message.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

/// More is not read: a client must not fill the memory.
const MESSAGE_BYTES_MAX: u64 = 1 << 20;

fn main() -> std::io::Result<()> {
    let reply = std::env::args().nth(1).unwrap_or("World!".to_owned());
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);

    let (mut stream, _peer) = listener.accept()?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut message = Vec::new();
    (&stream).take(MESSAGE_BYTES_MAX).read_to_end(&mut message)?;
    println!("received: {}", String::from_utf8_lossy(&message));
    stream.write_all(reply.as_bytes())
}
