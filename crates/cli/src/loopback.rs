//! The smaller lab on loopback addresses, for where namespaces are denied.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Command;

use plumb_check::{Proxies, Request};
use plumb_lab::loopback::Loopback;
use plumb_lab::topology;
use plumb_probe::trust::Source;

use crate::environment;
use crate::error::CommandError;
use crate::lab_client::{self, Wanted};
use crate::output;

/// A running lab on loopback addresses, and the file with its root
/// certificate, which goes with it.
#[derive(Debug)]
pub(crate) struct LoopbackLab {
    lab: Loopback,
    directory: PathBuf,
}

impl LoopbackLab {
    fn trust_file(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }
}

impl Drop for LoopbackLab {
    fn drop(&mut self) {
        // In a directory for temporary files; what stays there does no harm.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Starts the lab in this process.
pub(crate) fn start(wanted: &Wanted<'_>) -> Result<LoopbackLab, CommandError> {
    let topology = wanted.topology.unwrap_or(topology::DEFAULT);
    let lab = topology::read(topology)
        .and_then(|(origin, text)| Loopback::start_topology(&origin, &text, wanted.faults))
        .map_err(lab_client::error)?;
    for note in lab.notes() {
        output::note(&note);
    }
    let directory =
        environment::temporary_dir().join(format!("plumb-loopback-{}", std::process::id()));
    let cannot = |error: std::io::Error| {
        CommandError::not_measured(format!(
            "cannot keep the lab's certificate in {}: {error}",
            directory.display()
        ))
    };
    // Made here and nobody else's: a directory that is there already is refused.
    DirBuilder::new().mode(0o700).create(&directory).map_err(cannot)?;
    let lab = LoopbackLab { lab, directory: directory.clone() };
    fs::write(lab.trust_file(), lab.lab.ca_pem()).map_err(cannot)?;
    Ok(lab)
}

/// Points the requests at the lab: its resolver, its addresses, its trust
/// store. Proxies of the environment lie outside, so they are left out.
pub(crate) fn through(
    lab: &LoopbackLab,
    requests: Vec<Request>,
    keep_proxies: bool,
) -> Vec<Request> {
    let pointed = |mut request: Request| {
        request.stub_resolver = lab.lab.stub_resolver();
        request.address_map = lab.lab.address_map();
        if !matches!(request.roots, Source::File(_)) {
            request.roots = Source::File(lab.trust_file());
        }
        if !keep_proxies {
            request.proxies = Proxies::default();
        }
        request
    };
    requests.into_iter().map(pointed).collect()
}

/// A foreign program with the lab's proxy and trust store in its environment.
pub(crate) fn command(lab: &LoopbackLab, program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command.envs(lab.lab.environment(&lab.trust_file()));
    command
}
