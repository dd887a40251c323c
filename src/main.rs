//! The command line program.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    cutover::native::main()
}

/// A browser has no command line: there the program is empty.
#[cfg(target_arch = "wasm32")]
fn main() {}
