//! The loop.

use std::sync::Arc;

use plumb_evidence::evidence::FORMAT_VERSION;
use plumb_evidence::{Evidence, Target};
use plumb_probe::trust::LazyStore;
use plumb_probe::{AddressMap, Network, Recorder, Scope};
use tokio::sync::watch;

use crate::ask::ask_until_clear;
use crate::beside::Beside;
use crate::request::Request;
use crate::walk::Walker;

/// Walks to the target, has every question of the diagnosis answered, and
/// gives back all that was seen. Live views subscribe to `recorder` first.
pub async fn run(request: Request, recorder: Recorder) -> Evidence {
    let walker = Walker::new(request, recorder);
    let (over, walk_over) = watch::channel(false);
    let walk = async {
        walker.walk().await;
        walker.beside.finish().await;
        over.send_replace(true);
    };
    tokio::join!(walk, ask_until_clear(&walker, walk_over));
    walker.evidence()
}

/// All that `recorder` has of the check of `target` so far, also when the check
/// was broken off.
pub fn evidence(target: &Target, started_unix_s: i64, recorder: &Recorder) -> Evidence {
    Evidence {
        format: FORMAT_VERSION,
        plumb: env!("CARGO_PKG_VERSION").to_owned(),
        target: target.clone(),
        started_unix_s,
        events: recorder.events(),
    }
}

impl Walker {
    fn new(request: Request, recorder: Recorder) -> Walker {
        let network = Network {
            map: AddressMap::new(request.address_map.iter().copied()),
            source: None,
            family: request.family,
            ..Network::default()
        };
        Walker {
            store: LazyStore::start(request.roots.clone()),
            scope: Scope::new(recorder, Arc::new(network)),
            request,
            beside: Beside::default(),
        }
    }

    /// All that was seen so far.
    pub(crate) fn evidence(&self) -> Evidence {
        evidence(&self.request.target, self.request.started_unix_s, &self.scope.recorder)
    }
}
