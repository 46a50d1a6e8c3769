//! plumb-sys
