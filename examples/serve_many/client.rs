//! Many clients at once: all are connected before the first one speaks, and
//! each gets its own answer.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

fn ask(mut stream: TcpStream, number: usize) -> std::io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("client {number}\n").as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server: SocketAddr = std::env::args().nth(1).unwrap_or_default().parse()?;
    let clients: usize = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(8);
    let streams: Result<Vec<_>, _> =
        (0..clients).map(|_| TcpStream::connect_timeout(&server, PATIENCE)).collect();
    let asking: Vec<_> = streams?
        .into_iter()
        .enumerate()
        .map(|(number, stream)| std::thread::spawn(move || ask(stream, number)))
        .collect();
    for (number, thread) in asking.into_iter().enumerate() {
        let answer = thread.join().map_err(|_| "a client panicked")??;
        if answer != format!("Echo: client {number}\n") {
            return Err(format!("client {number} got {answer:?}").into());
        }
    }
    println!("{clients} clients got their own answers");
    Ok(())
}
