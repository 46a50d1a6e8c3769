//! The loop that takes datagrams.

use std::net::SocketAddr;
use std::sync::Arc;

use super::EventKind;
use super::accept::{back_off, catch_panic};
use super::server::{Context, Datagram, DatagramService, Shared};

/// Takes datagrams until the server stops; each is answered on a task of its own.
pub(super) async fn receive<T: DatagramService>(
    shared: Arc<Shared>,
    socket: Arc<tokio::net::UdpSocket>,
    local: SocketAddr,
    service: Arc<T>,
) {
    /// The largest UDP payload, RFC 768 (a 16-bit length).
    const DATAGRAM_BYTES_MAX: usize = 65_535;
    let stop = shared.stop.clone();
    let receiving = async {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let (count, peer) = match socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                Err(error) => {
                    // An ICMP error for an answer that was sent, most likely.
                    tokio::time::sleep(back_off(&error)).await;
                    continue;
                }
            };
            let events = shared.events.at(local.into()).between(None, peer.into());
            let Ok(permit) = Arc::clone(&shared.datagram_permits).try_acquire_owned() else {
                let in_flight = shared.limits.datagrams_in_flight_max;
                events.emit(EventKind::DatagramLimit { in_flight });
                continue;
            };
            let datagram = Datagram { bytes: buffer[..count].to_vec(), peer };
            let context = Context {
                peer: peer.into(),
                local: local.into(),
                stop: stop.clone(),
                events,
                limits: Arc::clone(&shared.limits),
                tls: None,
            };
            let (service, socket) = (Arc::clone(&service), Arc::clone(&socket));
            let cut = shared.cut.clone();
            shared.connections.spawn(async move {
                let _permit = permit;
                let answering = async {
                    let answer = catch_panic(service.answer(datagram, context)).await;
                    if let Ok(Some(answer)) = answer {
                        let _ = socket.send_to(&answer, peer).await;
                    }
                };
                cut.run_until_cancelled(answering).await;
            });
        }
    };
    stop.run_until_cancelled(receiving).await;
}
