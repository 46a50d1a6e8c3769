//! Looks that cost the walk no time.

use std::sync::{Arc, Mutex, PoisonError};

use plumb_probe::dial::Aside;
use plumb_probe::{Deadline, policy};
use tokio::task::JoinSet;

/// Looks that cost the walk no time; their results are awaited when it is over.
#[derive(Clone, Default)]
pub(crate) struct Beside {
    dials: Arc<Mutex<Vec<Aside>>>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Beside {
    pub(crate) fn push(&self, aside: Aside) {
        self.dials.lock().unwrap_or_else(PoisonError::into_inner).push(aside);
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(work);
    }

    /// Waits for all that was begun.
    pub(crate) async fn finish(&self) {
        let dials = std::mem::take(&mut *self.dials.lock().unwrap_or_else(PoisonError::into_inner));
        let deadline = Deadline::after(policy::ASIDE_WAIT);
        for dial in dials {
            dial.finish(deadline).await;
        }
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
    }
}
