//! A client with deadlines and retries, with growing waits or as `Retry-After` says.
use plumb_probe::Retry;
use plumb_probe::http::{Client, Config, Request};
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_default().parse()?;
    let client = Client::new(Config {
        timeout: Duration::from_secs(5),
        total_timeout: Some(Duration::from_secs(30)),
        retry: Retry { base: Duration::from_millis(100), ..Retry::walk(2, 0) },
        ..Config::default()
    });
    let mut response = client.send(Request::get(url)).await?;
    println!("{} {}", response.status(), String::from_utf8_lossy(&response.bytes(1 << 20).await?));
    Ok(())
}
