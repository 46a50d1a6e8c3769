//! plumb-lab
