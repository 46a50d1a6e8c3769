//! DNS messages, RFC 1035 section 4, with EDNS (RFC 6891) and unknown types (RFC 3597).

mod message;
mod name;
pub mod rdata;

pub use message::{
    Class, Flags, MESSAGE_BYTES_MAX, Message, Opcode, Question, Rcode, Record, UDP_BYTES_MAX,
};
pub use name::{LABEL_BYTES_MAX, Labels, NAME_BYTES_MAX, Name, NameError, NameProblem};
pub use rdata::caa::Caa;
pub use rdata::mx::Mx;
pub use rdata::opt::{Edns, EdnsOption, ExtendedErrorCode, OptionCode};
pub use rdata::soa::Soa;
pub use rdata::srv::Srv;
pub use rdata::{Rdata, Rtype};
