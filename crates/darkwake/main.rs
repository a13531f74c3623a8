//! The program; all of it is in the library.

use std::process::ExitCode;

/// Most of what is allocated is small, and much of it is freed by another thread than the one that made it.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    darkwake::main()
}
