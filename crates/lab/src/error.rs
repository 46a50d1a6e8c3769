//! Why something about a lab could not be done.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::topology::TopologyError;

/// What failed, in words for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error(transparent)]
    Topology(#[from] TopologyError),

    #[error("no topology {name:?}: neither a file nor one of the built-in {}", .builtin.join(", "))]
    NoTopology { name: String, builtin: Vec<String> },

    #[error(
        "{name:?} cannot name a lab: letters, digits, '-', '_' and '.', at most {max}, no dot first"
    )]
    BadName { name: String, max: usize },

    #[error("a lab named {name} is already running (process {pid})")]
    AlreadyRunning { name: String, pid: u32 },

    #[error("no lab named {name} is running{}", also(.running))]
    NotRunning { name: String, running: Vec<String> },

    #[error("no machine {given:?} in lab {lab}: it has {}", .known.join(", "))]
    NoMachine { lab: String, given: String, known: Vec<String> },

    /// The runtime directory cannot be trusted.
    #[error("{}: {why}", .path.display())]
    RuntimeDir { path: PathBuf, why: String },

    /// The kernel or the container forbids what a lab needs.
    #[error("{0}")]
    Denied(Denied),

    /// The request made no sense to the lab: an unknown fault, a wrong place.
    #[error("{0}")]
    Usage(String),

    #[error("{operation} {target}: {source}")]
    Io { operation: &'static str, target: String, source: io::Error },

    /// The supervisor said no, in its own words.
    #[error("{0}")]
    Supervisor(String),

    #[error("the lab ended while it was asked to {operation}")]
    Gone { operation: &'static str },
}

/// The stage of building at which the kernel said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{stage}: {message}")]
pub struct Denied {
    /// `user namespace`, `network namespace`, `veth`, `nft`, `sysctl`, ...
    pub stage: String,
    pub message: String,
    /// Linux error number, where there is one.
    pub errno: Option<i32>,
}

fn also(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; running: {}", names.join(", ")) }
}

impl LabError {
    pub(crate) fn io(
        operation: &'static str,
        target: impl std::fmt::Display,
    ) -> impl FnOnce(io::Error) -> LabError {
        let target = target.to_string();
        move |source| LabError::Io { operation, target, source }
    }

    /// The request itself is at fault (exit 2), not the machine.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            LabError::Topology(_)
                | LabError::NoTopology { .. }
                | LabError::BadName { .. }
                | LabError::NoMachine { .. }
                | LabError::Usage(_)
        )
    }
}
