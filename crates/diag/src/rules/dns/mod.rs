//! Names: the resolver, the delegation, the zone.

pub(crate) mod answer;
pub(crate) mod failure;
pub(crate) mod resolver;
pub(crate) mod slow;
pub(crate) mod system;
