//! What the table of keys says: of a key, of a context, of a command.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::command::Command;
use super::context::KeyContext;
use super::key::Key;
use super::table::{Entry, TABLE};

fn lookup_table() -> &'static HashMap<(KeyContext, Key), Command> {
    static TABLE_BY_KEY: OnceLock<HashMap<(KeyContext, Key), Command>> = OnceLock::new();
    TABLE_BY_KEY.get_or_init(|| {
        TABLE
            .iter()
            .flat_map(|entry| {
                entry
                    .keys
                    .iter()
                    .filter_map(|key| Some(((entry.context, Key::parse(key)?), entry.command)))
            })
            .collect()
    })
}

/// What a key does in a context. Where text is typed, a character is text.
#[must_use]
pub fn lookup(context: KeyContext, key: Key) -> Option<Command> {
    let table = lookup_table();
    if let Some(command) = table.get(&(context, key)) {
        return Some(*command);
    }
    if context.takes_text() && (key.character().is_some() || key.edits()) {
        return None;
    }
    table.get(&(KeyContext::Everywhere, key)).copied()
}

/// The footer's hints of a context: key and word, in the table's order.
pub fn footer(context: KeyContext) -> impl Iterator<Item = (&'static str, &'static str, Command)> {
    TABLE
        .iter()
        .filter(move |entry| entry.context == context)
        .filter_map(|entry| Some((*entry.keys.first()?, entry.footer?, entry.command)))
}

/// Every row that counts in a context, its own first; rows of [`KeyContext::Everywhere`] that it
/// overrides are left out.
#[must_use]
pub fn rows(context: KeyContext) -> Vec<&'static Entry> {
    let own: Vec<&Entry> = TABLE.iter().filter(|e| e.context == context).collect();
    let everywhere = TABLE
        .iter()
        .filter(|e| e.context == KeyContext::Everywhere && context != KeyContext::Everywhere)
        .filter(|e| !own.iter().any(|o| o.command == e.command))
        .filter(|e| !keys_in(context, e).is_empty());
    own.iter().copied().chain(everywhere).collect()
}

/// The whole table, for documents: each context with its own rows, [`KeyContext::Everywhere`] last.
pub fn sections() -> impl Iterator<Item = (KeyContext, Vec<&'static Entry>)> {
    [
        KeyContext::Pick,
        KeyContext::Answer,
        KeyContext::Read,
        KeyContext::List,
        KeyContext::Find,
        KeyContext::Menu,
        KeyContext::Confirm,
        KeyContext::Applied,
        KeyContext::SignedOut,
        KeyContext::Everywhere,
    ]
    .into_iter()
    .map(|context| {
        let own = TABLE.iter().filter(move |e| e.context == context);
        (context, own.collect())
    })
}

/// Those keys of a row that lead to its command in a context, and are not text there.
#[must_use]
pub fn keys_in(context: KeyContext, entry: &Entry) -> Vec<&'static str> {
    let leads = |key: &&&'static str| {
        Key::parse(key).is_some_and(|k| lookup(context, k) == Some(entry.command))
    };
    entry.keys.iter().filter(leads).copied().collect()
}

/// The first key of a command in a context, or everywhere.
#[must_use]
pub fn key_of(context: KeyContext, command: Command) -> Option<&'static str> {
    let of = |context: KeyContext| {
        TABLE
            .iter()
            .find(|e| e.context == context && e.command == command)
            .and_then(|e| e.keys.first().copied())
    };
    of(context).or_else(|| of(KeyContext::Everywhere))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_key_reads_back_and_stands_once() {
        let mut seen = HashSet::new();
        for entry in TABLE {
            assert!(!entry.keys.is_empty());
            for text in entry.keys {
                let key = Key::parse(text).unwrap_or_else(|| panic!("{text}"));
                assert_eq!(key.to_string(), *text);
                assert!(seen.insert((entry.context, key)), "{text} twice");
                assert_eq!(Key::of(&key.event()), key);
            }
        }
    }

    /// LESSONS.md: keys that terminals, multiplexers and input methods keep for themselves.
    #[test]
    fn no_default_stands_on_a_key_that_is_not_ours() {
        for entry in TABLE {
            for key in entry.keys {
                for taken in [
                    "Ctrl-a",
                    "Ctrl-b",
                    "Ctrl-j",
                    "Ctrl-h",
                    "Ctrl-s",
                    "Ctrl-q",
                    "Ctrl-i",
                    "Ctrl-m",
                    "Ctrl-Space",
                    "Ctrl-Enter",
                ] {
                    assert_ne!(*key, taken);
                }
            }
        }
    }

    #[test]
    fn the_sections_hold_the_whole_table() {
        let rows: usize = sections().map(|(_, rows)| rows.len()).sum();
        assert_eq!(rows, TABLE.len());
    }

    /// The one key that may write says so, and no other one does.
    #[test]
    fn only_the_confirmations_enter_is_said_to_write() {
        for entry in TABLE {
            let writes = entry.context == KeyContext::Confirm && entry.command == Command::Open;
            assert_eq!(entry.help().contains("only key that writes"), writes);
            if writes {
                assert!(!entry.help().contains("never"));
            }
        }
    }

    #[test]
    fn letters_are_text_where_text_is_typed() {
        for context in [KeyContext::Pick, KeyContext::Menu, KeyContext::Find] {
            for c in ('a'..='z')
                .chain('A'..='Z')
                .chain([' ', '?', ':', '%', 'y'])
            {
                let key = Key::parse(
                    if c == ' ' {
                        "Space".to_owned()
                    } else {
                        c.to_string()
                    }
                    .as_str(),
                )
                .unwrap();
                assert_eq!(lookup(context, key), None, "{context:?} {c:?}");
            }
        }
    }

    #[test]
    fn arrows_enter_tab_and_function_keys_suffice() {
        let spare = |k: &&&str| {
            let plain = [
                "Up", "Down", "Left", "Right", "Enter", "Tab", "Esc", "PgUp", "PgDn",
            ];
            plain.contains(*k) || (k.starts_with('F') && k.len() > 1)
        };
        use Command as Do;
        for command in [Do::Help, Do::Palette, Do::Open, Do::Back, Do::Up, Do::Down] {
            let has = TABLE
                .iter()
                .filter(|e| e.command == command)
                .any(|e| e.keys.iter().any(|k| spare(&k)));
            assert!(has, "{command:?}");
        }
    }
}
