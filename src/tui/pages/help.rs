//! The keys of what is in focus, from the live table.

use super::super::keys::{KeyContext, KeyRow, Keymap};
use super::super::look::page::{ScreenPage, line, piece};
use super::super::look::theme::StyleRole;
use crate::text::visible;

/// The keys of what is in focus, from the live table.
#[must_use]
pub fn help_page(context: KeyContext, keys: &Keymap) -> ScreenPage {
    let mut lines = vec![line(
        StyleRole::Heading,
        format!("Keys: {}", context.title()),
    )];
    // A command without a key is done by its name.
    let has_key = |row: &&KeyRow| !keys.keys_in(context, row).is_empty();
    let rows = keys.rows(context).into_iter().filter(has_key);
    let (own, rest): (Vec<_>, Vec<_>) = rows.partition(|row| row.entry.context == context);
    let row = |row: &KeyRow| {
        vec![
            piece(
                StyleRole::Key,
                format!("{:<16}", keys.keys_in(context, row).join(" ")),
            ),
            piece(StyleRole::Text, row.entry.help()),
        ]
    };
    lines.extend(own.iter().map(|e| row(e)));
    if !rest.is_empty() {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Heading, "Everywhere"));
        lines.extend(rest.iter().map(|e| row(e)));
    }
    let displaced = keys.displaced.iter().filter(|d| d.context == context);
    let displaced: Vec<_> = displaced
        .map(|d| {
            let words = format!(
                "{} is {} by {}; {} has it no more",
                d.key,
                d.now.name(),
                d.place,
                d.was.name()
            );
            line(StyleRole::Text, visible(&words))
        })
        .collect();
    if !displaced.is_empty() {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Heading, "Keys of your own"));
        lines.extend(displaced);
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
    for words in [
        "Mouse: click selects, a second click opens, the wheel scrolls. Hold Shift (Option in iTerm2) to select text, or switch the mouse off with {mouse}.",
        "Copying uses the terminal's clipboard (OSC 52), over ssh and inside tmux too (set -g set-clipboard on). If nothing arrives, the copied text is on the page that {copy} shows.",
    ] {
        let words = keys.fill(KeyContext::Answer, words);
        lines.push(line(StyleRole::Dim, words));
    }
    ScreenPage::new("help", lines)
}
