//! The life of one connection, from the first byte to the record of its end.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use super::alarm::Place;
use super::ledger::{JUDGE, Ledger};
use super::rate::ClientKey;
use super::server::Shared;
use super::{Closed, Cut, EventKind, Phase, Rule};

/// A connection that passed the limits; dropping it counts it out.
#[derive(Debug)]
pub(super) struct Admitted {
    shared: Arc<Shared>,
    /// Whose it is; nobody's where there are no addresses.
    client: Option<ClientKey>,
    /// Once the connection has waited.
    place: Option<Place>,
}

impl Admitted {
    pub(super) fn new(
        shared: &Arc<Shared>,
        permit: OwnedSemaphorePermit,
        client: Option<ClientKey>,
    ) -> Self {
        shared.connections_open.fetch_add(1, Ordering::Relaxed);
        // It is given back below; the permit itself would say twice whose it is.
        permit.forget();
        Admitted { shared: Arc::clone(shared), client, place: None }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.shared.alarm.forget(place);
        }
        if let Some(client) = self.client {
            self.shared.gate.leave(client);
        }
        self.shared.connections_open.fetch_sub(1, Ordering::Relaxed);
        self.shared.connection_permits.add_permits(1);
    }
}

pin_project! {
    /// Serves one connection and keeps its limits.
    ///
    /// There is one timer. It is moved only when something must be looked at
    /// sooner than it fires; when it fires too early, because bytes have
    /// passed meanwhile, it is set anew. So a message costs no timer at all.
    pub(super) struct Conversation<F> {
        #[pin]
        serving: Option<F>,
        // In a box: a task's size is rounded up, and this tips it over.
        timer: Pin<Box<Sleep>>,
        admitted: Option<Admitted>,
        ledger: Arc<Ledger>,
        // The service was told of a cut: the timer is the end of its time to
        // say goodbye.
        is_cut: bool,
        // The service was polled since the server began to stop.
        knows_of_stop: bool,
    }
}

/// A service that was told of a cut may write a last word for so long. Every
/// slow peer is gone half a second after its limit, so this is less.
const PATIENCE: Duration = Duration::from_millis(250);

impl<F: Future<Output = io::Result<()>>> Conversation<F> {
    pub(super) fn new(admitted: Admitted, serving: F, ledger: Arc<Ledger>) -> Self {
        Conversation {
            serving: Some(serving),
            timer: Box::pin(tokio::time::sleep_until(ledger.next_look().0)),
            admitted: Some(admitted),
            ledger,
            is_cut: false,
            knows_of_stop: false,
        }
    }

    /// Polls the service; a panic in it is an end like any other.
    fn poll_serving(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let this = self.project();
        let Some(serving) = this.serving.as_pin_mut() else { return Poll::Ready(Closed::Finished) };
        // The future is dropped after a panic and never polled again.
        match catch_unwind(AssertUnwindSafe(|| serving.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(how_it_ended(result, this.ledger.cut())),
            Err(payload) => Poll::Ready(Closed::Panicked(panic_message(payload.as_ref()))),
        }
    }

    /// Whether the server has no more time; wakes the task when that comes.
    fn is_stopped(self: Pin<&mut Self>, cx: &Context<'_>) -> bool {
        let Some(admitted) = self.project().admitted else { return false };
        // A task has the same waker for all its life.
        if admitted.place.is_none() {
            admitted.place = Some(admitted.shared.alarm.register(cx.waker()));
        }
        admitted.shared.alarm.is_rung()
    }

    /// Whether the service is to be polled to learn of the stop. Asked after
    /// the place in the alarm is taken, so that none is missed.
    fn learns_of_stop(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let sounded = |admitted: &Admitted| admitted.shared.alarm.has_sounded();
        let news = !*this.knows_of_stop && this.admitted.as_ref().is_some_and(sounded);
        *this.knows_of_stop |= news;
        news
    }

    /// Waits until something is to be done: the service is to be polled again
    /// (`None`), or the connection is over.
    fn poll_limits(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Closed>> {
        let this = self.project();
        if !*this.is_cut && this.ledger.cut().is_some() {
            *this.is_cut = true;
            this.timer.as_mut().reset(Instant::now() + PATIENCE);
        }
        loop {
            if !*this.is_cut {
                let (at, _) = this.ledger.next_look();
                if at < this.timer.deadline() {
                    this.timer.as_mut().reset(at);
                }
            }
            if this.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if *this.is_cut {
                return Poll::Ready(this.ledger.cut().map(Closed::Cut));
            }
            let now = Instant::now();
            if this.ledger.take_write_waits() {
                // The service tries again, and says when to look if it still waits.
                this.timer.as_mut().reset(now + JUDGE);
                return Poll::Ready(None);
            }
            match this.ledger.next_look() {
                (at, Some(cut)) if at <= now => {
                    this.ledger.set_cut(cut);
                    *this.is_cut = true;
                    this.timer.as_mut().reset(now + PATIENCE);
                    return Poll::Ready(None);
                }
                (at, _) => this.timer.as_mut().reset(at),
            }
        }
    }

    /// Counts the connection out and tells how it went.
    fn finish(self: Pin<&mut Self>, how: Closed) {
        let mut this = self.project();
        // With the service goes the stream, which leaves the kernel's last word.
        this.serving.set(None);
        if let Some(admitted) = this.admitted.as_ref()
            && how == Closed::Cut(Cut::Stop)
        {
            admitted.shared.connections_cut.fetch_add(1, Ordering::Relaxed);
        }
        // Before the event: who sees that a connection closed may count the open ones.
        *this.admitted = None;
        let Some(events) = this.ledger.events() else { return };
        if let Closed::Cut(cut) = how
            && let Some((rule, phase)) = rule_of(cut)
        {
            events.security(rule, phase, cut.to_string());
        }
        events.emit(EventKind::Closed(Box::new(this.ledger.record(how))));
    }
}

impl<F: Future<Output = io::Result<()>>> Future for Conversation<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Poll::Ready(how) = self.as_mut().poll_serving(cx) {
                self.finish(how);
                return Poll::Ready(());
            }
            if self.as_mut().is_stopped(cx) {
                self.finish(Closed::Cut(Cut::Stop));
                return Poll::Ready(());
            }
            if self.as_mut().learns_of_stop() {
                continue;
            }
            match self.as_mut().poll_limits(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {}
                Poll::Ready(Some(how)) => {
                    self.finish(how);
                    return Poll::Ready(());
                }
            }
        }
    }
}

/// The rule of security that a cut stands for, and how far the connection had
/// come.
fn rule_of(cut: Cut) -> Option<(Rule, Phase)> {
    Some(match cut {
        Cut::FirstByte => (Rule::FirstByte, Phase::Accept),
        Cut::Idle => (Rule::Idle, Phase::Idle),
        Cut::Handshake => (Rule::Handshake, Phase::Tls),
        Cut::Header => (Rule::HeaderTime, Phase::Header),
        Cut::Request => (Rule::RequestTime, Phase::Body),
        Cut::SlowReader => (Rule::SlowReader, Phase::Response),
        Cut::SlowSender => (Rule::SlowSender, Phase::Body),
        Cut::Connection => (Rule::ConnectionTime, Phase::Idle),
        _ => return None,
    })
}

fn how_it_ended(result: io::Result<()>, cut: Option<Cut>) -> Closed {
    match (cut, result) {
        (Some(cut), _) => Closed::Cut(cut),
        (None, Ok(())) => Closed::Finished,
        (None, Err(error)) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(&cut) => Closed::Cut(cut),
            None => Closed::Failed(error.to_string()),
        },
    }
}

/// The message of a panic.
pub(super) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
