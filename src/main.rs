//! The door: parse arguments, choose where facts come from, hand over to a command or the interface.

fn main() -> std::process::ExitCode {
    bindscope::cli::run()
}
