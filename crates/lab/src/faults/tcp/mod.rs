//! Faults of the tcp layer.

pub(super) mod address_dead;
pub(super) mod closed_after_accept;
pub(super) mod payload_dropped;
pub(super) mod port_closed;
pub(super) mod reject_admin_prohibited;
pub(super) mod reject_host_unreachable;
pub(super) mod reject_port_unreachable;
pub(super) mod reset;
pub(super) mod reset_after_accept;
pub(super) mod syn_ack_dropped;
pub(super) mod syn_dropped;
