//! From the accept core's tasks to the one place that has stdin and stdout.

use std::io;
use std::time::Instant;

use plumb_serve::core::{Context, Endpoint, Io, Service};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};

use crate::converse::near::Near;
use crate::converse::tell::{Begun, Connected, Teller, TlsRecord};
use crate::converse::{End, Manner, Outcome, stream};
use crate::exit::ExitStatus;

/// A stream of any kind.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Hands each connection over, and waits until the conversation has ended.
#[derive(Debug, Clone)]
pub(super) struct Bridge {
    guests: mpsc::Sender<Guest>,
}

/// A connection that waits for its conversation.
pub(super) struct Guest {
    stream: Box<dyn Duplex>,
    context: Context,
    done: oneshot::Sender<io::Result<()>>,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("context", &self.context).finish_non_exhaustive()
    }
}

impl Bridge {
    pub(super) fn new() -> (Bridge, mpsc::Receiver<Guest>) {
        // The core lets in no more than can be served.
        let (guests, receiver) = mpsc::channel(1);
        (Bridge { guests }, receiver)
    }
}

impl Service for Bridge {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        let (done, ended) = oneshot::channel();
        let guest = Guest { stream: Box::new(stream), context, done };
        if self.guests.send(guest).await.is_err() {
            return Ok(()); // the command is about to end
        }
        ended.await.unwrap_or(Ok(()))
    }
}

fn name(endpoint: &Endpoint) -> String {
    match endpoint {
        // As nearly all clients of a Unix socket are.
        Endpoint::Unix(None) => "a process of this host".to_owned(),
        named => named.to_string(),
    }
}

impl Guest {
    pub(super) fn peer(&self) -> String {
        name(&self.context.peer)
    }

    pub(super) fn local(&self) -> String {
        name(&self.context.local)
    }

    pub(super) async fn converse(
        self,
        near: &mut Near,
        manner: Manner,
        teller: &Teller,
    ) -> Outcome {
        let connected = Connected {
            at_ns: teller.elapsed_ns(),
            address: self.peer(),
            peer: self.peer(),
            local: Some(self.local()),
            duration_ns: None,
            tls: self.tls(),
            options: Vec::new(),
            tcp: None,
        };
        teller.connected(&connected, Begun::Accepted);
        let began = Instant::now();
        let Guest { stream, done, .. } = self;
        let outcome = stream::converse(stream, near, manner, teller).await;
        let duration_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        teller.closed(&outcome, duration_ns, None);
        let _ = done.send(match &outcome.end {
            End::Broken(error) => Err(io::Error::new(error.kind(), error.to_string())),
            _ => Ok(()),
        });
        outcome
    }

    fn tls(&self) -> Option<TlsRecord> {
        let record = &self.context.tls.as_ref()?.record;
        Some(TlsRecord {
            // As `connect` and OpenSSL write it.
            version: Some(record.version.replace('_', ".")),
            cipher_suite: Some(record.cipher_suite.clone()),
            group: record.group.clone(),
            alpn: record.alpn.clone(),
            server_name: record.name.clone(),
            subject: record.client.clone(),
            verified: record.client.is_some(),
            resumed: record.resumed,
            messages: Vec::new(),
        })
    }
}

pub(super) fn status_of(outcome: &Outcome) -> ExitStatus {
    match &outcome.end {
        End::Both | End::Peer | End::Program | End::OutputClosed => ExitStatus::GOOD,
        End::Broken(_) | End::Silence(_) => ExitStatus::NO,
        End::OutputFailed(_) => ExitStatus::NOT_MEASURED,
        End::Interrupted => ExitStatus::INTERRUPTED,
    }
}
