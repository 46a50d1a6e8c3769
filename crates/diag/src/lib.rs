//! plumb-diag
