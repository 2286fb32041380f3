//! The door: parse arguments, choose where facts come from, hand over to a command or the interface.

/// A large estate is millions of small pieces, made on all cores: docs/benchmarks.md has what this saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bindscope::cli::run()
}
