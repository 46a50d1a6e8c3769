//! The smaller lab on loopback addresses, for where namespaces are denied.

use std::ffi::OsStr;
use std::process::Command;

use plumb_check::Request;

use crate::error::CommandError;
use crate::lab_client::Wanted;

/// A running lab on loopback addresses.
#[derive(Debug)]
pub(crate) struct LoopbackLab {}

pub(crate) fn start(_wanted: &Wanted<'_>) -> Result<LoopbackLab, CommandError> {
    Err(CommandError::not_measured("the lab on loopback addresses cannot be started yet"))
}

/// Points the requests at the lab.
pub(crate) fn through(
    _lab: &LoopbackLab,
    _host: &str,
    requests: Vec<Request>,
) -> Result<Vec<Request>, CommandError> {
    Ok(requests)
}

/// A foreign program with the lab's proxy and trust store in its environment.
pub(crate) fn command(
    _lab: &LoopbackLab,
    _host: &str,
    program: &OsStr,
) -> Result<Command, CommandError> {
    Ok(Command::new(program))
}
