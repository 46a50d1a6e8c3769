//! Faults of the http layer.

pub(super) mod body_stalled;
pub(super) mod body_truncated;
pub(super) mod client_error;
pub(super) mod empty_reply;
pub(super) mod encoding_corrupt;
pub(super) mod redirect_dead_name;
pub(super) mod redirect_loop;
pub(super) mod reset;
pub(super) mod server_error;
pub(super) mod silent;
pub(super) mod slow;
