//! The loop.

use std::sync::Arc;

use plumb_evidence::Evidence;
use plumb_evidence::evidence::FORMAT_VERSION;
use plumb_probe::trust::LazyStore;
use plumb_probe::{AddressMap, Network, Recorder, Scope};
use tokio::sync::watch;

use crate::ask::ask_until_clear;
use crate::beside::Beside;
use crate::request::{Family, Request};
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

impl Walker {
    fn new(request: Request, recorder: Recorder) -> Walker {
        let network = Network {
            map: AddressMap::new(request.address_map.iter().copied()),
            source: None,
            family: match request.family {
                None => plumb_probe::Family::Any,
                Some(Family::V4) => plumb_probe::Family::V4,
                Some(Family::V6) => plumb_probe::Family::V6,
            },
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
        Evidence {
            format: FORMAT_VERSION,
            plumb: env!("CARGO_PKG_VERSION").to_owned(),
            target: self.request.target.clone(),
            started_unix_s: self.request.started_unix_s,
            events: self.scope.recorder.events(),
        }
    }
}
