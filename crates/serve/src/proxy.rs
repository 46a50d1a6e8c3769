//! An HTTP proxy.
