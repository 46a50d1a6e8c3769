//! What stands around every handler. A request passes, in this order:
//!
//! 1. [`request_id`]: taken over or made, and sent back;
//! 2. [`proxies`]: whom a proxy that is believed speaks for;
//! 3. rate: 429 to a client that asks too often;
//! 4. overload: 503 when too many are being answered;
//! 5. [`cors`]: preflights are answered here, for they carry no credentials;
//! 6. gate: who may (401, 403), before anything of the body is read;
//!
//! then the handler; and on the way back [`cors`] and [`headers`] say what a
//! browser is to do with the answer.

pub(super) mod cors;
pub(super) mod headers;
pub(super) mod overload;
pub(super) mod proxies;
pub(super) mod request_id;
