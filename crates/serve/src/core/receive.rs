//! The loop that takes datagrams.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::accept::back_off;
use super::rate::RateTable;
use super::server::{Context, Datagram, DatagramService, Shared};
use super::{Events, Ledger, Phase, Rule};

/// Peers whose rate is remembered: who comes most often is forgotten last, so
/// these are enough to find two servers that answer each other.
const PEERS_MAX: usize = 4096;
/// How long a peer that came too often must be silent: longer than any round
/// trip, so that nothing is left on the way of what two servers sent each other.
const SILENCE: Duration = Duration::from_secs(1);

/// Takes datagrams until the server stops. What can be answered at once is,
/// in the order in which it came; the rest on a task of its own each.
pub(super) async fn receive<T: DatagramService>(
    shared: Arc<Shared>,
    socket: Arc<tokio::net::UdpSocket>,
    local: SocketAddr,
    service: Arc<T>,
) {
    /// The largest UDP payload, RFC 768 (a 16-bit length).
    const DATAGRAM_BYTES_MAX: usize = 65_535;
    let stop = shared.stop.clone();
    let rates = shared.limits.datagram_rate;
    let rates = rates.map(|rate| RateTable::new(rate, PEERS_MAX).with_silence(SILENCE));
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
            let events = shared.events.between(None, Some(local.into()), peer.into());
            if !may_come(&shared, rates.as_ref(), peer, &events) {
                continue;
            }
            let Ok(permit) = Arc::clone(&shared.datagram_permits).try_acquire_owned() else {
                let in_flight = shared.limits.datagrams_in_flight_max;
                let detail =
                    format!("{in_flight} datagrams are being answered; this one is dropped");
                events.security(Rule::DatagramsMax, Phase::Accept, detail);
                continue;
            };
            let datagram = Datagram { bytes: buffer[..count].to_vec(), peer };
            let context = Context {
                peer: peer.into(),
                local: local.into(),
                proxy: None,
                stop: stop.clone(),
                events,
                limits: Arc::clone(&shared.limits),
                ledger: Arc::new(Ledger::new(Arc::clone(&shared.limits))),
                tls: None,
            };
            let (service, socket) = (Arc::clone(&service), Arc::clone(&socket));
            let cut = shared.cut.clone();
            let mut answering = Box::pin(async move {
                let _permit = permit;
                let answering = async {
                    if let Some(answer) = service.answer(datagram, context).await {
                        let _ = socket.send_to(&answer, peer).await;
                    }
                };
                cut.run_until_cancelled(answering).await;
            });
            // A panic ends this one answer, as it would on a task.
            let first = poll_fn(|task| {
                let polled = catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(task)));
                Poll::Ready(polled)
            });
            if let Ok(Poll::Pending) = first.await {
                shared.connections.spawn(answering);
            }
        }
    };
    stop.run_until_cancelled(receiving).await;
}

/// Whether a datagram of `peer` is answered; tells why not.
fn may_come(shared: &Shared, rates: Option<&RateTable>, peer: SocketAddr, events: &Events) -> bool {
    if !shared.policy.access.permits(peer.ip()) {
        events.security(Rule::Access, Phase::Accept, "this address may not come");
        return false;
    }
    if rates.is_some_and(|rates| rates.check_port(peer).is_err()) {
        let detail = match shared.limits.datagram_rate {
            Some(rate) => {
                format!("more datagrams than {rate}: none is answered until it is silent")
            }
            None => String::new(),
        };
        events.security(Rule::DatagramRate, Phase::Accept, detail);
        return false;
    }
    true
}
