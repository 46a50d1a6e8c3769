//! The steps by which a server's socket comes to be.

use std::path::PathBuf;

use crate::options::Effective;

/// One step, as a narrator tells it: [`Step::call`] is the system call,
/// [`Step::meaning`] what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A socket was made.
    Socket {
        /// `AF_INET`, `AF_INET6`, `AF_UNIX`.
        family: &'static str,
        /// `SOCK_STREAM`, `SOCK_DGRAM`.
        kind: &'static str,
    },
    /// An option was set.
    Option(Effective),
    /// The file of a server that is gone was removed.
    StaleFileRemoved(PathBuf),
    /// The socket got its address.
    Bind {
        /// The address or path.
        address: String,
        /// Whether the system chose the port.
        chosen: bool,
    },
    /// The permission bits of the socket's file.
    Mode(u32),
    /// The socket takes connections from now on.
    Listen {
        /// Connections that were asked for to wait.
        backlog: u32,
        /// The system's own limit (net.core.somaxconn).
        somaxconn: Option<u32>,
        /// What the kernel made of it.
        effective: Option<u32>,
    },
    /// A socket was handed over.
    Inherited {
        /// Its descriptor.
        descriptor: i32,
        /// What it is: `tcp://127.0.0.1:80`.
        what: String,
    },
}

impl Step {
    /// The system call with what matters of its arguments.
    pub fn call(&self) -> String {
        match self {
            Step::Socket { family, kind } => format!("socket({family}, {kind})"),
            Step::Option(option) => match &option.asked {
                Some(asked) => format!("setsockopt({}, {asked})", option.name),
                None => format!("setsockopt({})", option.name),
            },
            Step::StaleFileRemoved(path) => format!("unlink({})", path.display()),
            Step::Bind { address, .. } => format!("bind({address})"),
            Step::Mode(mode) => format!("chmod({mode:04o})"),
            Step::Listen { backlog, .. } => format!("listen({backlog})"),
            Step::Inherited { descriptor, .. } => format!("descriptor {descriptor}"),
        }
    }

    /// What the step is for, and what came of it.
    pub fn meaning(&self) -> String {
        match self {
            Step::Socket { kind: "SOCK_DGRAM", .. } => "a socket for datagrams".to_owned(),
            Step::Socket { .. } => "a socket for connections".to_owned(),
            Step::Option(option) => {
                let now = match &option.asked {
                    Some(asked) if *asked == option.value => String::new(),
                    _ => format!(" (now {})", option.value),
                };
                format!("{}{now}", super::meaning_of(option))
            }
            Step::StaleFileRemoved(_) => "the server that made this file is gone".to_owned(),
            Step::Bind { chosen: true, .. } => "the system chose the port".to_owned(),
            Step::Bind { .. } => "this is where clients find the server".to_owned(),
            Step::Mode(_) => "who may connect".to_owned(),
            Step::Listen { backlog, somaxconn, effective } => {
                let effective = effective.unwrap_or(*backlog);
                let capped = match somaxconn {
                    Some(most) if effective < *backlog => {
                        format!(" (net.core.somaxconn is {most})")
                    }
                    _ => String::new(),
                };
                format!("{effective} connections may wait for accept(){capped}")
            }
            Step::Inherited { what, .. } => format!("handed over by who started plumb: {what}"),
        }
    }
}
