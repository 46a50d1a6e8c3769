//! plumb-wire
