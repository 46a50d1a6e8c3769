//! The binary: see the library of the same name.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Events are made on the threads that serve and freed on the one that writes.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    plumb::main()
}
