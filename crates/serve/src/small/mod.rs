//! Echo, discard, daytime and greetings.
