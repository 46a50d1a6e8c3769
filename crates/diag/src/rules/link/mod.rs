//! Interfaces and neighbours.

pub(crate) mod interface;
pub(crate) mod neighbour;
