//! Sends lines of any length and counts the answers.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server: SocketAddr = std::env::args().nth(1).unwrap_or_default().parse()?;
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    for message in ["hello server", &"x".repeat(1500), "café"] {
        stream.write_all(format!("{message}\n").as_bytes())?;
        let mut answer = String::new();
        if reader.read_line(&mut answer)? == 0 {
            return Err("the server closed before it answered".into());
        }
        let answer = answer.trim_end();
        match answer.len() {
            0..80 => println!("{answer}"),
            bytes => println!("{bytes} bytes, Echo: {} time(s)", answer.matches("Echo: ").count()),
        }
    }
    Ok(())
}
