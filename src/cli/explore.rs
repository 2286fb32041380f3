//! The way into the explorer.

use std::io::IsTerminal;

use tokio::runtime::Runtime;

use super::args::{Global, Start};
use super::failure::Failure;
use super::{Exit, facts};

/// Opens the explorer on what the options ask for.
///
/// # Errors
/// No terminal, or what opening the facts gives.
pub fn run(global: &Global, start: &Start, runtime: &Runtime) -> Result<Exit, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::usage(
            "the explorer needs a terminal, and here is none",
            "use a command: bindscope explain --caller … --target …",
        ));
    }
    let _ = (start, runtime.block_on(facts::open(global))?);
    Ok(Exit::Done)
}
