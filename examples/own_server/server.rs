//! A server of one's own on plumb's accept core: limits, time-outs, events and
//! the graceful stop come with it.

use std::time::Duration;

use plumb_serve::core::{Context, Io, Limits, Server, ServerEvent, Service};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

struct Shout;

impl Service for Shout {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> std::io::Result<()> {
        let (reader, mut writer) = tokio::io::split(stream);
        let mut reader = BufReader::new(reader.take(1 << 20));
        let mut line = String::new();
        // None: the server is being stopped. Some(0): the client has ended.
        while let Some(read) = context.stop.run_until_cancelled(reader.read_line(&mut line)).await
            && read? > 0
        {
            writer.write_all(line.to_uppercase().as_bytes()).await?;
            line.clear();
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tell = |event: ServerEvent| eprintln!("{:?}", event.kind);
    let server = Server::new("shout", Limits::default(), tell);
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", server.tcp(listener, Shout)?);
    tokio::signal::ctrl_c().await?;
    server.stop(Duration::from_secs(5)).await;
    Ok(())
}
