//! plumb-check
