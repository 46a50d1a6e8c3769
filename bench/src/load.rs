//! The load of echo: connections that each send a message, wait for it, and
//! send the next.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A line of 64 bytes.
pub(crate) fn message() -> [u8; 64] {
    let mut message = [b'x'; 64];
    message[63] = b'\n';
    message
}

/// Round trips in a second, over `connections` at once for `time`.
pub(crate) fn round_trips_per_second(
    address: SocketAddr,
    connections: usize,
    time: Duration,
) -> io::Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut clients = tokio::task::JoinSet::new();
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let count = std::sync::Arc::new(AtomicU64::new(0));
        for _ in 0..connections {
            let mut stream = tokio::net::TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (stop, count) = (stop.clone(), count.clone());
            clients.spawn(async move {
                let (message, mut answer) = (message(), [0; 64]);
                while !stop.load(Ordering::Relaxed) {
                    stream.write_all(&message).await?;
                    stream.read_exact(&mut answer).await?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                io::Result::Ok(())
            });
        }
        let (begin, before) = (Instant::now(), count.load(Ordering::Relaxed));
        tokio::time::sleep(time).await;
        let round_trips = count.load(Ordering::Relaxed) - before;
        let rate = round_trips as f64 / begin.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
        while let Some(ended) = clients.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(rate)
    })
}

/// Connections that have each done one round trip and say nothing more.
///
/// One source address has some 28,000 ports, and a server may count
/// connections by client, so they come from several.
pub(crate) fn idle(address: SocketAddr, connections: usize) -> io::Result<Vec<TcpStream>> {
    let message = message();
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(&message)?;
        stream.read_exact(&mut [0; 64])?;
        open.push(stream);
    }
    Ok(open)
}
