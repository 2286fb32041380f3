//! What a user settles once and for all: `$XDG_CONFIG_HOME/bindscope/config.toml`
//! (`~/.config/bindscope/config.toml` unless set), as `docs/configuration.md` tells it. A variable is worth more than
//! the file, and an option more than both.

mod file;
mod read;
mod settle;
mod show;
mod themes;

pub use file::load;
pub use settle::{settle, variable};
pub use show::run;

/// Where a value comes from, in words.
pub const DEFAULT: &str = "default";

/// A setting of the configuration.
pub struct KnownSetting {
    /// Its key.
    pub name: &'static str,
    /// What it may be.
    pub takes: &'static str,
    /// Its value where nothing else is said.
    pub default: &'static str,
    /// What it settles.
    pub meaning: &'static str,
}

const fn known(
    name: &'static str,
    takes: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> KnownSetting {
    KnownSetting {
        name,
        takes,
        default,
        meaning,
    }
}

/// All of them, as they are printed.
pub const SETTINGS: [KnownSetting; 10] = [
    known(
        "read-only",
        "true, false",
        "false",
        "nothing is changed; --write opens one run",
    ),
    known(
        "read-only-projects",
        "patterns of project ids",
        "none",
        "nothing is changed in these projects, nor above any project; --write opens one run",
    ),
    known(
        "two-steps-from",
        "nothing, reads, changes, acts-as-others, gives-access",
        "acts-as-others",
        "from this power of a target on its name has to be typed instead of a word",
    ),
    known(
        "theme",
        "a built-in name, or that of a file in themes/",
        "terminal",
        "how the explorer looks; BINDSCOPE_THEME is worth more",
    ),
    known(
        "background",
        "ask, dark, light",
        "ask",
        "what lies behind the text; the terminal is asked after the first frame",
    ),
    known(
        "ascii",
        "true, false",
        "by the locale",
        "draw with ASCII alone; BINDSCOPE_ASCII is worth more",
    ),
    known(
        "mouse",
        "true, false",
        "true",
        "the explorer takes the mouse",
    ),
    known(
        "plain",
        "true, false",
        "false",
        "the explorer line by line, for screen readers",
    ),
    known(
        "defaults",
        "a table of options",
        "none",
        "options as if they were given, where none of their kind is",
    ),
    known(
        "keys",
        "a table of commands",
        "none",
        "keys of your own, by the command's name",
    ),
];
