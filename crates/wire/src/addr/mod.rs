//! Hardware addresses, and what there is to know of IP addresses beyond the standard library.

mod class;
mod mac;
mod scope;
pub mod embedded;
pub mod find;
pub mod longest;
pub mod scan;
pub mod set;
pub mod special;
pub mod spell;
pub mod text;

pub use class::Class;
pub use mac::{Mac, MacError};
pub use scope::Scope;
