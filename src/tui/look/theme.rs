//! Colours as data: views name roles, a theme says what each looks like.

use crate::answer::states::LevelState;
use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StyleRole {
    /// Ordinary text: the terminal's own colour.
    Text,
    /// What can be passed over.
    Dim,
    /// Headings, labels of fields.
    Heading,
    /// A yes.
    Granted,
    /// A no.
    Denied,
    /// Nobody can tell.
    Unknown,
    /// Right in itself, in the wrong place or at the wrong time.
    Misplaced,
    /// The path along which grants reach the target.
    Path,
    /// Letters that a filter matched.
    Match,
    /// Keys in hints.
    Key,
    /// An added line of a diff.
    Added,
    /// A removed line of a diff.
    Removed,
    /// The selected line of the panel in focus.
    Selected,
    /// The selected line of another panel.
    SelectedElsewhere,
    /// The header line.
    Header,
    /// What asks for care: unsaved, read-only, not applied.
    Warning,
}

impl StyleRole {
    /// That of a level.
    #[must_use]
    pub fn of(state: LevelState) -> Self {
        match state {
            LevelState::Grants => Self::Granted,
            LevelState::OffPath | LevelState::ConditionNotMet | LevelState::Misses => {
                Self::Misplaced
            }
            LevelState::Depends | LevelState::UnreadableDecides | LevelState::Waiting => {
                Self::Unknown
            }
            LevelState::Missing => Self::Path,
            LevelState::Nothing | LevelState::UnreadableIdle => Self::Dim,
            LevelState::Denies | LevelState::OutsideBoundary | LevelState::Off => Self::Denied,
        }
    }
}

impl StyleRole {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Text,
        Self::Dim,
        Self::Heading,
        Self::Granted,
        Self::Denied,
        Self::Unknown,
        Self::Misplaced,
        Self::Path,
        Self::Match,
        Self::Key,
        Self::Added,
        Self::Removed,
        Self::Selected,
        Self::SelectedElsewhere,
        Self::Header,
        Self::Warning,
    ];
}

/// A set of looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's own sixteen colours: fits whatever palette the user chose.
    #[default]
    Terminal,
    /// For dark backgrounds, colours of its own.
    Dark,
    /// For light backgrounds, colours of its own.
    Light,
    /// No hue: bold, underline and reverse only (`NO_COLOR`).
    Mono,
}

impl Theme {
    /// Every name that can be asked for.
    pub const NAMES: [&'static str; 4] = ["terminal", "dark", "light", "mono"];

    /// A theme by name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "terminal" => Some(Self::Terminal),
            "dark" => Some(Self::Dark),
            "light" => Some(Self::Light),
            "mono" => Some(Self::Mono),
            _ => None,
        }
    }

    /// The look of a role. A selected line keeps the colours of meaning: its style is patched over
    /// theirs and sets a background or reverses, never a foreground.
    #[must_use]
    pub fn style(self, role: StyleRole) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        match role {
            StyleRole::Text => return plain,
            StyleRole::Path => return bold,
            StyleRole::Heading => return self.hue(plain, role),
            StyleRole::Selected => {
                return match self {
                    Self::Dark => bold.bg(DARK_SELECTED),
                    Self::Light => bold.bg(LIGHT_SELECTED),
                    Self::Terminal | Self::Mono => plain.add_modifier(Modifier::REVERSED),
                };
            }
            StyleRole::SelectedElsewhere => return plain.add_modifier(Modifier::UNDERLINED),
            StyleRole::Header => return bold,
            _ => {}
        }
        if self == Self::Mono {
            return match role {
                StyleRole::Denied
                | StyleRole::Granted
                | StyleRole::Match
                | StyleRole::Key
                | StyleRole::Warning => bold,
                StyleRole::Added => bold,
                StyleRole::Removed => plain.add_modifier(Modifier::UNDERLINED),
                _ => plain,
            };
        }
        let base = match role {
            StyleRole::Denied | StyleRole::Granted | StyleRole::Match | StyleRole::Warning => bold,
            _ => plain,
        };
        self.hue(base, role)
    }

    fn hue(self, base: Style, role: StyleRole) -> Style {
        let colour = match self {
            Self::Mono => return base,
            Self::Terminal => match role {
                StyleRole::Granted | StyleRole::Added => Color::Green,
                StyleRole::Denied | StyleRole::Removed => Color::Red,
                StyleRole::Unknown | StyleRole::Warning => Color::Magenta,
                StyleRole::Misplaced => Color::Yellow,
                StyleRole::Match | StyleRole::Key | StyleRole::Heading => Color::Cyan,
                StyleRole::Dim => return base.add_modifier(Modifier::DIM),
                _ => return base,
            },
            Self::Dark | Self::Light => match self.rgb(role) {
                Some((r, g, b)) => Color::Rgb(r, g, b),
                None => return base,
            },
        };
        base.fg(colour)
    }

    /// The hue of a role in the two themes that bring colours of their own.
    fn rgb(self, role: StyleRole) -> Option<(u8, u8, u8)> {
        let (dark, light) = match role {
            StyleRole::Granted | StyleRole::Added => ((126, 211, 133), (20, 98, 38)),
            StyleRole::Denied | StyleRole::Removed => ((255, 138, 128), (158, 20, 20)),
            StyleRole::Unknown | StyleRole::Warning => ((216, 160, 255), (106, 27, 140)),
            StyleRole::Misplaced => ((240, 196, 100), (122, 74, 0)),
            StyleRole::Match | StyleRole::Key | StyleRole::Heading => {
                ((120, 200, 240), (0, 86, 130))
            }
            StyleRole::Dim => ((160, 160, 170), (86, 86, 96)),
            _ => return None,
        };
        Some(if self == Self::Light { light } else { dark })
    }
}

const DARK_SELECTED: Color = Color::Rgb(50, 56, 70);
const LIGHT_SELECTED: Color = Color::Rgb(224, 230, 240);

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
        let part = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    }

    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Common backgrounds, and the selected line's.
    #[test]
    fn no_pair_is_below_four_and_a_half_to_one() {
        for (theme, backgrounds) in [
            (Theme::Dark, [(0, 0, 0), (30, 30, 46), (50, 56, 70)]),
            (
                Theme::Light,
                [(255, 255, 255), (245, 240, 225), (224, 230, 240)],
            ),
        ] {
            for role in StyleRole::ALL {
                let Some(colour) = theme.rgb(role) else {
                    continue;
                };
                for background in backgrounds {
                    let ratio = contrast(colour, background);
                    assert!(
                        ratio >= 4.5,
                        "{theme:?} {role:?} on {background:?}: {ratio:.2}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_selected_line_keeps_its_meaning() {
        for name in Theme::NAMES {
            let theme = Theme::named(name).unwrap();
            assert_eq!(theme.style(StyleRole::Selected).fg, None, "{name}");
            assert_ne!(
                theme.style(StyleRole::Selected),
                theme.style(StyleRole::Text),
                "{name}"
            );
            assert_ne!(
                theme.style(StyleRole::Denied),
                theme.style(StyleRole::Dim),
                "{name}"
            );
            assert_ne!(
                theme.style(StyleRole::Added),
                theme.style(StyleRole::Removed),
                "{name}"
            );
        }
        assert_eq!(Theme::named("neon"), None);
    }

    #[test]
    fn mono_has_no_hue() {
        for role in StyleRole::ALL {
            let style = Theme::Mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }
}
