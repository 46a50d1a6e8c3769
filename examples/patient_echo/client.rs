//! Tries to connect three times, each time with a socket of its own, and has a
//! time-out for everything that it waits for.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

const ATTEMPTS: u32 = 3;
const CONNECT: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(5);

/// A socket whose connect failed is of no more use: each attempt makes one.
fn connect(server: SocketAddr, pause: Duration) -> Option<TcpStream> {
    for attempt in 1..=ATTEMPTS {
        match TcpStream::connect_timeout(&server, CONNECT) {
            Ok(stream) => return Some(stream),
            Err(_) if attempt < ATTEMPTS => {
                println!("Connection attempt {attempt} failed, retrying...");
                std::thread::sleep(pause);
            }
            Err(_) => println!("Connection attempt {attempt} failed"),
        }
    }
    None
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let server: SocketAddr = std::env::args().nth(1).unwrap_or_default().parse()?;
    let pause = std::env::args().nth(2).and_then(|s| s.parse().ok()).unwrap_or(2.0);
    let Some(mut stream) = connect(server, Duration::from_secs_f64(pause)) else {
        println!("Failed to connect after retries");
        return Ok(ExitCode::FAILURE);
    };
    stream.set_read_timeout(Some(READ))?;
    stream.write_all(b"Hello from client!\n")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    println!("{}", answer.trim_end());
    Ok(ExitCode::SUCCESS)
}
