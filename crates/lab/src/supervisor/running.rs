//! The lab while it runs, inside its supervisor.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::build::Network;
use crate::error::LabError;
use crate::faults::{self, ActiveFaults, FaultError, Ground, Hits, ground};
use crate::machine_files::machine_files;
use crate::protocol::{EnterReply, Status};
use crate::services::LabServices;
use crate::topology::Plan;

/// Everything that a request to a running lab may need.
#[derive(Debug)]
pub(crate) struct RunningLab {
    pub(crate) plan: Plan,
    /// The name of the topology; the plan has the lab's own.
    pub(crate) topology: String,
    pub(crate) network: Network,
    pub(crate) services: LabServices,
    faults: Mutex<ActiveFaults>,
}

impl RunningLab {
    pub(super) fn new(
        plan: Plan,
        topology: String,
        network: Network,
        services: LabServices,
    ) -> Self {
        RunningLab { plan, topology, network, services, faults: Mutex::default() }
    }

    fn faults(&self) -> MutexGuard<'_, ActiveFaults> {
        // A panic while a fault was made leaves the list of what was made.
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one fault; gives it as it was given.
    pub(crate) fn break_fault(&self, text: &str) -> Result<String, LabError> {
        let fault = faults::parse(text, &self.plan)?;
        self.faults().break_fault(fault, self)?;
        Ok(text.to_owned())
    }

    /// Mends the fault of that name or text, or all; gives what was mended.
    pub(crate) fn heal(&self, what: Option<&str>) -> Result<Vec<String>, LabError> {
        Ok(self.faults().heal(what, self)?)
    }

    pub(crate) fn active_faults(&self) -> Vec<String> {
        self.faults().list()
    }

    /// How often each active fault was met.
    pub(crate) fn hits(&self) -> Result<Vec<Hits>, LabError> {
        Ok(self.faults().hits(self)?)
    }

    pub(crate) fn status(&self) -> Status {
        Status {
            name: self.plan.name.clone(),
            topology: self.topology.clone(),
            pid: std::process::id(),
            machines: self.plan.machines.iter().map(|machine| machine.name.clone()).collect(),
            faults: self.active_faults(),
            ca_pem: self.services.ca_pem(),
        }
    }

    /// With what a process becomes one of `machine`.
    pub(crate) fn enter(
        &self,
        machine: &str,
    ) -> Result<(EnterReply, Vec<BorrowedFd<'_>>), LabError> {
        let found = self.plan.machine(machine).zip(self.network.machines.get(machine));
        let Some((plan, namespace)) = found else {
            return Err(LabError::NoMachine {
                lab: self.plan.name.clone(),
                given: machine.to_owned(),
                known: self.plan.machines.iter().map(|known| known.name.clone()).collect(),
            });
        };
        let mut fds = vec![namespace.as_fd()];
        fds.extend(self.network.user_namespace.as_ref().map(AsFd::as_fd));
        let files = machine_files(plan, &self.services.ca_pem(), self.services.ca_der());
        let user_namespace = self.network.user_namespace.is_some();
        Ok((EnterReply { hostname: plan.name.clone(), files, user_namespace }, fds))
    }
}

impl Ground for RunningLab {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn kernel(&self) -> Option<&dyn ground::Kernel> {
        Some(&self.network)
    }

    fn services(&self) -> &LabServices {
        &self.services
    }
}

impl From<FaultError> for LabError {
    fn from(error: FaultError) -> Self {
        if error.is_usage() {
            LabError::Usage(error.to_string())
        } else {
            LabError::Supervisor(error.to_string())
        }
    }
}
