//! Both ends in one program, over the loopback interface, on a port that the
//! system chooses.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    // Port 0 asks for a free one: no two programs quarrel about a number.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    println!("listening on {address}");

    // It listens already, so the connection waits for `accept` in the kernel.
    let server = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _peer) = listener.accept()?;
        stream.write_all(b"loopback works")
    });
    let mut text = String::new();
    TcpStream::connect(address)?.read_to_string(&mut text)?;
    println!("{text}");
    server.join().unwrap_or_else(|_| Err(std::io::Error::other("the server panicked")))
}
