//! Waits to be greeted. The greeting ends with its line, however many pieces
//! it comes in.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server: SocketAddr = std::env::args().nth(1).unwrap_or_default().parse()?;
    let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut greeting = String::new();
    if BufReader::new(stream).read_line(&mut greeting)? == 0 {
        return Err("the server closed without a word".into());
    }
    println!("{}", greeting.trim_end());
    Ok(())
}
