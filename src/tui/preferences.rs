//! What a user settled of how the explorer looks and listens.

use std::path::PathBuf;
use std::sync::Arc;

use super::keys::Keymap;
use super::look::theme::{Background, ThemeChoice};
use crate::answer::signs::Glyphs;
use crate::repair::ClosedProjects;

/// What a user settled of how the explorer looks and listens.
#[derive(Clone, Debug)]
pub struct Preferences {
    /// Which keys do what.
    pub keys: Arc<Keymap>,
    /// How it looks.
    pub theme: ThemeChoice,
    /// What lies behind the text; `None`: the terminal is asked.
    pub background: Option<Background>,
    /// Which signs can be shown; `None`: the locale says.
    pub glyphs: Option<Glyphs>,
    /// Whether the mouse is the explorer's.
    pub mouse: bool,
    /// Line by line, not on a screen.
    pub plain: bool,
    /// Where files are written; `None`: where the program was started.
    pub save_in: Option<PathBuf>,
    /// Projects in which nothing may be written.
    pub closed: ClosedProjects,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            keys: Arc::default(),
            theme: ThemeChoice::default(),
            background: None,
            glyphs: None,
            mouse: true,
            plain: false,
            save_in: None,
            closed: ClosedProjects::default(),
        }
    }
}

impl Preferences {
    /// Whether the terminal has to be asked for its background.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.background.is_none() && self.theme.asks()
    }
}
