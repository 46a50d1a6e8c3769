//! The proxy, with curl.

use std::io;
use std::net::SocketAddr;

use plumb_serve::Switch;
use plumb_serve::http::Site;
use plumb_serve::proxy::{Dialer, Proxy};
use tokio::net::TcpStream;

use crate::ground::{run, serve, stdout, talk_text};

/// Knows one name.
struct OneName(SocketAddr);

impl Dialer for OneName {
    async fn dial(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        match (host, port) {
            ("www.example.com", 80) => TcpStream::connect(self.0).await,
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        }
    }
}

fn proxy() -> SocketAddr {
    serve(Proxy::new(OneName(serve(Site::new(Switch::default())))))
}

#[tokio::test]
async fn curl_goes_through() {
    let through = format!("http://{}", proxy());
    for tunnel in [&[][..], &["--proxytunnel"]] {
        let arguments = ["-sS", "--noproxy", "", "--proxy", &through];
        let url = ["http://www.example.com/get", "http://www.example.com/numbers.html"];
        let Some(output) = run("curl", &[&arguments[..], tunnel, &url].concat()).await else {
            return;
        };
        let text = stdout(&output);
        assert!(output.status.success(), "{tunnel:?}: {output:?}");
        assert!(text.contains("\"url\": \"http://www.example.com/get\""), "{tunnel:?}: {text}");
        assert!(text.len() > 100_000, "{tunnel:?}");
        assert_eq!(text.contains("\"Via\": \"1.1 plumb\""), tunnel.is_empty());
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_said() {
    let address = proxy();
    for (request, status) in [
        (
            "GET http://dead.example.com/ HTTP/1.1\r\nHost: dead.example.com\r\nConnection: close\r\n\r\n",
            "502",
        ),
        (
            "CONNECT dead.example.com:443 HTTP/1.1\r\nHost: dead.example.com\r\nConnection: close\r\n\r\n",
            "502",
        ),
        (
            "CONNECT dead.example.com HTTP/1.1\r\nHost: dead.example.com\r\nConnection: close\r\n\r\n",
            "400",
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "400"),
        ("GET https://a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "400"),
    ] {
        let response = talk_text(address, request).await;
        assert_eq!(response.split(' ').nth(1), Some(status), "{request:?}: {response:?}");
    }
}
