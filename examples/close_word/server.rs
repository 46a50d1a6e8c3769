//! Accepts messages until the client says `close`, in any case and with any
//! line end, or just ends.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const LINE_BYTES_MAX: u64 = 64 * 1024;

fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(()); // The end of the stream is no empty message.
        }
        let message = String::from_utf8_lossy(&line);
        let message = message.trim_end();
        println!("Received: {message}");
        if message.eq_ignore_ascii_case("close") {
            return writer.write_all(b"closed\n");
        }
        writer.write_all(b"accepted\n")?;
    }
}

fn main() -> io::Result<()> {
    let clients = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    for _ in 0..clients {
        let (stream, peer) = listener.accept()?;
        println!("Accepted connection from {peer}");
        let result = serve(stream);
        println!("Connection to client ({peer}) closed");
        if let Err(error) = result {
            eprintln!("{peer}: {error}");
        }
    }
    Ok(())
}
