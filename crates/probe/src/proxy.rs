//! HTTP proxies: CONNECT (RFC 9110 section 9.3.6).

use std::io;

use http::HeaderValue;
use plumb_evidence::Observation;
use plumb_evidence::observation::PhaseName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use crate::connection::Ended;
use crate::plain::status_of;
use crate::{Connection, Deadline, Scope, credentials};

/// Longest head of an answer to CONNECT; common servers stop at 8 to 16 KiB.
const HEAD_MAX_BYTES: usize = 16 << 10;

/// A proxy, its credentials kept apart from what is recorded.
#[derive(Clone)]
pub struct Proxy {
    /// Without credentials.
    pub url: Url,
    /// `user:password`, from a file or the environment.
    pub credentials: Option<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &credentials::hidden(&self.url))
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// Takes the credentials out of a proxy's URL.
    pub fn new(mut url: Url) -> Proxy {
        let credentials = credentials::take(&mut url);
        Proxy { url, credentials }
    }

    /// The value of `Proxy-Authorization` (RFC 7617), if there are credentials.
    pub fn authorization(&self) -> Option<HeaderValue> {
        credentials::basic(self.credentials.as_ref()?)
    }
}

/// Asks for a tunnel to `authority` (`host:port`) on an open connection to the
/// proxy and records `ProxyConnect`. `None` where the proxy said no.
pub async fn connect(
    scope: &Scope,
    mut connection: Connection,
    proxy: &Proxy,
    authority: &str,
    deadline: Deadline,
) -> Option<Connection> {
    let watch = connection.watch.clone();
    let work = ask(&mut connection, proxy, authority);
    let (status, error) = match watch.over(scope, || PhaseName::Tcp, deadline, work).await {
        Ok(Ok(head)) => match status_of(&head) {
            Some(status) => (Some(status), None),
            None => (None, Some("what came back is not HTTP".to_owned())),
        },
        Ok(Err(error)) => (None, Some(error.to_string())),
        Err(Ended::Deadline) => (None, Some("no answer in time".to_owned())),
        Err(Ended::Stopped) => (None, Some("abandoned".to_owned())),
    };
    scope.record(Observation::ProxyConnect {
        proxy: credentials::hidden(&proxy.url),
        authority: authority.to_owned(),
        status,
        error,
    });
    // Any 2xx opens the tunnel.
    status.filter(|status| (200..300).contains(status)).map(|_| {
        // What the proxy said is not what the server says.
        connection.watch.traffic.begin_anew();
        connection
    })
}

async fn ask(connection: &mut Connection, proxy: &Proxy, authority: &str) -> io::Result<Vec<u8>> {
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    if let Some(value) = proxy.authorization()
        && let Ok(value) = value.to_str()
    {
        request.push_str("Proxy-Authorization: ");
        request.push_str(value);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    connection.stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to the tunnel.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_MAX_BYTES {
            let text = format!("the answer's head is longer than {HEAD_MAX_BYTES} bytes");
            return Err(io::Error::other(text));
        }
        match connection.stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                // A refusal may be cut off after its status line.
                let named = status_of(&head).is_some_and(|status| status >= 300);
                let closed = || io::Error::other("the proxy closed the connection");
                return if named { Ok(head) } else { Err(closed()) };
            }
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tunnel of a proxy whose head has this many bytes in all.
    async fn tunnel_by_head_of(size: usize) -> Option<Connection> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            let mut head = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
            head.resize(size - 4, b'y');
            head.extend_from_slice(b"\r\n\r\n");
            // The reader may give up before the end.
            let _ = stream.write_all(&head).await;
        });
        let scope = Scope::new(crate::Recorder::new(), std::sync::Arc::default());
        let soon = Deadline::after(std::time::Duration::from_secs(20));
        let (_, connection) = crate::dial::single(&scope, address, soon).await;
        let proxy = Proxy::new(Url::parse("http://127.0.0.1/").unwrap());
        connect(&scope, connection.unwrap(), &proxy, "h:443", soon).await
    }

    #[tokio::test]
    async fn a_head_may_be_so_long_and_no_longer() {
        assert!(tunnel_by_head_of(HEAD_MAX_BYTES).await.is_some());
        assert!(tunnel_by_head_of(HEAD_MAX_BYTES + 1).await.is_none());
    }

    #[tokio::test]
    async fn what_the_proxy_said_is_not_the_server_s() {
        let tunnel = tunnel_by_head_of(100).await.unwrap();
        let passed = tunnel.watch.traffic.passed();
        assert_eq!((passed.received_bytes, passed.sent_bytes), (0, 0));
        assert!(passed.first_received.is_empty());
    }

    #[test]
    fn credentials_leave_the_url() {
        let proxy = Proxy::new(Url::parse("http://me:p%40ss@proxy.example:3128").unwrap());
        assert_eq!(proxy.url.as_str(), "http://proxy.example:3128/");
        assert_eq!(proxy.credentials.as_deref(), Some("me:p@ss"));
        assert_eq!(proxy.authorization().unwrap(), "Basic bWU6cEBzcw==");
        assert!(!format!("{proxy:?}").contains("p@ss"));
    }
}
