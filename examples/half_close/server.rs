//! Ends its own half first and goes on reading: a connection is two streams.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    let (mut stream, _peer) = listener.accept()?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream.try_clone()?).take(1 << 20);

    let mut line = String::new();
    reader.read_line(&mut line)?;
    println!("received: {}", line.trim_end());
    stream.write_all(b"SERVER DATA")?;
    // The FIN goes out; whoever sends it first keeps TIME_WAIT in the end.
    stream.shutdown(Shutdown::Write)?;

    let mut rest = String::new();
    reader.read_to_string(&mut rest)?;
    println!("after our end: {}", rest.trim_end());
    Ok(())
}
