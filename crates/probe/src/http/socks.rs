//! A way through a SOCKS 5 proxy (RFC 1928, RFC 1929).

use std::io;
use std::net::SocketAddr;

use percent_encoding::percent_decode_str;
use plumb_evidence::Observation;
use plumb_evidence::observation::PhaseName;
use plumb_wire::transport::socks;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::connection::Ended;
use crate::way::ProxyChoice;
use crate::{Connection, Deadline, Scope, credentials};

/// Where the proxy is to connect to.
pub(crate) enum To {
    Address(SocketAddr),
    /// The proxy resolves it.
    Name(String, u16),
}

/// Asks for a connection, on an open one to the proxy; what it said where it
/// did not. Records `ProxyConnect`, the code of a refusal in its error.
pub(crate) async fn connect(
    scope: &Scope,
    mut connection: Connection,
    choice: &ProxyChoice,
    to: To,
    deadline: Deadline,
) -> Result<Connection, String> {
    let watch = connection.watch.clone();
    let work = ask(&mut connection, choice, &to);
    let error = match watch.over(scope, || PhaseName::Tcp, deadline, work).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(Ended::Deadline) => Some("no answer in time".to_owned()),
        Err(Ended::Stopped) => Some("abandoned".to_owned()),
    };
    scope.record(Observation::ProxyConnect {
        proxy: credentials::hidden(&choice.url),
        authority: match &to {
            To::Address(address) => address.to_string(),
            To::Name(name, port) => format!("{name}:{port}"),
        },
        status: None,
        error: error.clone(),
    });
    if let Some(error) = error {
        return Err(error);
    }
    connection.watch.traffic.begin_anew();
    Ok(connection)
}

async fn ask(connection: &mut Connection, choice: &ProxyChoice, to: &To) -> io::Result<()> {
    let stream = &mut connection.stream;
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let user = decoded(choice.url.username());
    let password = decoded(choice.url.password().unwrap_or_default());
    let methods: &[u8] = match user.is_empty() {
        true => &[socks::NO_AUTHENTICATION],
        false => &[socks::NO_AUTHENTICATION, socks::USER_PASSWORD],
    };
    stream.write_all(&socks::greeting(methods)).await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await.map_err(closed)?;
    match socks::method(chosen) {
        Ok(socks::NO_AUTHENTICATION) => {}
        Ok(socks::USER_PASSWORD) if !user.is_empty() => {
            let sent = socks::credentials(&user, &password);
            let sent = sent.map_err(|_| io::Error::other("user name or password is too long"))?;
            stream.write_all(&sent).await?;
            let mut answer = [0; 2];
            stream.read_exact(&mut answer).await.map_err(closed)?;
            if answer[1] != 0 {
                return Err(io::Error::other("it refused the user name and password"));
            }
        }
        Ok(_) => return Err(io::Error::other("it wants to know who asks")),
        Err(_) => return Err(io::Error::other("what it speaks is not SOCKS 5")),
    }
    let request = match to {
        To::Address(address) => socks::connect_address(*address),
        To::Name(name, port) => socks::connect_name(name, *port)
            .map_err(|_| io::Error::other("the name is too long for SOCKS"))?,
    };
    stream.write_all(&request).await?;
    // Byte by byte: what follows belongs to the connection.
    let mut answer = Vec::new();
    loop {
        match socks::reply(&answer) {
            Ok(None) => answer.push(stream.read_u8().await.map_err(closed)?),
            Ok(Some((0, _))) => return Ok(()),
            Ok(Some((code, _))) => {
                return Err(io::Error::other(format!(
                    "it said {code}, {}",
                    socks::reply_text(code)
                )));
            }
            Err(_) => return Err(io::Error::other("what it answers is not SOCKS 5")),
        }
    }
}

fn closed(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::other("it closed the connection"),
        _ => error,
    }
}
