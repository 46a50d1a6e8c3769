//! How the proxy of the loopback lab reaches the lab: it asks the lab's own
//! resolver, and follows the address map.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plumb_serve::proxy::Dialer;
use plumb_wire::dns::{MESSAGE_BYTES_MAX, Message, Name, Rdata, Rtype};
use tokio::net::{TcpStream, UdpSocket};

use super::addresses::Addresses;

/// How long the resolver may take: two tries of the C library's five seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Any id will do: the socket is connected over loopback, to one server.
const QUERY_ID: u16 = 1;

#[derive(Debug)]
pub(super) struct LabDialer {
    addresses: Arc<Addresses>,
    resolver: Option<SocketAddr>,
}

impl LabDialer {
    pub(super) fn new(addresses: Arc<Addresses>, resolver: Option<SocketAddr>) -> LabDialer {
        LabDialer { addresses, resolver }
    }

    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![address]);
        }
        let name: Name = host.parse().map_err(io::Error::other)?;
        let mut found = self.ask(&name, Rtype::A).await?;
        found.extend(self.ask(&name, Rtype::Aaaa).await?);
        Ok(found)
    }

    async fn ask(&self, name: &Name, rtype: Rtype) -> io::Result<Vec<IpAddr>> {
        let resolver = self.resolver.ok_or(io::ErrorKind::NotFound)?;
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(self.addresses.reach(resolver)).await?;
        let query = Message::query(QUERY_ID, name.clone(), rtype, true);
        socket.send(&query.encode()).await?;
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        let answer = tokio::time::timeout(ANSWER_WITHIN, socket.recv(&mut buffer)).await;
        let count = answer.map_err(|_| io::ErrorKind::TimedOut)??;
        let answer = Message::decode(buffer.get(..count).unwrap_or_default());
        let answer = answer.map_err(io::Error::other)?;
        if answer.flags.truncated {
            return Err(io::Error::other("the resolver's answer was truncated"));
        }
        let addresses = answer.answers.iter().filter_map(|record| match record.data {
            Rdata::A(address) => Some(IpAddr::V4(address)),
            Rdata::Aaaa(address) => Some(IpAddr::V6(address)),
            _ => None,
        });
        Ok(addresses.collect())
    }
}

impl Dialer for LabDialer {
    async fn dial(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"));
        for address in self.resolve(host).await? {
            match TcpStream::connect(self.addresses.reach(SocketAddr::new(address, port))).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}
