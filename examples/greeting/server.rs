//! Speaks first, as servers of mail and files do.

use std::io::Write;
use std::net::TcpListener;

fn main() -> std::io::Result<()> {
    let clients = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    for _ in 0..clients {
        let (mut stream, _peer) = listener.accept()?;
        // A client that has gone already is no reason to stop.
        if let Err(error) = stream.write_all(b"CONNECTED\n") {
            eprintln!("cannot greet: {error}");
        }
    }
    Ok(())
}
