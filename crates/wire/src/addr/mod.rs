//! Hardware addresses, and what there is to know of IP addresses beyond the standard library.

mod class;
pub mod embedded;
pub mod find;
pub mod longest;
pub mod mac;
pub mod plan;
pub mod scan;
mod scope;
pub mod set;
pub mod special;
pub mod spell;
pub mod text;
pub mod vendor;

pub use class::Class;
pub use mac::{Eui64, HardwareAddress, Mac, MacError, Slap};
pub use scope::Scope;
