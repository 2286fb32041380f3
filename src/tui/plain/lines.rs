//! What a typed line means where the focus is.

use super::super::Session;
use super::super::keys::command::Command;
use super::super::keys::line::{FORMS, TypedLine};
use super::super::keys::{Key, KeyContext};
use super::super::message::Message;
use super::super::model::{Overlay, Panel};
use super::super::run::effects::Effect;

/// What came of a line.
pub(super) enum LineRead {
    /// It was taken.
    Took(Vec<Effect>),
    /// What there is to see is printed again.
    Again,
    /// It was not; what there is to say.
    Words(Vec<String>),
}

/// What begins and ends a paste.
const PASTED: [&str; 2] = ["\u{1b}[200~", "\u{1b}[201~"];

/// Whether a line says to leave, where it stands.
pub(super) fn is_to_leave(session: &Session, line: &str) -> bool {
    let line = line.trim();
    match line.strip_prefix(':') {
        Some(rest) => rest.trim() == "quit",
        None => line == "quit" && !session.model.context().takes_text(),
    }
}

/// Does what a line says: an empty one is Enter; a number selects and opens that line; a name, or a key of the table,
/// runs that command; where text is typed, anything else is the text, and a command begins with a colon.
pub(super) fn read(session: &mut Session, line: &str) -> LineRead {
    if PASTED.iter().any(|mark| line.contains(mark)) {
        let text = PASTED
            .iter()
            .fold(line.to_owned(), |t, mark| t.replace(mark, ""));
        return LineRead::Took(session.take(Message::Paste(text)));
    }
    let line: String = line
        .chars()
        .filter(|c| !crate::text::is_hidden(*c))
        .collect();
    let line = line.trim();
    let context = session.model.context();
    let (command, meant) = match line.strip_prefix(':') {
        Some(rest) => (rest.trim(), true),
        None => (line, !context.takes_text()),
    };
    match command {
        "again" if meant => return LineRead::Again,
        "?" | "help" if meant => return LineRead::Words(help(session)),
        _ => {}
    }
    if line.is_empty() {
        let enter = Key::parse("Enter").map(|key| session.take(Message::Key(key.event())));
        return LineRead::Took(enter.unwrap_or_default());
    }
    if context != KeyContext::Confirm
        && let Some(effects) = numbered(session, line)
    {
        return LineRead::Took(effects);
    }
    if let Some(wanted) = command.strip_prefix('/').filter(|_| meant) {
        return LineRead::Took(look_for(session, wanted));
    }
    if meant && let Some(effects) = commanded(session, command) {
        return LineRead::Took(effects);
    }
    if context.takes_text() {
        return LineRead::Took(typed(session, context, line));
    }
    LineRead::Words(vec![format!(
        "No such command: {command}. help lists those that there are; also: {FORMS}, /TEXT, a number."
    )])
}

/// A command as the palette takes it, or its key.
fn commanded(session: &mut Session, text: &str) -> Option<Vec<Effect>> {
    let context = session.model.context();
    if let Some(key) = Key::parse(text)
        && session.model.keys.lookup(context, key).is_some()
    {
        return Some(session.take(Message::Key(key.event())));
    }
    match TypedLine::read(text)? {
        Ok(TypedLine::Command(command)) => Some(press(session, command)),
        // What is about something goes the palette's way, which says what is wrong with it too.
        Ok(_) | Err(_) => {
            let mut effects = press(session, Command::Palette);
            effects.extend(letters(session, text));
            effects.extend(press(session, Command::Open));
            if matches!(session.model.overlays.last(), Some(Overlay::Menu(_))) {
                session.model.overlays.pop();
            }
            Some(effects)
        }
    }
}

fn press(session: &mut Session, command: Command) -> Vec<Effect> {
    session.command(command)
}

fn letters(session: &mut Session, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for c in text.chars() {
        let key = match c {
            ' ' => Key::parse("Space"),
            c => Key::parse(&c.to_string()),
        };
        if let Some(key) = key {
            effects.extend(session.take(Message::Key(key.event())));
        }
    }
    effects
}

/// Text in the place of what was typed before; a word of the confirmation, or what is looked for, is then taken.
fn typed(session: &mut Session, context: KeyContext, text: &str) -> Vec<Effect> {
    if let Some(confirm) = session.model.confirm_mut() {
        // A whole line is the word: no letter of it is a command.
        confirm.input = text.into();
        return press(session, Command::Open);
    }
    let mut effects = Vec::new();
    for clear in ["Ctrl-e", "Ctrl-u"] {
        if let Some(key) = Key::parse(clear) {
            effects.extend(session.take(Message::Key(key.event())));
        }
    }
    effects.extend(letters(session, text));
    if context == KeyContext::Find {
        effects.extend(press(session, Command::Open));
    }
    effects
}

/// `/TEXT` in a list or a page.
fn look_for(session: &mut Session, text: &str) -> Vec<Effect> {
    let mut effects = press(session, Command::Find);
    if session.model.context() == KeyContext::Find {
        effects.extend(typed(session, KeyContext::Find, text));
    }
    effects
}

/// A number selects that line of what is printed and opens it; `None`: it is no number, or there is nothing to number.
fn numbered(session: &mut Session, line: &str) -> Option<Vec<Effect>> {
    let row = line.parse::<usize>().ok()?.checked_sub(1)?;
    let picks = session.model.context() == KeyContext::Pick;
    let model = &mut session.model;
    match model.overlays.last_mut() {
        Some(Overlay::Menu(menu)) => menu.list.select_row(row),
        Some(Overlay::Table(table)) => table.row = row.min(table.len().saturating_sub(1)),
        Some(Overlay::Estate(kind)) => {
            let view = model.estate.view_mut(*kind);
            view.row = row.min(view.rows.len().saturating_sub(1));
        }
        Some(_) => return None,
        None if picks => model.pick.focused().select_row(row),
        None => {
            let asked = model.asked_mut()?;
            let rows = asked.known()?.rows.len();
            let causes = asked.known()?.why_rows().len();
            if row < rows {
                asked.panel = Panel::Tree;
                asked.tree_row = row;
            } else {
                asked.panel = Panel::Why;
                asked.why_row = (row - rows).min(causes.saturating_sub(1));
            }
        }
    }
    Some(press(session, Command::Open))
}

/// What can be typed here.
fn help(session: &Session) -> Vec<String> {
    let context = session.model.context();
    let colon = if context.takes_text() { ":" } else { "" };
    let mut lines = vec![
        format!("Commands: {}.", context.title()),
        "An empty line is Enter. A number selects that line and opens it.".to_owned(),
        format!(
            "{colon}again prints this again, {colon}help what can be typed, {colon}quit leaves."
        ),
    ];
    if context.takes_text() {
        lines.push("Anything else is text; a command begins with a colon.".to_owned());
    } else {
        lines.push("/TEXT filters a list and searches a page.".to_owned());
    }
    for row in session.model.keys.rows(context) {
        let (command, words) = (row.entry.command, row.entry.help());
        lines.push(format!("{colon}{}: {words}", command.name()));
    }
    lines
}
