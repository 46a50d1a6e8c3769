//! How the proxy of the loopback lab reaches the lab: it asks the lab's own
//! resolver, and follows the address map.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plumb_serve::dns::{SocketFactory, ask_resolver};
use plumb_serve::proxy::Dialer;
use plumb_wire::dns::{Name, Rdata, Rtype};
use tokio::net::TcpStream;

use super::addresses::Addresses;

/// How long the resolver may take: two tries of the C library's five seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

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
        let resolver = self.addresses.reach(resolver);
        let here = SocketFactory::here();
        let answer = ask_resolver(&here, resolver, name, rtype, ANSWER_WITHIN).await;
        let answer = answer.map_err(io::Error::other)?;
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
