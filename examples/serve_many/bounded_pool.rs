//! A few threads take turns: the most that it will ever use is known before
//! the first client comes. The others wait, in a queue that is bounded too.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

const WORKERS: usize = 4;
/// Clients that are accepted and wait for a worker; the rest wait unaccepted.
const QUEUE: usize = 8;

fn serve(stream: TcpStream) -> io::Result<()> {
    // Without a time-out a handful of silent clients would hold all workers.
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream.take(1 << 20));
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        writer.write_all(&[b"Echo: ", &line[..]].concat())?;
        line.clear();
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let clients = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(8);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    let (queue, waiting) = mpsc::sync_channel::<TcpStream>(QUEUE);
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                // The lock is held while waiting for a client, not while serving.
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                while let Ok(stream) = next() {
                    if let Err(error) = serve(stream) {
                        eprintln!("{error}");
                    }
                }
            });
        }
        for _ in 0..clients {
            let (stream, _peer) = listener.accept()?;
            // Blocks while the queue is full: the kernel's queue fills next.
            queue.send(stream).map_err(io::Error::other)?;
        }
        drop(queue); // The workers finish what is queued, and end.
        Ok(())
    })
}
