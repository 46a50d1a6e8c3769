//! A check in a lab of its own.
//!
//! The lab belongs to this process. The check itself is a copy of plumb on the
//! machine, without any capability, and with the same arguments but those that
//! speak of the lab.

use std::ffi::OsString;

use plumb_check::Request;

use super::{Check, run};
use crate::environment;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client::{self, Started};
use crate::loopback;

pub(super) fn run(
    check: &Check,
    host: &str,
    requests: Vec<Request>,
) -> Result<ExitStatus, CommandError> {
    let wanted = lab_client::Wanted {
        name: check.lab_name(),
        topology: None,
        faults: &check.lab.faults,
        machine: Some(host),
    };
    match lab_client::start(&wanted)? {
        Started::Lab(lab) => {
            let mut copy = lab.unprivileged_command(host, plumb_sys::process::SELF_EXE);
            copy.args(without_lab(environment::arguments()));
            lab_client::run_to_its_end(copy)
        }
        Started::Loopback(lab) => {
            let keep_proxies = check.request.proxy.is_some();
            run::run(check, loopback::through(&lab, requests, keep_proxies))
        }
    }
}

/// The arguments without those that speak of the lab.
fn without_lab(arguments: Vec<OsString>) -> Vec<OsString> {
    const WITH_VALUE: [&str; 2] = ["--break", "--name"];
    let mut kept = Vec::with_capacity(arguments.len());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.to_str() else {
            kept.push(argument);
            continue;
        };
        let name = text.split('=').next().unwrap_or(text);
        if text == "--" {
            kept.push(argument);
            kept.extend(arguments);
            break;
        } else if WITH_VALUE.contains(&text) {
            arguments.next();
        } else if name != "--lab" && !WITH_VALUE.contains(&name) {
            kept.push(argument);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_of_the_lab_stays_behind() {
        let given = "check --lab=h2 --json --break a.b --break=c.d,e=f --name x --name=y -H a:b --lab u -- --lab";
        let kept = without_lab(given.split(' ').map(OsString::from).collect());
        assert_eq!(kept.join(&OsString::from(" ")), "check --json -H a:b u -- --lab");
    }
}
