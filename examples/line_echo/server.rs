//! Echoes line by line: one answer per message, however TCP cut it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// A longer line ends the conversation: it could have no end at all.
const LINE_BYTES_MAX: u64 = 64 * 1024;

fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        match line.last() {
            None => return Ok(()),
            Some(b'\n') => {}
            Some(_) if line.len() as u64 == LINE_BYTES_MAX => {
                return Err(io::Error::other("a line is too long"));
            }
            // The last line came without its end: it is answered with one.
            Some(_) => line.push(b'\n'),
        }
        writer.write_all(&[b"Echo: ", &line[..]].concat())?;
    }
}

fn main() -> io::Result<()> {
    let clients = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
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
