//! Stand-ins until plumb-serve has them.
use std::io;

use plumb_serve::core::{Context, Datagram, DatagramService, Io, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[derive(Debug, Clone)]
pub(super) struct Echo;
pub(super) use Echo as Discard;
pub(super) use Echo as Daytime;

impl Service for Echo {
    async fn serve<S: Io>(&self, mut stream: S, _: Context) -> io::Result<()> {
        let mut buffer = [0; 1024];
        loop {
            let n = stream.read(&mut buffer).await?;
            if n == 0 {
                return Ok(());
            }
            stream.write_all(&buffer[..n]).await?;
        }
    }
}

impl DatagramService for Echo {
    async fn answer(&self, datagram: Datagram, _: Context) -> Option<Vec<u8>> {
        Some(datagram.bytes)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Banner(String);

impl Banner {
    pub(super) fn ssh() -> Self {
        Banner("SSH-2.0-plumb\r\n".into())
    }
    pub(super) fn ftp(name: &str) -> Self {
        Banner(format!("220 {name}\r\n"))
    }
    pub(super) fn telnet(name: &str) -> Self {
        Banner(format!("{name}\r\n"))
    }
    pub(super) fn smtp(name: &str) -> Self {
        Banner(format!("220 {name} ESMTP\r\n"))
    }
    pub(super) fn pop3(name: &str) -> Self {
        Banner(format!("+OK {name}\r\n"))
    }
    pub(super) fn imap(name: &str) -> Self {
        Banner(format!("* OK {name}\r\n"))
    }
}

impl Service for Banner {
    async fn serve<S: Io>(&self, mut stream: S, _: Context) -> io::Result<()> {
        stream.write_all(self.0.as_bytes()).await?;
        let mut buffer = [0; 1024];
        while stream.read(&mut buffer).await? > 0 {}
        Ok(())
    }
}
