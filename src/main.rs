//! The command line program.

/// A plan of thousands of machines is very many small pieces: planning 10 000 takes two thirds of
/// the time that it takes with the allocator of the system.
#[cfg(not(target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    cutover::native::main()
}

/// A browser has no command line: there the program is empty.
#[cfg(target_arch = "wasm32")]
fn main() {}
