//! Response bodies: read within bounds, decoded to see whether they are what
//! they claim.
