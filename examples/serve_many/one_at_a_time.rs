//! One client at a time: the simplest server. Whoever comes meanwhile waits in
//! the kernel's queue, and one silent client holds up all.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut writer = stream.try_clone()?;
    // What a client may say in all is bounded, and so is each line.
    let mut reader = BufReader::new(stream.take(1 << 20));
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        writer.write_all(&[b"Echo: ", &line[..]].concat())?;
        line.clear();
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let clients = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(8);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    for _ in 0..clients {
        let (stream, peer) = listener.accept()?;
        if let Err(error) = serve(stream) {
            eprintln!("{peer}: {error}");
        }
    }
    Ok(())
}
