//! Faults of the link layer.

pub(super) mod dead_gateway;
pub(super) mod interface_down;
pub(super) mod no_carrier;
