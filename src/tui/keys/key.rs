//! One key, as a terminal sends it and as people write it.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
            "Backspace" | "BS" => KeyCode::Backspace,
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
            KeyCode::Backspace => f.write_str("Backspace"),
            KeyCode::Delete => f.write_str("Del"),
            _ => f.write_str("another key"),
        }
    }
}
