//! The command line program.

fn main() -> std::process::ExitCode {
    cutover::native::main()
}
