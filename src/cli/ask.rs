//! The question before a write: a typed word, never a key.

use std::io::{self, BufRead, IsTerminal, Write};

use super::failure::Failure;

/// Whether there is somebody to ask.
pub fn somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether the word was typed.
///
/// # Errors
/// When the terminal cannot be read.
pub fn typed(word: &str, to: &str) -> Result<bool, Failure> {
    let mut stderr = io::stderr();
    let asked = write!(
        stderr,
        "Type {word} and Enter {to}, anything else to leave all as it is: "
    )
    .and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked
        .and_then(|()| io::stdin().lock().read_line(&mut answer))
        .map_err(|e| Failure::new("ask on the terminal", e.to_string(), "use --yes"))?;
    Ok(answer.trim() == word)
}
