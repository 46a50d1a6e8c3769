//! plumb-probe
