//! Listening for datagrams: there are no connections, so the last peer is the
//! one that is answered.

use std::time::Instant;

use plumb_sys::listen::{Bound, BoundSocket};
use tokio::net::{UdpSocket, UnixDatagram};

use super::{Listen, bridge};
use crate::converse::datagrams::{Patience, Socket, converse};
use crate::converse::tell::Teller;
use crate::error::CommandError;
use crate::exit::ExitStatus;

pub(super) async fn serve(
    listen: &Listen,
    bound: Bound,
    teller: &Teller,
) -> Result<ExitStatus, CommandError> {
    let failed =
        |error: std::io::Error| CommandError::not_measured(format!("cannot listen: {error}"));
    let name = bound.socket.to_string();
    let Bound { socket, file, .. } = bound;
    let mut socket = match socket {
        BoundSocket::Udp(socket) => {
            Socket::Free { socket: UdpSocket::from_std(socket).map_err(failed)?, to: None }
        }
        BoundSocket::UnixDatagram(socket) => {
            let socket = UnixDatagram::from_std(socket).map_err(failed)?;
            Socket::Unix { socket, answers: false }
        }
        BoundSocket::Tcp(_) | BoundSocket::Unix(_) => {
            return Err(CommandError::usage("this is no socket for datagrams"));
        }
    };
    let mut near = listen.converse.near(&listen.output)?;
    let mut program = listen.converse.program("", &name)?;
    let near = program.as_mut().unwrap_or(&mut near);
    let began = Instant::now();
    let patience = Patience { after_input: None, refusals: true };
    let outcome = converse(&mut socket, near, listen.manner(), patience, teller).await;
    drop(file);
    let duration_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    teller.closed(&outcome, duration_ns, None);
    Ok(match bridge::status_of(&outcome) {
        // There is no other end to a server of datagrams.
        ExitStatus::INTERRUPTED => ExitStatus::GOOD,
        status => status,
    })
}
