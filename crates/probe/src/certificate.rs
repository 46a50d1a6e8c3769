//! What a certificate says.
