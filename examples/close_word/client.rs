//! Sends its messages until the server says `closed`.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server: SocketAddr = std::env::args().nth(1).unwrap_or_default().parse()?;
    let mut messages: Vec<String> = std::env::args().skip(2).collect();
    if messages.is_empty() {
        messages = ["hello", "CLOSE", "never sent"].map(str::to_owned).to_vec();
    }
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answers = BufReader::new(stream.try_clone()?).lines();
    for message in messages {
        stream.write_all(format!("{message}\n").as_bytes())?;
        let Some(answer) = answers.next().transpose()? else { break };
        println!("{answer}");
        if answer == "closed" {
            break;
        }
    }
    Ok(())
}
