//! Which keys lead to which command: the table of keys, and what a user made of it.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::command::Command;
use super::context::KeyContext;
use super::key::Key;
use super::table::{Entry, TABLE};

/// A row in force: one of the table's, with its keys.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// The table's row: where it holds, what it does, its words.
    pub entry: &'static Entry,
    /// Its keys, the one to be shown first.
    pub keys: Vec<String>,
    /// Which of the user's settings they are.
    by: Option<usize>,
}

/// A user's keys for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetting {
    /// The command.
    pub command: Command,
    /// Where alone they hold; `None`: wherever the command has keys.
    pub context: Option<KeyContext>,
    /// The keys; none of them: the command has no key.
    pub keys: Vec<Key>,
    /// Where that is said: a file and its line.
    pub place: String,
}

/// A key of the table that does something else now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Displaced {
    /// Where.
    pub context: KeyContext,
    /// The key.
    pub key: String,
    /// What it did.
    pub was: Command,
    /// What it does, by whose setting.
    pub now: Command,
    /// Where that is said.
    pub place: String,
}

/// The keys in force.
#[derive(Clone, Debug)]
pub struct Keymap {
    rows: Vec<KeyRow>,
    by_key: HashMap<(KeyContext, Key), usize>,
    /// The keys that a user's own took from commands of the table.
    pub displaced: Vec<Displaced>,
}

impl Default for Keymap {
    /// The table as it is.
    fn default() -> Self {
        let rows = TABLE.iter().map(|entry| KeyRow {
            entry,
            keys: entry.keys.iter().map(|key| (*key).to_owned()).collect(),
            by: None,
        });
        Self::of(rows.collect())
    }
}

/// Without these nobody finds the way out, or on.
const NEVER_WITHOUT: [Command; 3] = [Command::Open, Command::Back, Command::Interrupt];

/// Whether a row's keys are nobody's to change: the confirmation's word is followed by Enter.
fn is_fixed(entry: &Entry) -> bool {
    entry.context == KeyContext::Confirm && entry.command == Command::Open
}

impl Keymap {
    /// The table as it is, made once.
    #[must_use]
    pub fn table() -> &'static Self {
        static UNCHANGED: OnceLock<Keymap> = OnceLock::new();
        UNCHANGED.get_or_init(Self::default)
    }

    fn of(rows: Vec<KeyRow>) -> Self {
        let mut by_key = HashMap::new();
        for (i, row) in rows.iter().enumerate() {
            for key in row.keys.iter().filter_map(|key| Key::parse(key)) {
                by_key.entry((row.entry.context, key)).or_insert(i);
            }
        }
        Self {
            rows,
            by_key,
            displaced: Vec::new(),
        }
    }

    /// The table with a user's keys in it. A user's key is worth more than the table's: what it takes away is
    /// told in [`Keymap::displaced`]. Where text is typed, keys that type are text, and a command that was given
    /// no other ones keeps those of the table.
    ///
    /// # Errors
    /// Two settings want the same key in the same place, both named; a command that nobody can do without is left
    /// without a key; something else is to stand on the confirmation's Enter.
    pub fn with(settings: &[KeySetting]) -> Result<Self, String> {
        // That the table itself leaves a way is tested; every command would work it out anew.
        if settings.is_empty() {
            return Ok(Self::default());
        }
        let mut rows = Self::default().rows;
        for row in &mut rows {
            give(row, settings);
        }
        no_two_settings_on_one_key(&rows, settings)?;
        // What stands on a user's key in the table gives way, in the same place and below what holds everywhere.
        let taken: Vec<(KeyContext, Command, String)> = rows
            .iter()
            .filter(|row| row.by.is_some())
            .flat_map(|row| {
                let keys = row.keys.iter().cloned();
                keys.map(|key| (row.entry.context, row.entry.command, key))
            })
            .collect();
        for row in rows.iter_mut().filter(|row| row.by.is_none()) {
            let entry = row.entry;
            row.keys.retain(|key| {
                is_fixed(entry)
                    || !taken.iter().any(|(context, command, theirs)| {
                        let here = *context == entry.context || *context == KeyContext::Everywhere;
                        let text = entry.context.takes_text()
                            && Key::parse(key).is_some_and(|k| k.character().is_some());
                        here && theirs == key && *command != entry.command && !text
                    })
            });
        }
        let mut map = Self::of(rows);
        map.displaced = map.displaced_by(settings);
        map.leaves_a_way(settings)?;
        Ok(map)
    }

    /// What the table's keys did that do something else now.
    fn displaced_by(&self, settings: &[KeySetting]) -> Vec<Displaced> {
        let before = Self::table();
        let mut out = Vec::new();
        for (context, _) in before.sections() {
            for row in before.rows(context) {
                for key in before.keys_in(context, row) {
                    let Some(at) = Key::parse(key) else { continue };
                    let Some(now) = self.row_of(context, at) else {
                        continue;
                    };
                    let place = now.by.and_then(|by| settings.get(by));
                    if let Some(setting) = place
                        && now.entry.command != row.entry.command
                    {
                        out.push(Displaced {
                            context,
                            key: key.to_owned(),
                            was: row.entry.command,
                            now: now.entry.command,
                            place: setting.place.clone(),
                        });
                    }
                }
            }
        }
        out
    }

    /// Nobody is locked in: what leads on and out has a key wherever it had one.
    fn leaves_a_way(&self, settings: &[KeySetting]) -> Result<(), String> {
        let before = Self::table();
        let has = |map: &Self, context, command| {
            let mut rows = map.rows(context).into_iter();
            rows.any(|row| row.entry.command == command && !map.keys_in(context, row).is_empty())
        };
        for (context, _) in before.sections() {
            for command in NEVER_WITHOUT {
                if !has(before, context, command) || has(self, context, command) {
                    continue;
                }
                let own = settings.iter().find(|s| s.command == command);
                let taker = self.displaced.iter();
                let mut taker = taker.filter(|d| d.context == context && d.was == command);
                let (what, place) = match (own, taker.next()) {
                    (Some(own), _) => (command.name(), own.place.as_str()),
                    (None, Some(taker)) => (taker.now.name(), taker.place.as_str()),
                    (None, None) => (command.name(), "the configuration"),
                };
                return Err(format!(
                    "{place}: {what} leaves {} without a key ({}), and nobody can do without it",
                    command.name(),
                    context.title()
                ));
            }
        }
        Ok(())
    }

    fn row_of(&self, context: KeyContext, key: Key) -> Option<&KeyRow> {
        if let Some(at) = self.by_key.get(&(context, key)) {
            return self.rows.get(*at);
        }
        if context.takes_text() && (key.character().is_some() || key.edits()) {
            return None;
        }
        let at = self.by_key.get(&(KeyContext::Everywhere, key))?;
        self.rows.get(*at)
    }

    /// What a key does in a context. Where text is typed, a character is text.
    #[must_use]
    pub fn lookup(&self, context: KeyContext, key: Key) -> Option<Command> {
        self.row_of(context, key).map(|row| row.entry.command)
    }

    /// The footer's hints of a context: key and word, in the table's order.
    pub fn footer(
        &self,
        context: KeyContext,
    ) -> impl Iterator<Item = (&str, &'static str, Command)> {
        self.rows
            .iter()
            .filter(move |row| row.entry.context == context)
            .filter_map(|row| {
                let (key, word) = (row.keys.first()?, row.entry.footer?);
                Some((key.as_str(), word, row.entry.command))
            })
    }

    /// Every row that counts in a context, its own first; rows of [`KeyContext::Everywhere`] that it
    /// overrides are left out.
    #[must_use]
    pub fn rows(&self, context: KeyContext) -> Vec<&KeyRow> {
        let of = |wanted| self.rows.iter().filter(move |r| r.entry.context == wanted);
        let own: Vec<&KeyRow> = of(context).collect();
        let everywhere = of(KeyContext::Everywhere)
            .filter(|_| context != KeyContext::Everywhere)
            .filter(|row| !own.iter().any(|o| o.entry.command == row.entry.command))
            .filter(|row| !self.keys_in(context, row).is_empty());
        own.iter().copied().chain(everywhere).collect()
    }

    /// All rows: each context with its own, [`KeyContext::Everywhere`] last.
    pub fn sections(&self) -> impl Iterator<Item = (KeyContext, Vec<&KeyRow>)> {
        KeyContext::ALL.into_iter().map(|context| {
            let own = self.rows.iter().filter(move |r| r.entry.context == context);
            (context, own.collect())
        })
    }

    /// Those keys of a row that lead to its command in a context, and are not text there.
    #[must_use]
    pub fn keys_in<'r>(&self, context: KeyContext, row: &'r KeyRow) -> Vec<&'r str> {
        let leads = |key: &&String| {
            Key::parse(key).is_some_and(|k| self.lookup(context, k) == Some(row.entry.command))
        };
        row.keys.iter().filter(leads).map(String::as_str).collect()
    }

    /// The first key of a command in a context, or everywhere.
    #[must_use]
    pub fn key_of(&self, context: KeyContext, command: Command) -> Option<&str> {
        let of = |wanted: KeyContext| {
            self.rows
                .iter()
                .filter(|r| r.entry.context == wanted && r.entry.command == command)
                .find_map(|row| self.keys_in(context, row).into_iter().next())
        };
        of(context).or_else(|| of(KeyContext::Everywhere))
    }

    /// A sentence of ours with the keys that hold in it: `{fix} plans a fix`. A command that has no key there is
    /// told by its name, as the palette takes it: `:fix`.
    #[must_use]
    pub fn fill(&self, context: KeyContext, words: &str) -> String {
        let mut out = String::with_capacity(words.len());
        let mut rest = words;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let named = after.split_once('}').and_then(|(name, behind)| {
                let command = Command::named(name)?;
                Some((command, behind))
            });
            match named {
                Some((command, behind)) => {
                    match self.key_of(context, command) {
                        Some(key) => out.push_str(key),
                        None => out.push_str(&format!(":{}", command.name())),
                    }
                    rest = behind;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// Gives a row the keys of the setting that speaks of it; one for its context is worth more than one for all.
fn give(row: &mut KeyRow, settings: &[KeySetting]) {
    let entry = row.entry;
    if is_fixed(entry) {
        return;
    }
    let for_it = |wanted: Option<KeyContext>| {
        settings
            .iter()
            .rposition(|s| s.command == entry.command && s.context == wanted)
    };
    let Some(at) = for_it(Some(entry.context)).or_else(|| for_it(None)) else {
        return;
    };
    let Some(setting) = settings.get(at) else {
        return;
    };
    // The confirmation's letters are commands before the first letter of the word, and no later.
    let types = entry.context.takes_text() && entry.context != KeyContext::Confirm;
    let fits = |key: &&Key| !(types && key.character().is_some());
    let keys: Vec<String> = setting
        .keys
        .iter()
        .filter(fits)
        .map(Key::to_string)
        .collect();
    if keys.is_empty() && !setting.keys.is_empty() {
        return;
    }
    row.keys = keys;
    row.by = Some(at);
}

fn no_two_settings_on_one_key(rows: &[KeyRow], settings: &[KeySetting]) -> Result<(), String> {
    let own: Vec<(&KeyRow, &KeySetting)> = rows
        .iter()
        .filter_map(|row| Some((row, settings.get(row.by?)?)))
        .collect();
    for (i, (row, setting)) in own.iter().enumerate() {
        if row.entry.context == KeyContext::Confirm && row.keys.iter().any(|k| k == "Enter") {
            return Err(format!(
                "{}: Enter applies in the confirmation, and {} cannot stand on it there",
                setting.place,
                row.entry.command.name()
            ));
        }
        for (other, theirs) in own.iter().skip(i + 1) {
            let (a, b) = (row.entry, other.entry);
            let meet =
                a.context == b.context || [a.context, b.context].contains(&KeyContext::Everywhere);
            if a.command == b.command || !meet {
                continue;
            }
            let both = row.keys.iter().find(|key| other.keys.contains(key));
            if let Some(key) = both {
                let place = if b.context == KeyContext::Everywhere {
                    a.context
                } else {
                    b.context
                };
                return Err(format!(
                    "{}: {} and {} ({}) both want the key {key} ({})",
                    setting.place,
                    a.command.name(),
                    b.command.name(),
                    theirs.place,
                    place.title()
                ));
            }
        }
    }
    Ok(())
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
        let rows: usize = Keymap::default()
            .sections()
            .map(|(_, rows)| rows.len())
            .sum();
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
        let map = Keymap::default();
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
                assert_eq!(map.lookup(context, key), None, "{context:?} {c:?}");
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

    fn setting(command: Command, keys: &[&str], line: usize) -> KeySetting {
        KeySetting {
            command,
            context: None,
            keys: keys.iter().map(|k| Key::parse(k).unwrap()).collect(),
            place: format!("config.toml:{line}"),
        }
    }

    #[test]
    fn a_users_key_is_worth_more_than_the_tables() {
        let map = Keymap::with(&[setting(Command::Log, &["f"], 3)]).unwrap();
        let f = Key::parse("f").unwrap();
        assert_eq!(map.lookup(KeyContext::Answer, f), Some(Command::Log));
        assert_eq!(map.key_of(KeyContext::Answer, Command::Fix), None);
        assert_eq!(
            map.fill(KeyContext::Answer, "{log} and {fix}, {x"),
            "f and :fix, {x"
        );
        let told: Vec<_> = map.displaced.iter().map(|d| (d.context, d.was)).collect();
        assert_eq!(told, [(KeyContext::Answer, Command::Fix)]);
        // Where text is typed it stays text.
        assert_eq!(map.lookup(KeyContext::Pick, f), None);
        let map = Keymap::with(&[setting(Command::Refresh, &["X"], 1)]).unwrap();
        assert_eq!(map.key_of(KeyContext::Answer, Command::Refresh), Some("X"));
        assert_eq!(map.key_of(KeyContext::Pick, Command::Refresh), Some("F5"));
        let map = Keymap::with(&[setting(Command::Swap, &[], 1)]).unwrap();
        assert_eq!(map.key_of(KeyContext::Answer, Command::Swap), None);
        assert!(map.displaced.is_empty());
    }

    #[test]
    fn two_settings_on_one_key_are_refused_with_both() {
        let why = Keymap::with(&[
            setting(Command::Fix, &["X"], 3),
            setting(Command::Log, &["X"], 7),
        ])
        .unwrap_err();
        for words in ["config.toml:3", "config.toml:7", "fix", "log", "the key X"] {
            assert!(why.contains(words), "{why}");
        }
        // They never meet: an answer, and the confirmation.
        let apart = [
            setting(Command::Fix, &["X"], 3),
            setting(Command::ForTwoHours, &["X"], 7),
        ];
        assert!(Keymap::with(&apart).is_ok());
    }

    #[test]
    fn nobody_is_locked_in_and_nothing_else_writes() {
        for command in NEVER_WITHOUT {
            let why = Keymap::with(&[setting(command, &[], 2)]).unwrap_err();
            assert!(
                why.contains("config.toml:2") && why.contains(command.name()),
                "{why}"
            );
        }
        let why = Keymap::with(&[setting(Command::Fix, &["Enter"], 2)]).unwrap_err();
        assert!(why.contains("leaves open without a key"), "{why}");
        let why = Keymap::with(&[setting(Command::Copy, &["Enter"], 2)]).unwrap_err();
        assert!(why.contains("Enter applies"), "{why}");
        let map = Keymap::with(&[setting(Command::Open, &["Enter", "o"], 2)]).unwrap();
        let o = Key::parse("o").unwrap();
        assert_eq!(map.lookup(KeyContext::Answer, o), Some(Command::Open));
        assert_eq!(map.lookup(KeyContext::Confirm, o), None);
    }
}
