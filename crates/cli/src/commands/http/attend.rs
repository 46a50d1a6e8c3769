//! Waits for work while it is narrated, until it is done or the user stops it.

use plumb_evidence::Event;
use tokio::sync::mpsc::UnboundedReceiver;

use super::messages::Messages;
use super::narrate;
use crate::error::CommandError;
use crate::output;

/// Waits for the work while its events are told; false if the user stopped it.
pub(super) async fn attended(
    events: &mut Option<UnboundedReceiver<Event>>,
    messages: &Messages,
    work: impl Future<Output = Result<(), CommandError>>,
) -> Result<bool, CommandError> {
    let columns = output::columns_of_stderr();
    let tell = |event: &Event| {
        output::tell(&messages.lines(event.at_ns, columns));
        output::tell(&narrate::lines(event, columns));
    };
    let next = async |events: &mut Option<UnboundedReceiver<Event>>| match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    };
    let mut stop = std::pin::pin!(interrupt());
    let mut work = std::pin::pin!(work);
    let done = loop {
        tokio::select! {
            biased;
            () = &mut stop => break Ok(false),
            Some(event) = next(events) => tell(&event),
            done = &mut work => break done.map(|()| true),
        }
    };
    while let Some(Ok(event)) = events.as_mut().map(UnboundedReceiver::try_recv) {
        tell(&event);
    }
    output::tell(&messages.lines(u64::MAX, columns));
    done
}

/// Done when the user presses Ctrl-C; never, where that cannot be heard.
async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
