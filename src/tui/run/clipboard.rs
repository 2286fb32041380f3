//! Copying: through the terminal (OSC 52), which works over ssh, and inside tmux where it is allowed.

use crate::text::counted;
use std::io;

use crossterm::clipboard::CopyToClipboard;

use super::terminal::Terminal;

/// Longer texts are cut off by terminals (xterm and tmux stop near 74,994 bytes of base64).
const LONGEST: usize = 74_994 / 4 * 3;

/// Sends a text to the terminal's clipboard; says what was sent, or why not. A text is only ever
/// written there: the clipboard is never read.
///
/// # Errors
/// When the terminal is gone.
pub fn copy(terminal: &mut Terminal, what: &str, text: &str) -> io::Result<String> {
    if text.len() > LONGEST {
        return Ok(format!(
            "{what} is too long for the terminal's clipboard ({} bytes); Q prints the answer after leaving.",
            text.len()
        ));
    }
    terminal.send(CopyToClipboard::to_clipboard_from(text))?;
    let way = if std::env::var_os("TMUX").is_some() {
        "the terminal (tmux: set -g set-clipboard on)"
    } else {
        "the terminal (OSC 52)"
    };
    Ok(format!(
        "Copied {what}: {} by way of {way}.",
        counted(text.len(), "byte")
    ))
}
