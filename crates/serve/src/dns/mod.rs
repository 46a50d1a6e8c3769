//! Zones, an authority that serves them, and a recursive resolver.
