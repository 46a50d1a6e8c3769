//! A server on plumb's accept core: limits, time-outs, events, graceful stop.
use plumb_serve::core::{Context, Io, Limits, Server, ServerEvent, Service};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

struct Shout;
impl Service for Shout {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> std::io::Result<()> {
        let (reader, mut writer) = tokio::io::split(stream);
        let mut lines = BufReader::new(reader.take(1 << 20)).lines();
        // Ends where the server is being stopped, and where the client ends.
        while let Some(read) = context.stop.run_until_cancelled(lines.next_line()).await
            && let Some(line) = read?
        {
            writer.write_all(format!("{}\n", line.to_uppercase()).as_bytes()).await?;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tell = |event: ServerEvent| eprintln!("{:?}", event.kind);
    let server = Server::new("shout", Limits::default(), tell);
    println!("listening on {}", server.tcp(std::net::TcpListener::bind("127.0.0.1:0")?, Shout)?);
    tokio::signal::ctrl_c().await?;
    server.stop(Duration::from_secs(5)).await;
    Ok(())
}
