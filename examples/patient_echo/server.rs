//! Echoes lines, but waits only so long, wants UTF-8, says why it closes, and
//! ends well on Ctrl-C.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

const LINE_BYTES_MAX: u64 = 64 * 1024;

async fn serve(stream: TcpStream, idle: Duration) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut reader).take(LINE_BYTES_MAX);
        let Ok(read) = tokio::time::timeout(idle, limited.read_until(b'\n', &mut line)).await
        else {
            println!("Timeout: No data received from client");
            return writer.write_all(b"Timeout: No data received from client\n").await;
        };
        match read? as u64 {
            0 => return Ok(()),
            LINE_BYTES_MAX => return Err(std::io::Error::other("a line is too long")),
            _ => {}
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            println!("Received data is not UTF-8 encoded");
            return writer.write_all(b"Received data is not UTF-8 encoded\n").await;
        };
        writer.write_all(format!("Echo: {}\n", text.trim_end()).as_bytes()).await?;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let clients: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let idle = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(5.0);
    let address = arguments.next().unwrap_or("127.0.0.1:0".to_owned());

    let bound = TcpListener::bind(address).await.and_then(|l| Ok((l.local_addr()?, l)));
    let (address, listener) = bound.unwrap_or_else(|error| {
        eprintln!("Socket error on start: {error}");
        std::process::exit(1);
    });
    // From here on Ctrl-C is ours; before that it would just kill.
    let mut interrupt = signal(SignalKind::interrupt()).unwrap_or_else(|error| {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::process::exit(1);
    });
    println!("listening on {address}");
    for _ in 0..clients {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, peer)) = accepted else { continue };
                if let Err(error) = serve(stream, Duration::from_secs_f64(idle)).await {
                    eprintln!("{peer}: {error}");
                }
            }
            _ = interrupt.recv() => {
                println!("Server shutting down");
                break;
            }
        }
    }
    println!("Server closed");
}
