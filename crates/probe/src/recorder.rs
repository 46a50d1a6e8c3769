//! The one stream of events of a run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plumb_evidence::evidence::EVENTS_MAX;
use plumb_evidence::observation::PhaseName;
use plumb_evidence::{Event, Observation, Purpose};
use plumb_sys::clock::Clock;
use tokio::sync::{mpsc, watch};

/// Keeps what was seen, in order, and tells those who watch. Clones share one
/// stream.
#[derive(Debug, Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    state: Mutex<State>,
    stalls: watch::Sender<Option<Stall>>,
    seen: watch::Sender<u32>,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<Event>,
    views: Vec<mpsc::UnboundedSender<Event>>,
    connections: u32,
    /// Events beyond [`EVENTS_MAX`], which are counted and not kept.
    dropped: u32,
}

/// The walk waits and nothing comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// Of which hop.
    pub hop: u16,
    /// What it waits for.
    pub phase: PhaseName,
    /// How long nothing had come when this was announced, in nanoseconds.
    pub silent_ns: u64,
    /// Counts the announcements of a run, from 1.
    pub number: u32,
}

impl Recorder {
    /// An empty stream whose clock starts now.
    pub fn new() -> Recorder {
        Recorder {
            shared: Arc::new(Shared {
                clock: Clock::start(),
                state: Mutex::default(),
                stalls: watch::Sender::new(None),
                seen: watch::Sender::new(0),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves a list of events, which stays true.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event and gives its number, from 1. Beyond
    /// [`EVENTS_MAX`] nothing is kept and 0, which is no event's number, comes
    /// back.
    pub fn record(&self, hop: u16, purpose: Purpose, what: Observation) -> u32 {
        let at_ns = self.elapsed_ns();
        let mut state = self.state();
        if state.events.len() >= EVENTS_MAX {
            state.dropped = state.dropped.saturating_add(1);
            return 0;
        }
        let seq = u32::try_from(state.events.len() + 1).unwrap_or(u32::MAX);
        let event = Event { seq, at_ns, hop, purpose, what };
        state.views.retain(|view| view.send(event.clone()).is_ok());
        state.events.push(event);
        drop(state);
        self.shared.seen.send_replace(seq);
        seq
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.state().events.len()
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events came after the stream was full.
    pub fn dropped(&self) -> u32 {
        self.state().dropped
    }

    /// Every event from the first on, also those that already happened. The
    /// queue holds at most what the recorder itself keeps.
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Event> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.state();
        for event in &state.events {
            // The receiver is still here: sending cannot fail.
            let _ = sender.send(event.clone());
        }
        state.views.push(sender);
        receiver
    }

    /// Monotonic nanoseconds since the run began.
    pub fn elapsed_ns(&self) -> u64 {
        self.shared.clock.elapsed_ns()
    }

    /// A number for a connection, unique in this run, from 1.
    pub fn next_connection(&self) -> u32 {
        let mut state = self.state();
        state.connections += 1;
        state.connections
    }

    /// Says that the walk waits in this phase and nothing comes.
    pub fn announce_stall(&self, hop: u16, phase: PhaseName, silent_ns: u64) {
        self.shared.stalls.send_modify(|last| {
            let number = last.map_or(0, |stall| stall.number) + 1;
            *last = Some(Stall { hop, phase, silent_ns, number });
        });
    }

    /// Waits for an announcement numbered above `after` (0 for the first).
    pub async fn stalled(&self, after: u32) -> Stall {
        let mut stalls = self.shared.stalls.subscribe();
        loop {
            let last = *stalls.borrow_and_update();
            if let Some(stall) = last.filter(|stall| stall.number > after) {
                return stall;
            }
            if stalls.changed().await.is_err() {
                // Cannot be: this recorder holds the sender.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until there is an event numbered above `after`, and gives the
    /// number of the last.
    pub async fn more_than(&self, after: u32) -> u32 {
        let mut seen = self.shared.seen.subscribe();
        match seen.wait_for(|&last| last > after).await.map(|last| *last) {
            Ok(last) => last,
            // Cannot be: this recorder holds the sender.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(n: usize) -> Observation {
        Observation::NotLookedAt { what: n.to_string(), why: "test".into() }
    }

    #[test]
    fn numbers_begin_at_one_and_views_see_the_past() {
        let recorder = Recorder::new();
        assert_eq!(recorder.record(0, Purpose::Walk, note(1)), 1);
        let mut view = recorder.subscribe();
        assert_eq!(recorder.clone().record(1, Purpose::Aside, note(2)), 2);
        assert_eq!(view.try_recv().unwrap().seq, 1);
        assert_eq!(view.try_recv().unwrap().seq, 2);
        assert!(view.try_recv().is_err());
        let events = recorder.events();
        assert!(events[0].at_ns <= events[1].at_ns);
    }

    #[test]
    fn the_stream_is_bounded() {
        let recorder = Recorder::new();
        for n in 0..EVENTS_MAX {
            assert_ne!(recorder.record(0, Purpose::Walk, note(n)), 0);
        }
        assert_eq!(recorder.record(0, Purpose::Walk, note(0)), 0);
        assert_eq!((recorder.len(), recorder.dropped()), (EVENTS_MAX, 1));
    }

    #[tokio::test]
    async fn a_stall_is_heard_before_and_after_it_is_announced() {
        let recorder = Recorder::new();
        let other = recorder.clone();
        let listener = tokio::spawn(async move { other.stalled(0).await });
        recorder.announce_stall(0, PhaseName::Tls, 5);
        assert_eq!(listener.await.unwrap().number, 1);
        assert_eq!(recorder.stalled(0).await.phase, PhaseName::Tls);
        recorder.announce_stall(0, PhaseName::Wait, 5);
        assert_eq!(recorder.stalled(1).await.number, 2);
    }
}
