//! What a narration tells between the steps: the messages of TLS and HTTP/2 that
//! passed, by name.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plumb_probe::Recorder;
use plumb_probe::http::{Tap, Way};
use plumb_report::{Line, sanitize};
use plumb_wire::conversation::{Conversation, Side};

use super::narrate;

/// Messages that wait to be told; a body of many frames is no story.
const WAITING_MAX: usize = 200;

/// Messages that passed and are not yet told. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub(super) struct Messages(Arc<Mutex<Passed>>);

#[derive(Debug, Default)]
struct Passed {
    waiting: VecDeque<(u64, Way, String)>,
    untold: u64,
}

impl Messages {
    /// Hears what passes on each connection, above or below TLS.
    pub(super) fn tap(&self, recorder: &Recorder) -> Tap {
        let (heard, recorder) = (self.clone(), recorder.clone());
        let conversations = Mutex::new(HashMap::<u32, Conversation>::new());
        Tap::new(move |connection, way, bytes| {
            let side = if way == Way::Sent { Side::Client } else { Side::Server };
            let mut conversations = conversations.lock().unwrap_or_else(PoisonError::into_inner);
            let names = conversations.entry(connection).or_default().passed(side, bytes);
            let at_ns = recorder.elapsed_ns();
            names.unwrap_or_default().into_iter().for_each(|name| heard.push(at_ns, way, name));
        })
    }

    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, at_ns: u64, way: Way, name: String) {
        let mut passed = self.passed();
        match passed.waiting.len() < WAITING_MAX {
            true => passed.waiting.push_back((at_ns, way, name)),
            false => passed.untold += 1,
        }
    }

    /// What passed until `at_ns`.
    pub(super) fn lines(&self, at_ns: u64, columns: usize) -> Vec<Line> {
        let mut passed = self.passed();
        let (mut lines, mut last_ns) = (Vec::new(), 0);
        while let Some((at_ns, way, name)) =
            passed.waiting.pop_front_if(|(passed_at_ns, ..)| *passed_at_ns <= at_ns)
        {
            last_ns = at_ns;
            let call = if way == Way::Sent { "  sent" } else { "  received" };
            lines.extend(narrate::told(at_ns, call, &sanitize::text(&name), "", columns));
        }
        if passed.untold > 0 && passed.waiting.is_empty() {
            let untold = std::mem::take(&mut passed.untold);
            lines.extend(narrate::told(last_ns, "", &format!("and {untold} more"), "", columns));
        }
        lines
    }
}
