//! Asking a running lab, from any process of the same user.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use plumb_evidence::map::LabMap;

use crate::error::LabError;
use crate::faults::Hits;
use crate::protocol::{self, EnterReply, Reply, Request, Status};
use crate::runtime_dir::RuntimeDir;

/// A connection to one lab.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the lab called `name`.
    pub fn connect(runtime_dir: &RuntimeDir, name: &str) -> Result<Self, LabError> {
        Ok(Client { stream: runtime_dir.connect(name)? })
    }

    /// What the lab says of itself.
    pub fn status(&self) -> Result<Status, LabError> {
        match self.ask("tell its status", &Request::Status)? {
            (Reply::Status(status), _) => Ok(status),
            _ => Err(unexpected("tell its status")),
        }
    }

    /// Machines, links, addresses and active faults.
    pub fn map(&self) -> Result<LabMap, LabError> {
        match self.ask("draw its map", &Request::Map)? {
            (Reply::Map(map), _) => Ok(map),
            _ => Err(unexpected("draw its map")),
        }
    }

    /// Makes a fault, `NAME[@PLACE][,key=value...]`.
    pub fn break_fault(&self, fault: &str) -> Result<(), LabError> {
        self.ask("make a fault", &Request::Break { fault: fault.to_owned() }).map(drop)
    }

    /// Mends one fault or all; gives those that were mended.
    pub fn heal(&self, fault: Option<&str>) -> Result<Vec<String>, LabError> {
        match self.ask("heal", &Request::Heal { fault: fault.map(str::to_owned) })? {
            (Reply::Faults(healed), _) => Ok(healed),
            _ => Err(unexpected("heal")),
        }
    }

    /// How often each active fault was met, as the lab itself counted it.
    pub fn hits(&self) -> Result<Vec<Hits>, LabError> {
        match self.ask("count what its faults met", &Request::Hits)? {
            (Reply::Hits(hits), _) => Ok(hits),
            _ => Err(unexpected("count what its faults met")),
        }
    }

    /// Packet sockets at `places`, or at every link when there is none, each
    /// with its name.
    pub fn capture(&self, places: &[String]) -> Result<Vec<(String, OwnedFd)>, LabError> {
        match self.ask("capture", &Request::Capture { places: places.to_vec() })? {
            (Reply::Capture(names), fds) if names.len() == fds.len() => {
                Ok(names.into_iter().zip(fds).collect())
            }
            _ => Err(unexpected("capture")),
        }
    }

    /// Ends the lab, and returns when it is gone.
    pub fn down(self) -> Result<(), LabError> {
        self.ask("go down", &Request::Down)?;
        self.wait_until_gone();
        Ok(())
    }

    pub(crate) fn enter(&self, machine: &str) -> Result<(EnterReply, Vec<OwnedFd>), LabError> {
        let request = Request::Enter { machine: machine.to_owned() };
        match self.ask("open a machine", &request)? {
            (Reply::Enter(reply), fds) if fds.len() == 1 + usize::from(reply.user_namespace) => {
                Ok((reply, fds))
            }
            _ => Err(unexpected("open a machine")),
        }
    }

    /// Returns when the lab has ended, however it did.
    pub fn wait_until_gone(&self) {
        use std::io::Read;
        let mut byte = [0];
        // An error means that there is nobody at the other end, as 0 does.
        while matches!((&self.stream).read(&mut byte), Ok(1)) {}
    }

    /// The same connection once more; it closes when both are gone.
    pub(crate) fn duplicate(&self) -> Result<Client, LabError> {
        let stream = self.stream.try_clone().map_err(LabError::io("duplicate", "a connection"))?;
        Ok(Client { stream })
    }

    pub(crate) fn into_fd(self) -> OwnedFd {
        self.stream.into()
    }

    fn ask(
        &self,
        operation: &'static str,
        request: &Request,
    ) -> Result<(Reply, Vec<OwnedFd>), LabError> {
        // A lab that hangs up may have said why before.
        let _ = protocol::send(&self.stream, request, &[]);
        match protocol::receive::<Reply>(&self.stream) {
            Ok(Some((Reply::Refused(refusal), _))) => Err(refusal.into()),
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(LabError::Gone { operation }),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                Err(LabError::Gone { operation })
            }
            Err(error) => Err(LabError::io("ask the lab to", operation)(error)),
        }
    }
}

fn unexpected(operation: &str) -> LabError {
    LabError::Supervisor(format!("the lab gave no sensible answer when asked to {operation}"))
}
