//! Keys as data: one table of (context, keys, command). The footer, the help, the palette and the
//! tests' notation all read it.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;

/// What is in focus, as far as keys are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyContext {
    /// Everywhere, unless the context in focus says otherwise. While a text is typed, only those
    /// keys of it that are no characters.
    Everywhere,
    /// Choosing caller and target: what is typed filters.
    Pick,
    /// An answer: the tree or the causes.
    Answer,
    /// A pop-up to be read: a level, the help, the log.
    Read,
    /// The confirmation: what is typed is the word.
    Confirm,
    /// The confirmation after the word: it is being applied, or was.
    Applied,
    /// A list to choose from by typing: the palette, the copy menu, permissions.
    Menu,
    /// A list of accounts or changes.
    List,
    /// There are no credentials.
    SignedOut,
}

impl KeyContext {
    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Pick => "choosing caller and target",
            Self::Answer => "the answer",
            Self::Read => "a page to read",
            Self::Confirm => "the confirmation",
            Self::Applied => "after the confirmation",
            Self::Menu => "a menu",
            Self::List => "a list",
            Self::SignedOut => "without credentials",
        }
    }

    /// Whether characters that are typed here are text.
    #[must_use]
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Pick | Self::Confirm | Self::Menu)
    }
}

/// One row of the table.
pub struct Entry {
    /// Where it holds.
    pub context: KeyContext,
    /// The keys, in the notation of [`Key`], the one to be shown first.
    pub keys: &'static [&'static str],
    /// What they do.
    pub command: Command,
    /// Its word in the footer, where it stands there.
    pub footer: Option<&'static str>,
}

impl Entry {
    /// One line on what the keys do where they hold.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match (self.context, self.command) {
            (KeyContext::Confirm, Command::Open) => {
                "apply it, once the word stands there; the only key that writes"
            }
            (KeyContext::Confirm, Command::Back) => {
                "take back what is typed, then leave all as it is"
            }
            (KeyContext::Confirm | KeyContext::Applied, Command::Copy) => {
                "copy the change as a command, Terraform, a request …"
            }
            (KeyContext::Confirm, Command::PageDown) => "show what is below",
            (KeyContext::Confirm, Command::PageUp) => "show what is above",
            (KeyContext::Applied, Command::Undo) => {
                "take what was just done back, after a confirmation"
            }
            (KeyContext::Menu, Command::Open) => "take what is selected",
            (KeyContext::Pick, Command::Open) => "choose what is selected; on the target, ask",
            (KeyContext::List, Command::Open) => {
                "ask about the pair that is selected, or show the change"
            }
            (KeyContext::List, Command::Copy) => "copy what is selected",
            (KeyContext::Read, Command::Copy) => "copy what the page is about",
            (KeyContext::Read, Command::Up) => "a line up",
            (KeyContext::Read, Command::Down) => "a line down",
            _ => self.command.help(),
        }
    }
}

const fn row(
    context: KeyContext,
    keys: &'static [&'static str],
    command: Command,
    footer: Option<&'static str>,
) -> Entry {
    Entry {
        context,
        keys,
        command,
        footer,
    }
}

use Command as Do;
use KeyContext as In;

/// The table.
pub const TABLE: &[Entry] = &[
    row(In::Everywhere, &["k", "Up", "Ctrl-p"], Do::Up, None),
    row(In::Everywhere, &["j", "Down", "Ctrl-n"], Do::Down, None),
    row(In::Everywhere, &["Ctrl-u"], Do::HalfUp, None),
    row(In::Everywhere, &["Ctrl-d"], Do::HalfDown, None),
    row(In::Everywhere, &["PgUp"], Do::PageUp, None),
    row(In::Everywhere, &["PgDn"], Do::PageDown, None),
    row(In::Everywhere, &["g", "Home"], Do::Top, None),
    row(In::Everywhere, &["G", "End"], Do::Bottom, None),
    row(In::Everywhere, &["h", "Left"], Do::Left, None),
    row(In::Everywhere, &["l", "Right"], Do::Right, None),
    row(In::Everywhere, &["Tab"], Do::NextPanel, None),
    row(In::Everywhere, &["Shift-Tab"], Do::PreviousPanel, None),
    row(In::Everywhere, &["Enter"], Do::Open, None),
    row(In::Everywhere, &["Esc", "Ctrl-["], Do::Back, None),
    row(In::Everywhere, &["?", "F1", "~"], Do::Help, None),
    row(In::Everywhere, &[":", "F2"], Do::Palette, None),
    row(In::Everywhere, &["%"], Do::Mouse, None),
    row(In::Everywhere, &["Ctrl-l"], Do::Repaint, None),
    row(In::Everywhere, &["Ctrl-z"], Do::Suspend, None),
    row(In::Everywhere, &["Ctrl-c"], Do::Interrupt, None),
    row(In::Everywhere, &["q"], Do::Quit, None),
    row(In::Everywhere, &["Q"], Do::QuitPrinting, None),
    row(In::Everywhere, &["L", "F6"], Do::Log, None),
    row(In::Everywhere, &["H", "F7"], Do::History, None),
    // Choosing.
    row(In::Pick, &["Tab"], Do::NextPanel, Some("other list")),
    row(In::Pick, &["Enter"], Do::Open, Some("choose")),
    row(In::Pick, &["Esc", "Ctrl-["], Do::Back, Some("clear")),
    row(In::Pick, &["F1"], Do::Help, Some("help")),
    row(In::Pick, &["F2"], Do::Palette, None),
    row(In::Pick, &["F5", "Ctrl-r"], Do::Refresh, None),
    row(In::Pick, &["F8"], Do::Permission, Some("permission")),
    row(In::Pick, &["Ctrl-c"], Do::Interrupt, Some("quit")),
    // The answer.
    row(In::Answer, &["f"], Do::Fix, Some("fix")),
    row(In::Answer, &["Enter"], Do::Open, Some("open")),
    row(In::Answer, &["Tab"], Do::NextPanel, Some("panel")),
    row(In::Answer, &["p"], Do::Pick, Some("pick")),
    row(In::Answer, &["y", "c"], Do::Copy, Some("copy")),
    row(In::Answer, &["w"], Do::Who, None),
    row(In::Answer, &["x"], Do::Reach, None),
    row(In::Answer, &["s"], Do::Swap, None),
    row(In::Answer, &["m"], Do::Permission, None),
    row(In::Answer, &["v"], Do::Via, None),
    row(In::Answer, &["a"], Do::Attributes, None),
    row(In::Answer, &["i"], Do::Meaning, None),
    row(In::Answer, &["o"], Do::Console, None),
    row(In::Answer, &["r", "F5"], Do::Refresh, None),
    row(In::Answer, &["u"], Do::Undo, None),
    row(In::Answer, &["["], Do::Earlier, None),
    row(In::Answer, &["]"], Do::Later, None),
    row(In::Answer, &["!", "F9"], Do::Legend, None),
    row(In::Answer, &[":"], Do::Palette, Some("menu")),
    row(In::Answer, &["?", "F1", "~"], Do::Help, Some("help")),
    row(In::Answer, &["q"], Do::Quit, Some("quit")),
    // A page to read.
    row(In::Read, &["j", "Down"], Do::Down, Some("down")),
    row(In::Read, &["k", "Up"], Do::Up, Some("up")),
    row(In::Read, &["y", "c"], Do::Copy, Some("copy")),
    row(
        In::Read,
        &["Esc", "Ctrl-[", "Enter"],
        Do::Back,
        Some("back"),
    ),
    // The confirmation.
    row(In::Confirm, &["Enter"], Do::Open, Some("apply")),
    row(
        In::Confirm,
        &["Esc", "Ctrl-["],
        Do::Back,
        Some("keep all as it is"),
    ),
    row(In::Confirm, &["Tab"], Do::NextRepair, None),
    // Letters are commands only before the first one of the word; see `update::confirm`.
    row(
        In::Confirm,
        &["t", "F3"],
        Do::ForTwoHours,
        Some("2 hours only"),
    ),
    row(In::Confirm, &["y", "F4"], Do::Copy, Some("copy as")),
    row(
        In::Confirm,
        &["i", "F8"],
        Do::Meaning,
        Some("what it means"),
    ),
    row(In::Confirm, &["F1"], Do::Help, None),
    row(In::Confirm, &["PgDn", "Down"], Do::PageDown, None),
    row(In::Confirm, &["PgUp", "Up"], Do::PageUp, None),
    row(In::Applied, &["u"], Do::Undo, Some("undo")),
    row(In::Applied, &["y", "c"], Do::Copy, Some("copy")),
    row(
        In::Applied,
        &["Esc", "Ctrl-[", "Enter"],
        Do::Back,
        Some("back to the answer"),
    ),
    row(
        In::Applied,
        &["Q"],
        Do::QuitPrinting,
        Some("quit and print"),
    ),
    // Menus and lists.
    row(In::Menu, &["Enter"], Do::Open, Some("choose")),
    row(In::Menu, &["Esc", "Ctrl-["], Do::Back, Some("back")),
    row(In::List, &["Enter"], Do::Open, Some("open")),
    row(In::List, &["j", "Down"], Do::Down, Some("down")),
    row(In::List, &["k", "Up"], Do::Up, None),
    row(In::List, &["u"], Do::Undo, None),
    row(In::List, &["y", "c"], Do::Copy, Some("copy")),
    row(In::List, &["Esc", "Ctrl-["], Do::Back, Some("back")),
    row(In::List, &["?", "F1", "~"], Do::Help, Some("help")),
    // Without credentials.
    row(
        In::SignedOut,
        &["Enter", "d"],
        Do::Accept,
        Some("look around"),
    ),
    row(In::SignedOut, &["q"], Do::Quit, Some("quit")),
];

/// One key, as the table, the help and the tests write it: `a`, `Ctrl-d`, `Shift-Tab`, `F5`, `Space`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    ctrl: bool,
    alt: bool,
}

impl Key {
    /// What the terminal sent. Letters carry their case themselves; what some terminals send for
    /// `Ctrl-[` is Esc, and both are bound alike.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Self {
        let code = match event.code {
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            KeyCode::Char(c)
                if event.modifiers.contains(KeyModifiers::SHIFT) && c.is_lowercase() =>
            {
                KeyCode::Char(c.to_uppercase().next().unwrap_or(c))
            }
            other => other,
        };
        Self {
            code,
            ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
            alt: event.modifiers.contains(KeyModifiers::ALT),
        }
    }

    /// Reads the notation.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (ctrl, rest) = match text.strip_prefix("Ctrl-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (alt, rest) = match rest.strip_prefix("Alt-") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let code = match rest {
            "Up" => KeyCode::Up,
            "Down" => KeyCode::Down,
            "Left" => KeyCode::Left,
            "Right" => KeyCode::Right,
            "PgUp" => KeyCode::PageUp,
            "PgDn" => KeyCode::PageDown,
            "Home" => KeyCode::Home,
            "End" => KeyCode::End,
            "Tab" => KeyCode::Tab,
            "Shift-Tab" => KeyCode::BackTab,
            "Enter" => KeyCode::Enter,
            "Esc" => KeyCode::Esc,
            "Space" => KeyCode::Char(' '),
            "BS" => KeyCode::Backspace,
            "Del" => KeyCode::Delete,
            other => match (other.strip_prefix('F').and_then(|n| n.parse().ok()), other) {
                (Some(n), _) => KeyCode::F(n),
                (None, other) => {
                    let mut chars = other.chars();
                    let (first, rest) = (chars.next()?, chars.next());
                    if rest.is_some() {
                        return None;
                    }
                    KeyCode::Char(first)
                }
            },
        };
        Some(Self { code, ctrl, alt })
    }

    /// The event that a terminal would send for it.
    #[must_use]
    pub fn event(self) -> KeyEvent {
        let mut modifiers = KeyModifiers::NONE;
        if self.ctrl {
            modifiers |= KeyModifiers::CONTROL;
        }
        if self.alt {
            modifiers |= KeyModifiers::ALT;
        }
        KeyEvent::new(self.code, modifiers)
    }

    /// The character that this key types, when it types one.
    #[must_use]
    pub fn character(self) -> Option<char> {
        match self.code {
            // AltGr arrives as Ctrl and Alt together on some terminals, and types.
            KeyCode::Char(c) if self.ctrl == self.alt && !c.is_control() => Some(c),
            _ => None,
        }
    }

    /// Whether a text field that has the focus takes it, though it types nothing.
    #[must_use]
    pub fn edits(self) -> bool {
        match (self.code, self.ctrl, self.alt) {
            (
                KeyCode::Backspace
                | KeyCode::Delete
                | KeyCode::Left
                | KeyCode::Right
                | KeyCode::Home
                | KeyCode::End,
                ..,
            ) => true,
            (KeyCode::Char(c), true, false) => "abefhkuw".contains(c),
            (KeyCode::Char(c), false, true) => "bf".contains(c),
            _ => false,
        }
    }

    /// Which key, without Ctrl and Alt.
    #[must_use]
    pub fn code(self) -> KeyCode {
        self.code
    }

    /// Whether Ctrl is held.
    #[must_use]
    pub fn ctrl(self) -> bool {
        self.ctrl
    }

    /// Whether Alt is held.
    #[must_use]
    pub fn alt(self) -> bool {
        self.alt
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::Up => f.write_str("Up"),
            KeyCode::Down => f.write_str("Down"),
            KeyCode::Left => f.write_str("Left"),
            KeyCode::Right => f.write_str("Right"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::Home => f.write_str("Home"),
            KeyCode::End => f.write_str("End"),
            KeyCode::Tab => f.write_str("Tab"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::Enter => f.write_str("Enter"),
            KeyCode::Esc => f.write_str("Esc"),
            KeyCode::Backspace => f.write_str("BS"),
            KeyCode::Delete => f.write_str("Del"),
            _ => f.write_str("another key"),
        }
    }
}

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
        for context in [KeyContext::Pick, KeyContext::Menu] {
            for c in ('a'..='z')
                .chain('A'..='Z')
                .chain([' ', '?', ':', '%', 'y'])
            {
                let key = Key {
                    code: KeyCode::Char(c),
                    ctrl: false,
                    alt: false,
                };
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
        for command in [Do::Help, Do::Palette, Do::Open, Do::Back, Do::Up, Do::Down] {
            let has = TABLE
                .iter()
                .filter(|e| e.command == command)
                .any(|e| e.keys.iter().any(|k| spare(&k)));
            assert!(has, "{command:?}");
        }
    }
}
