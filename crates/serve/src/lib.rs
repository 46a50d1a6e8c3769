//! plumb-serve
