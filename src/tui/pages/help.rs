//! The keys of what is in focus, from the live table.

use super::super::keys::{Entry, KeyContext, keymap};
use super::super::look::page::{ScreenPage, line, piece};
use super::super::look::theme::StyleRole;

/// The keys of what is in focus, from the live table.
#[must_use]
pub fn help_page(context: KeyContext) -> ScreenPage {
    let mut lines = vec![line(
        StyleRole::Heading,
        format!("Keys: {}", context.title()),
    )];
    let rows = keymap::rows(context);
    let (own, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|e| e.context == context);
    let row = |entry: &Entry| {
        vec![
            piece(
                StyleRole::Key,
                format!("{:<16}", keymap::keys_in(context, entry).join(" ")),
            ),
            piece(StyleRole::Text, entry.help()),
        ]
    };
    lines.extend(own.iter().map(|e| row(e)));
    if !rest.is_empty() {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Heading, "Everywhere"));
        lines.extend(rest.iter().map(|e| row(e)));
    }
    if context == KeyContext::Pick {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Heading, "Typing"));
        for words in [
            "What you type filters the list in focus, fuzzily: run app finds run-processor@app-prod.",
            "A whole address, user:ana@example.com or principal://… is taken as it stands.",
            "Paste an error message: what it names is filled in, what it lacks is asked.",
        ] {
            lines.push(line(StyleRole::Text, words));
        }
    }
    lines.push(Vec::new());
    lines.push(line(
        StyleRole::Dim,
        "Mouse: click selects, a second click opens, the wheel scrolls. Hold Shift (Option in iTerm2) to select text, or switch the mouse off with %.",
    ));
    lines.push(line(
        StyleRole::Dim,
        "Copying uses the terminal's clipboard (OSC 52), over ssh and inside tmux too (set -g set-clipboard on). If nothing arrives, the copied text is on the page that y shows.",
    ));
    ScreenPage::new("help", lines)
}
