//! Sees the end of the server's half, and can still send.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server: SocketAddr = std::env::args().nth(1).unwrap_or_default().parse()?;
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;

    stream.write_all(b"CLIENT DATA\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    println!("{answer}");
    println!("bytes at the end of the stream: {}", stream.read(&mut [0; 16])?);

    stream.write_all(b"STILL HERE\n")?;
    Ok(())
}
