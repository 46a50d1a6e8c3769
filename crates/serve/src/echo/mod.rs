//! Echo: what comes goes back, or a reply to it.
//!
//! [`Echo`] takes messages in any [`Framing`], over TCP, Unix sockets, TLS and
//! UDP, and answers each by a [`Template`]; by default with itself. It can
//! greet, acknowledge, say goodbye at a word, insist on UTF-8, and send a
//! heartbeat.

mod talk;
mod template;

use std::future::{Future, poll_fn};
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use plumb_wire::transport::message::Framing;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::core::lend::{finish_turn, poll_turn_lent, read_lent};
use crate::core::{
    Context, Cut, Datagram, DatagramService, EventKind, Events, Io, Ledger, Limits, Phase, Rule,
    Service, close_gently,
};
use crate::small::would_loop;
use talk::{Ending, Talk};

pub use template::{Template, TemplateError, unescape};

/// How a server answers. What is not said is a plain echo.
#[derive(Debug, Clone, Default)]
pub struct EchoOptions {
    /// Where a message ends.
    pub framing: Framing,
    /// What is answered instead of the message itself.
    pub reply: Option<Template>,
    /// Said before the client says anything.
    pub greeting: Option<Vec<u8>>,
    /// A message with which the client ends the conversation; case and line
    /// end do not matter.
    pub close_word: Option<String>,
    /// The answer to it.
    pub closing: Option<Vec<u8>>,
    /// Messages that are answered on a connection before it is closed.
    pub messages_max: Option<u64>,
    /// What is said to a client that is cut because it said nothing for too
    /// long.
    pub idle_text: Option<Vec<u8>>,
    /// Only UTF-8 is taken; what is not is answered with this, and the
    /// connection is closed.
    pub utf8: Option<Vec<u8>>,
    /// Said whenever this much time passes without a message.
    pub heartbeat: Option<(Duration, Vec<u8>)>,
}

/// The service. Clones are the same server and count datagrams together.
#[derive(Debug, Clone)]
pub struct Echo(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: EchoOptions,
    /// The options ask for nothing but the echo of bytes.
    plain: bool,
    datagrams: AtomicU64,
}

impl Default for Echo {
    /// The echo of RFC 862: bytes for bytes.
    fn default() -> Self {
        Echo::new(EchoOptions { framing: Framing::Raw, ..EchoOptions::default() })
    }
}

impl Echo {
    /// A server that answers so.
    pub fn new(options: EchoOptions) -> Self {
        let EchoOptions {
            framing,
            reply: None,
            greeting: None,
            close_word: None,
            messages_max: None,
            utf8: None,
            heartbeat: None,
            ..
        } = &options
        else {
            return Echo(Arc::new(Shared { options, plain: false, datagrams: AtomicU64::new(0) }));
        };
        let plain = *framing == Framing::Raw;
        Echo(Arc::new(Shared { options, plain, datagrams: AtomicU64::new(0) }))
    }
}

/// What a conversation needs of its context. A connection that waits keeps
/// this and no more.
struct Needs {
    stop: CancellationToken,
    ledger: Arc<Ledger>,
    events: Events,
    limits: Arc<Limits>,
}

impl Service for Echo {
    // The future of a connection that waits is what ten thousand of them cost:
    // captured values stand in it once, and what happens once is in a box.
    fn serve<S: Io>(
        &self,
        mut stream: S,
        context: Context,
    ) -> impl Future<Output = io::Result<()>> + Send {
        let shared = Arc::clone(&self.0);
        context.ledger.set_protocol("echo");
        let mut talk = shared.talk(&context);
        let Context { stop, ledger, events, limits, .. } = context;
        let needs = Needs { stop, ledger, events, limits };
        async move {
            if shared.options.greeting.is_some() {
                Box::pin(shared.greet(&mut stream)).await?;
            }
            let ending = if shared.options.messages_max == Some(0) {
                Ok(Ending::Said)
            } else if shared.options.heartbeat.is_some() {
                Box::pin(shared.beat(&mut stream, &needs, &mut talk)).await
            } else {
                shared.turns(&mut stream, &needs, &mut talk).await
            };
            Box::pin(async move { shared.end(stream, &needs, talk, ending).await }).await
        }
    }
}

impl Shared {
    /// The state of a conversation; a plain echo has none.
    fn talk(&self, context: &Context) -> Option<Box<Talk>> {
        if self.plain {
            return None;
        }
        let named = self.options.reply.as_ref().is_some_and(Template::names_the_peer);
        let peer = if named { context.peer.to_string() } else { String::new() };
        Some(Box::new(Talk::new(peer.into())))
    }

    async fn greet<S: Io>(&self, stream: &mut S) -> io::Result<()> {
        let mut out = Vec::new();
        let greeting = self.options.greeting.as_deref().unwrap_or_default();
        // A text that a length cannot say is refused before the server begins.
        let _ = self.options.framing.put(greeting, None, &mut out);
        finish_turn(stream, &out).await
    }

    /// Turn after turn: what comes is answered at once.
    async fn turns<S: Io>(
        &self,
        stream: &mut S,
        needs: &Needs,
        talk: &mut Option<Box<Talk>>,
    ) -> io::Result<Ending> {
        loop {
            // Only the wait for the next message is given up when the server
            // stops; an answer that is under way arrives whole. The core polls
            // once more then: to look is enough, and costs no place to wait in.
            let turn = poll_fn(|cx| {
                let mut answer = |came: &[u8], out: &mut Vec<u8>| self.take(came, talk, needs, out);
                match poll_turn_lent(stream, cx, &mut answer) {
                    Poll::Ready(turn) => Poll::Ready(Some(turn)),
                    Poll::Pending if needs.stop.is_cancelled() => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                }
            });
            let Some(turn) = turn.await else { return Ok(Ending::Stopped) };
            let (next, rest) = turn?;
            if rest.is_empty() {
                stream.flush().await?;
            } else {
                Box::pin(finish_turn(stream, &rest)).await?;
            }
            if let ControlFlow::Break(ending) = next {
                return Ok(ending);
            }
        }
    }

    /// The same with a heartbeat between.
    async fn beat<S: Io>(
        &self,
        stream: &mut S,
        needs: &Needs,
        talk: &mut Option<Box<Talk>>,
    ) -> io::Result<Ending> {
        let Some((every, text)) = &self.options.heartbeat else {
            return self.turns(stream, needs, talk).await;
        };
        let mut due = Instant::now() + *every;
        loop {
            // Heartbeats pass over the connection too: who never says a word is
            // idle all the same.
            if talk.as_mut().is_none_or(|talk| talk.has_answered_since_asked()) {
                needs.ledger.deadline(Cut::Idle, needs.limits.idle);
            }
            let mut out = Vec::new();
            let came = tokio::select! {
                biased;
                () = needs.stop.cancelled() => return Ok(Ending::Stopped),
                came = read_lent(stream, <[u8]>::to_vec) => Some(came?),
                () = tokio::time::sleep_until(due) => None,
            };
            due = Instant::now() + *every;
            let next = match came {
                Some(came) => self.take(&came, talk, needs, &mut out),
                None => {
                    let _ = self.options.framing.put(text, None, &mut out);
                    ControlFlow::Continue(())
                }
            };
            finish_turn(stream, &out).await?;
            if let ControlFlow::Break(ending) = next {
                return Ok(ending);
            }
        }
    }

    /// Answers what came, into `out`.
    fn take(
        &self,
        came: &[u8],
        talk: &mut Option<Box<Talk>>,
        needs: &Needs,
        out: &mut Vec<u8>,
    ) -> ControlFlow<Ending> {
        let Some(talk) = talk else {
            if came.is_empty() {
                return ControlFlow::Break(Ending::EndOfStream);
            }
            needs.ledger.count_request();
            out.extend_from_slice(came);
            return ControlFlow::Continue(());
        };
        let (before, was_within) = (talk.answered(), talk.is_within_a_message());
        let next = talk.take(
            &self.options,
            came,
            needs.limits.line_bytes_max,
            needs.limits.message_bytes_max,
            out,
        );
        for _ in before..talk.answered() {
            needs.ledger.count_request();
        }
        // A message that has begun is to end some time, however it drips. With
        // a heartbeat the one deadline stands for what the client says at all.
        if self.options.heartbeat.is_none() {
            let is_new = talk.answered() != before || !was_within;
            match talk.is_within_a_message() {
                true if is_new => needs.ledger.deadline(Cut::Request, needs.limits.request),
                false if was_within => needs.ledger.clear_deadline(),
                _ => {}
            }
        }
        next
    }

    /// Says what ended the conversation, where it was a rule or worth a word.
    fn tell(&self, needs: &Needs, answered: u64, ending: &Ending) {
        match ending {
            Ending::TooLong(error) => {
                needs.events.security(Rule::MessageSize, Phase::Message, error.to_string());
            }
            Ending::NotUtf8 => {
                let detail = format!("message {} is not UTF-8", answered + 1);
                needs.events.security(Rule::Utf8, Phase::Message, detail);
            }
            Ending::CloseWord { forgiven: Some(said) } => {
                let word = self.options.close_word.as_deref().unwrap_or_default();
                let text = format!("took {said} for the close word \"{word}\"");
                needs.events.emit(EventKind::Note { text });
            }
            _ => {}
        }
    }

    /// Ends the connection as the ending asks for.
    async fn end<S: Io>(
        &self,
        mut stream: S,
        needs: &Needs,
        talk: Option<Box<Talk>>,
        ending: io::Result<Ending>,
    ) -> io::Result<()> {
        let ending = match ending {
            Ok(ending) => ending,
            Err(error) => {
                self.say_why(&mut stream, needs).await;
                return Err(error);
            }
        };
        self.tell(needs, talk.map_or(0, |talk| talk.answered()), &ending);
        let failed = match &ending {
            // The client has said all: the answers, then FIN.
            Ending::EndOfStream => return stream.shutdown().await,
            Ending::TooLong(error) => Some(error.to_string()),
            Ending::NotUtf8 => Some("a message was not UTF-8".to_owned()),
            Ending::CloseWord { .. } | Ending::Said | Ending::Stopped => None,
        };
        close_gently(stream).await;
        failed.map_or(Ok(()), |why| Err(io::Error::new(io::ErrorKind::InvalidData, why)))
    }

    /// Tells a client that is cut for its silence why, where that was asked for.
    async fn say_why<S: Io>(&self, stream: &mut S, needs: &Needs) {
        let Some(text) = &self.options.idle_text else { return };
        if matches!(needs.ledger.cut(), Some(Cut::Idle | Cut::FirstByte)) {
            let mut out = Vec::new();
            let _ = self.options.framing.put(text, None, &mut out);
            // The connection ends in any case.
            let _ = finish_turn(stream, &out).await;
            let _ = stream.shutdown().await;
        }
    }
}

/// What a datagram can carry to `peer`: the 16 bits of its length count the UDP
/// header too, and over IPv4 the IPv4 header as well.
fn payload_bytes_max(peer: std::net::SocketAddr) -> usize {
    const UDP_HEADER_BYTES: usize = 8;
    const IPV4_HEADER_BYTES: usize = 20;
    let most = usize::from(u16::MAX) - UDP_HEADER_BYTES;
    if peer.ip().to_canonical().is_ipv4() { most - IPV4_HEADER_BYTES } else { most }
}

impl DatagramService for Echo {
    async fn answer(&self, datagram: Datagram, context: Context) -> Option<Vec<u8>> {
        let Datagram { bytes, peer } = datagram;
        context.events.received(&bytes);
        let answer = (!would_loop(peer)).then(|| self.0.answer_datagram(&bytes, peer, &context));
        let answer = answer.filter(|answer| {
            let most = payload_bytes_max(peer);
            let fits = answer.len() <= most;
            if !fits {
                let size = answer.len();
                let text = format!("no answer: it has {size} bytes, and a datagram holds {most}");
                context.events.emit(EventKind::Note { text });
            }
            fits
        });
        if let Some(answer) = &answer {
            context.events.sent(answer);
        }
        context.events.emit(EventKind::Datagram {
            received_bytes: bytes.len() as u64,
            sent_bytes: answer.as_ref().map(|answer| answer.len() as u64),
        });
        answer
    }
}

impl Shared {
    /// A datagram is a message, whatever the framing of streams is.
    fn answer_datagram(
        &self,
        bytes: &[u8],
        peer: std::net::SocketAddr,
        context: &Context,
    ) -> Vec<u8> {
        let number = self.datagrams.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(refusal) =
            self.options.utf8.as_ref().filter(|_| std::str::from_utf8(bytes).is_err())
        {
            context.events.security(
                Rule::Utf8,
                Phase::Message,
                format!("datagram {number} is not UTF-8"),
            );
            return refusal.clone();
        }
        let word = self.options.close_word.as_deref();
        if word.is_some_and(|word| talk::is_close_word(word, bytes).is_some()) {
            return self.options.closing.clone().unwrap_or_default();
        }
        match &self.options.reply {
            None => bytes.to_vec(),
            Some(template) => {
                let mut out = Vec::new();
                template.fill(bytes, number, &peer, &mut out);
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::{Endpoint, Forget};

    #[test]
    fn a_connection_that_waits_is_small() {
        /// Beside this there are the core's own part and the socket's.
        const BYTES_MAX: usize = 320;
        let (stream, _far) = tokio::io::duplex(1);
        let limits = Arc::new(Limits::default());
        let nobody = Endpoint::Unix(None);
        let context = Context {
            peer: nobody.clone(),
            local: nobody,
            proxy: None,
            stop: CancellationToken::new(),
            events: Events::new("test", Forget),
            ledger: Arc::new(Ledger::new(Arc::clone(&limits))),
            limits,
            tls: None,
        };
        let bytes = size_of_val(&Echo::default().serve(stream, context));
        assert!(bytes <= BYTES_MAX, "{bytes}");
    }
}
