//! A task for each client: it reads like a thread and costs a small state. The
//! semaphore bounds how many are served at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const AT_ONCE: usize = 1000;
const IDLE: Duration = Duration::from_secs(5);

async fn serve(stream: TcpStream) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader.take(1 << 20));
    let mut line = Vec::new();
    while tokio::time::timeout(IDLE, reader.read_until(b'\n', &mut line)).await?? > 0 {
        writer.write_all(&[b"Echo: ", &line[..]].concat()).await?;
        line.clear();
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let clients = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(8);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        // First the place, then the client: who cannot be served waits outside.
        let place = Arc::clone(&places).acquire_owned().await.map_err(std::io::Error::other)?;
        let (stream, peer) = listener.accept().await?;
        tasks.spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("{peer}: {error}");
            }
            drop(place);
        });
    }
    tasks.join_all().await;
    Ok(())
}
