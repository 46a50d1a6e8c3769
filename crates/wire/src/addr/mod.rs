//! Addresses that the standard library has no type for.

mod mac;

pub use mac::{Mac, MacError};
