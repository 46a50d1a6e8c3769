//! One datagram, and what comes back.

use std::net::SocketAddr;

use plumb_evidence::Observation;
use plumb_evidence::observation::{IcmpError, UdpOutcome};
use plumb_sys::udp::{ProbeSocket, Reply};
use plumb_wire::dns::{Message, Name, Rtype};

use crate::{Deadline, Retry, Scope, kernel};

/// Speaks to a UDP port in its own protocol where plumb knows it (53: a DNS
/// query for the root's name servers; 123: a request for the time), else with
/// an empty datagram. Records `UdpExchange`.
pub async fn exchange(scope: &Scope, address: SocketAddr, deadline: Deadline) -> UdpOutcome {
    let start_ns = scope.elapsed_ns();
    let payload = payload(address.port());
    let mut icmp = Vec::new();
    let outcome = converse(scope, address, &payload, &mut icmp, deadline).await;
    scope.record(Observation::UdpExchange {
        address,
        sent_bytes: u32::try_from(payload.len()).unwrap_or(u32::MAX),
        outcome: outcome.clone(),
        icmp,
        start_ns,
        duration_ns: scope.elapsed_ns().saturating_sub(start_ns),
    });
    outcome
}

fn payload(port: u16) -> Vec<u8> {
    match port {
        53 => Message::query(1, Name::root(), Rtype::Ns, true).encode(),
        // RFC 5905 section 7.3: version 4, mode 3 (client), the rest zero.
        123 => {
            let mut request = vec![0; 48];
            request[0] = 0x23;
            request
        }
        _ => Vec::new(),
    }
}

async fn converse(
    scope: &Scope,
    address: SocketAddr,
    payload: &[u8],
    icmp: &mut Vec<IcmpError>,
    deadline: Deadline,
) -> UdpOutcome {
    let to = match scope.mapped(address) {
        Ok(to) => to,
        Err(error) => return failed(&error),
    };
    let source = scope.network.source.filter(|source| source.is_ipv4() == to.is_ipv4());
    let socket = match ProbeSocket::connect(to, source) {
        Ok(socket) => socket,
        Err(error) => return failed(&error),
    };
    let retry = Retry::DATAGRAM;
    for attempt in 1..=retry.tries {
        if deadline.has_passed() {
            break;
        }
        if let Err(error) = socket.send(payload) {
            return failed(&error);
        }
        match deadline.within(retry.wait(attempt)).run(socket.receive()).await {
            Ok(Ok(Reply::Datagram { data, .. })) => {
                let size_bytes = u32::try_from(data.len()).unwrap_or(u32::MAX);
                return UdpOutcome::Reply { size_bytes };
            }
            Ok(Ok(Reply::Error(error))) => {
                icmp.push(kernel::icmp_error(&error));
                return failed(&std::io::Error::from_raw_os_error(error.errno));
            }
            Ok(Ok(Reply::Failed(errno))) => {
                return failed(&std::io::Error::from_raw_os_error(errno));
            }
            Ok(Err(error)) => return failed(&error),
            Err(_) => {}
        }
    }
    UdpOutcome::Silence
}

fn failed(error: &std::io::Error) -> UdpOutcome {
    let (errno, errno_name) = kernel::errno(error);
    UdpOutcome::Failed { errno, errno_name }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::net::UdpSocket;

    use super::*;
    use crate::{Network, Recorder};

    #[tokio::test]
    async fn an_answer_and_a_closed_port_are_seen() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let echo = tokio::spawn(async move {
            let mut buffer = [0; 64];
            let (size, from) = server.recv_from(&mut buffer).await.unwrap();
            server.send_to(&[9; 7], from).await.unwrap();
            size
        });
        let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
        let soon = Deadline::after(Duration::from_secs(20));
        assert_eq!(exchange(&scope, address, soon).await, UdpOutcome::Reply { size_bytes: 7 });
        assert_eq!(echo.await.unwrap(), 0, "the datagram was empty");
        let closed = exchange(&scope, address, soon).await;
        assert!(
            matches!(&closed, UdpOutcome::Failed { errno_name, .. } if errno_name == "ECONNREFUSED")
        );
    }
}
