//! Hardware addresses, and what there is to know of IP addresses beyond the standard library.

mod mac;
pub mod text;

pub use mac::{Mac, MacError};
