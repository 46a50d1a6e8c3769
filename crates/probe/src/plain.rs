//! A plain HTTP request, where TLS was expected or on a port beside it.

use std::io;
use std::net::SocketAddr;

use plumb_evidence::Observation;
use plumb_evidence::observation::ConnectOutcome;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{Connection, Deadline, Scope, dial};

/// First bytes of the answer that evidence keeps: a status line and a header
/// or two.
const FIRST_BYTES_MAX: usize = 256;

/// Connects, asks `GET /` of `host` and records `PlainHttp`. Nothing of the
/// user's request (headers, body, credentials) is sent.
pub async fn probe(scope: &Scope, address: SocketAddr, host: &str, deadline: Deadline) {
    let (attempt, connection) = dial::single(scope, address, deadline).await;
    let (first_bytes, error) = match connection {
        None => (Vec::new(), Some(connect_text(&attempt.outcome).to_owned())),
        Some(mut connection) => {
            let request = request(host);
            match deadline.run(ask(&mut connection, request.as_bytes())).await {
                Ok(Ok(bytes)) if bytes.is_empty() => {
                    (bytes, Some("the peer closed the connection without a word".to_owned()))
                }
                Ok(Ok(bytes)) => (bytes, None),
                Ok(Err(error)) => (Vec::new(), Some(error.to_string())),
                Err(_) => (Vec::new(), Some("no answer".to_owned())),
            }
        }
    };
    let status = status_of(&first_bytes);
    scope.record(Observation::PlainHttp { address, status, first_bytes, error });
}

/// What was asked, as it goes over the wire.
pub(crate) fn request(host: &str) -> String {
    // A host with a line break in it would be a request of somebody else's.
    let host: String = host.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let agent = concat!("plumb/", env!("CARGO_PKG_VERSION"));
    format!("GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n")
}

fn connect_text(outcome: &ConnectOutcome) -> &'static str {
    match outcome {
        ConnectOutcome::Connected => "the connection could not be used",
        ConnectOutcome::Refused => "the connection was refused",
        ConnectOutcome::Failed { .. } => "the connection failed",
        ConnectOutcome::TimedOut => "no connection in time",
        ConnectOutcome::Abandoned => "abandoned",
    }
}

/// Sends, and reads up to the end of the first line.
async fn ask(connection: &mut Connection, request: &[u8]) -> io::Result<Vec<u8>> {
    connection.stream.write_all(request).await?;
    let mut answer = vec![0; FIRST_BYTES_MAX];
    let mut filled = 0;
    while filled < answer.len() && !answer[..filled].contains(&b'\n') {
        let count = match connection.stream.read(&mut answer[filled..]).await {
            Ok(0) => break,
            Ok(count) => count,
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error),
        };
        filled += count;
    }
    answer.truncate(filled);
    Ok(answer)
}

/// The code of a status line (RFC 9112 section 4).
pub(crate) fn status_of(bytes: &[u8]) -> Option<u16> {
    let rest = bytes.strip_prefix(b"HTTP/1.")?;
    let code = rest.get(2..5)?;
    (rest.get(1) == Some(&b' ') && code.iter().all(u8::is_ascii_digit))
        .then(|| std::str::from_utf8(code).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read_and_nothing_else_is() {
        assert_eq!(status_of(b"HTTP/1.1 301 Moved\r\n"), Some(301));
        assert_eq!(status_of(b"HTTP/1.0 200"), Some(200));
        for other in
            [&b"HTTP/1.1 20"[..], b"HTTP/1.1 2x0 ", b"SSH-2.0-OpenSSH", b"\x15\x03\x01", b""]
        {
            assert_eq!(status_of(other), None);
        }
    }

    #[test]
    fn a_host_cannot_smuggle_a_line() {
        assert_eq!(request("a\r\nb").matches("\r\n").count(), 5);
    }
}
