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
    /// Its name in a theme's file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Dim => "dim",
            Self::Heading => "heading",
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
            Self::Misplaced => "misplaced",
            Self::Path => "path",
            Self::Match => "match",
            Self::Key => "key",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Selected => "selected",
            Self::SelectedElsewhere => "selected-elsewhere",
            Self::Header => "header",
            Self::Warning => "warning",
        }
    }

    /// All of them, in their order.
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

/// What lies behind the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Darker than the text.
    Dark,
    /// Lighter than the text.
    Light,
}

/// How each role looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; StyleRole::ALL.len()],
}

impl Default for Theme {
    /// The terminal's own sixteen colours, on a dark background.
    fn default() -> Self {
        Self::terminal(Background::Dark)
    }
}

/// A theme as it is chosen: how it looks on either background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeChoice {
    /// Its name.
    pub name: String,
    /// On a dark background, and until it is known which.
    pub dark: Theme,
    /// On a light one.
    pub light: Theme,
}

impl Default for ThemeChoice {
    fn default() -> Self {
        Self {
            name: "terminal".to_owned(),
            dark: Theme::terminal(Background::Dark),
            light: Theme::terminal(Background::Light),
        }
    }
}

impl ThemeChoice {
    /// Every built-in name, with what it is.
    pub const NAMES: [(&'static str, &'static str); 11] = [
        ("terminal", "the terminal's own sixteen colours"),
        ("auto", "dark or light, by the terminal's background"),
        ("dark", "colours of its own, for dark backgrounds"),
        ("light", "colours of its own, for light backgrounds"),
        (
            "high-contrast",
            "7:1 and more, by the terminal's background",
        ),
        ("high-contrast-dark", "7:1 and more, for dark backgrounds"),
        ("high-contrast-light", "7:1 and more, for light backgrounds"),
        (
            "colour-blind",
            "told apart without red and green, by the terminal's background",
        ),
        (
            "colour-blind-dark",
            "told apart without red and green, for dark backgrounds",
        ),
        (
            "colour-blind-light",
            "told apart without red and green, for light backgrounds",
        ),
        ("mono", "no hue: bold, underline and reverse alone"),
    ];

    /// A built-in one by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (dark, light) = match name {
            "terminal" => return Some(Self::default()),
            "auto" => (Theme::of(&DARK), Theme::of(&LIGHT)),
            "dark" => (Theme::of(&DARK), Theme::of(&DARK)),
            "light" => (Theme::of(&LIGHT), Theme::of(&LIGHT)),
            "high-contrast" => (Theme::of(&CONTRAST_DARK), Theme::of(&CONTRAST_LIGHT)),
            "high-contrast-dark" => (Theme::of(&CONTRAST_DARK), Theme::of(&CONTRAST_DARK)),
            "high-contrast-light" => (Theme::of(&CONTRAST_LIGHT), Theme::of(&CONTRAST_LIGHT)),
            "colour-blind" => (Theme::of(&BLIND_DARK), Theme::of(&BLIND_LIGHT)),
            "colour-blind-dark" => (Theme::of(&BLIND_DARK), Theme::of(&BLIND_DARK)),
            "colour-blind-light" => (Theme::of(&BLIND_LIGHT), Theme::of(&BLIND_LIGHT)),
            "mono" => (Theme::mono(), Theme::mono()),
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            dark,
            light,
        })
    }

    /// How it looks on a background.
    #[must_use]
    pub fn on(&self, background: Background) -> Theme {
        match background {
            Background::Dark => self.dark,
            Background::Light => self.light,
        }
    }

    /// Whether it matters which background there is.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.dark != self.light
    }
}

impl Theme {
    /// The look of a role. A selected line keeps the colours of meaning: its style is patched over
    /// theirs and sets a background or reverses, never a foreground.
    #[must_use]
    pub fn style(&self, role: StyleRole) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The same with another look for a role.
    #[must_use]
    pub fn with(mut self, role: StyleRole, style: Style) -> Self {
        if let Some(place) = self.styles.get_mut(role as usize) {
            *place = style;
        }
        self
    }

    fn each(style: impl Fn(StyleRole) -> Style) -> Self {
        Self {
            styles: StyleRole::ALL.map(style),
        }
    }

    /// No hue: bold, underline and reverse only (`NO_COLOR`).
    #[must_use]
    pub fn mono() -> Self {
        Self::each(|role| match role {
            StyleRole::Selected => Style::new().add_modifier(Modifier::REVERSED),
            StyleRole::Removed => Style::new().add_modifier(Modifier::UNDERLINED),
            StyleRole::Key | StyleRole::Added => Style::new().add_modifier(Modifier::BOLD),
            other => shape(other),
        })
    }

    /// The terminal's own sixteen colours: fits whatever palette its user chose. On a light background green,
    /// magenta, yellow and cyan cannot be read in many of them, on a dark one red and magenta only as the bright ones.
    #[must_use]
    pub fn terminal(background: Background) -> Self {
        let light = background == Background::Light;
        Self::each(|role| {
            let colour = match role {
                // Of the 256: a green with 8:1 on white, a purple with 8.8:1, a brown with 5.9:1.
                StyleRole::Granted | StyleRole::Added if light => Color::Indexed(22),
                StyleRole::Granted | StyleRole::Added => Color::Green,
                StyleRole::Denied | StyleRole::Removed if light => Color::Red,
                StyleRole::Denied | StyleRole::Removed => Color::LightRed,
                StyleRole::Unknown | StyleRole::Warning if light => Color::Indexed(90),
                StyleRole::Unknown | StyleRole::Warning => Color::LightMagenta,
                StyleRole::Misplaced if light => Color::Indexed(94),
                StyleRole::Misplaced => Color::Yellow,
                StyleRole::Match | StyleRole::Key | StyleRole::Heading if light => Color::Blue,
                StyleRole::Match | StyleRole::Key | StyleRole::Heading => Color::Cyan,
                StyleRole::Dim => return Style::new().add_modifier(Modifier::DIM),
                StyleRole::Selected => return Style::new().add_modifier(Modifier::REVERSED),
                other => return shape(other),
            };
            shape(role).fg(colour)
        })
    }

    fn of(palette: &Palette) -> Self {
        let hue = |(r, g, b): Rgb| Color::Rgb(r, g, b);
        Self::each(|role| {
            let style = shape(role);
            match (palette.of(role), role) {
                (Some(colour), _) => style.fg(hue(colour)),
                (None, StyleRole::Selected) => match palette.selected {
                    Some(colour) => style.add_modifier(Modifier::BOLD).bg(hue(colour)),
                    None => style.add_modifier(Modifier::REVERSED),
                },
                (None, _) => style,
            }
        })
    }
}

/// What of a role's look is no hue, the same in every theme.
fn shape(role: StyleRole) -> Style {
    let plain = Style::new();
    match role {
        StyleRole::Path
        | StyleRole::Header
        | StyleRole::Denied
        | StyleRole::Granted
        | StyleRole::Match
        | StyleRole::Warning => plain.add_modifier(Modifier::BOLD),
        StyleRole::SelectedElsewhere => plain.add_modifier(Modifier::UNDERLINED),
        _ => plain,
    }
}

type Rgb = (u8, u8, u8);

/// The hues of a theme that brings its own. Ordinary text has the terminal's.
struct Palette {
    granted: Rgb,
    denied: Rgb,
    unknown: Rgb,
    misplaced: Rgb,
    key: Rgb,
    dim: Rgb,
    /// Behind the selected line; `None`: it is reversed.
    selected: Option<Rgb>,
}

impl Palette {
    fn of(&self, role: StyleRole) -> Option<Rgb> {
        Some(match role {
            StyleRole::Granted | StyleRole::Added => self.granted,
            StyleRole::Denied | StyleRole::Removed => self.denied,
            StyleRole::Unknown | StyleRole::Warning => self.unknown,
            StyleRole::Misplaced => self.misplaced,
            StyleRole::Match | StyleRole::Key | StyleRole::Heading => self.key,
            StyleRole::Dim => self.dim,
            _ => return None,
        })
    }
}

const DARK: Palette = Palette {
    granted: (126, 211, 133),
    denied: (255, 138, 128),
    unknown: (216, 160, 255),
    misplaced: (240, 196, 100),
    key: (120, 200, 240),
    dim: (160, 160, 170),
    selected: Some((50, 56, 70)),
};

const LIGHT: Palette = Palette {
    granted: (20, 98, 38),
    denied: (158, 20, 20),
    unknown: (106, 27, 140),
    misplaced: (122, 74, 0),
    key: (0, 86, 130),
    dim: (86, 86, 96),
    selected: Some((224, 230, 240)),
};

const CONTRAST_DARK: Palette = Palette {
    granted: (120, 255, 120),
    denied: (255, 165, 160),
    unknown: (255, 180, 255),
    misplaced: (255, 220, 90),
    key: (120, 230, 255),
    dim: (220, 220, 220),
    selected: None,
};

const CONTRAST_LIGHT: Palette = Palette {
    granted: (0, 70, 0),
    denied: (130, 0, 0),
    unknown: (85, 0, 110),
    misplaced: (90, 50, 0),
    key: (0, 50, 110),
    dim: (50, 50, 50),
    selected: None,
};

/// After Okabe and Ito's palette, lighter or darker where a background asks for it.
const BLIND_DARK: Palette = Palette {
    granted: (80, 170, 240),
    denied: (240, 140, 60),
    unknown: (255, 220, 245),
    misplaced: (240, 228, 66),
    key: (200, 205, 255),
    dim: (165, 165, 170),
    selected: Some((50, 56, 70)),
};

const BLIND_LIGHT: Palette = Palette {
    granted: (0, 76, 190),
    denied: (163, 75, 0),
    unknown: (86, 34, 121),
    misplaced: (55, 41, 0),
    key: (60, 60, 130),
    dim: (86, 86, 96),
    selected: Some((224, 230, 240)),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(c: u8) -> f64 {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance((r, g, b): Rgb) -> f64 {
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Common backgrounds, and the selected line's.
    #[test]
    fn no_pair_is_below_four_and_a_half_to_one() {
        let dark = [(0, 0, 0), (30, 30, 46)];
        let light = [(255, 255, 255), (245, 240, 225)];
        for (name, palette, backgrounds, least) in [
            ("dark", &DARK, dark, 4.5),
            ("light", &LIGHT, light, 4.5),
            ("high-contrast-dark", &CONTRAST_DARK, dark, 7.0),
            ("high-contrast-light", &CONTRAST_LIGHT, light, 7.0),
            ("colour-blind-dark", &BLIND_DARK, dark, 4.5),
            ("colour-blind-light", &BLIND_LIGHT, light, 4.5),
        ] {
            for role in StyleRole::ALL {
                let Some(colour) = palette.of(role) else {
                    continue;
                };
                for background in backgrounds.into_iter().chain(palette.selected) {
                    let ratio = contrast(colour, background);
                    assert!(
                        ratio >= least,
                        "{name} {role:?} on {background:?}: {ratio:.2}"
                    );
                }
            }
        }
    }

    /// The sixteen as xterm has them (XTerm-col.ad), the others as its 256 are made up: six steps of each light.
    fn in_xterm(colour: Color) -> Rgb {
        let step = |n: u8| [0, 95, 135, 175, 215, 255][usize::from(n % 6)];
        match colour {
            Color::Red => (205, 0, 0),
            Color::Green => (0, 205, 0),
            Color::Yellow => (205, 205, 0),
            Color::Blue => (0, 0, 238),
            Color::Magenta => (205, 0, 205),
            Color::Cyan => (0, 205, 205),
            Color::LightRed => (255, 0, 0),
            Color::LightMagenta => (255, 0, 255),
            Color::Indexed(n @ 16..=231) => {
                let n = n - 16;
                (step(n / 36), step(n / 6), step(n))
            }
            other => panic!("{other:?} has no value here"),
        }
    }

    /// In the terminal's own colours too, as far as a palette is known.
    #[test]
    fn the_terminals_own_colours_are_read_on_either_background() {
        for (background, rgb) in [
            (Background::Dark, (0, 0, 0)),
            (Background::Light, (255, 255, 255)),
        ] {
            let theme = Theme::terminal(background);
            for role in StyleRole::ALL {
                let Some(colour) = theme.style(role).fg else {
                    continue;
                };
                let ratio = contrast(in_xterm(colour), rgb);
                assert!(ratio >= 4.5, "{role:?} on {background:?}: {ratio:.2}");
            }
        }
    }

    /// As somebody without the one or the other kind of cone sees it (Viénot, Brettel, Mollon 1999, "Digital
    /// video colourmaps for checking the legibility of displays by dichromats", in linear light).
    fn as_seen_without([r, g, b]: [f64; 3], red: bool) -> [f64; 3] {
        if red {
            let both = 0.11238 * r + 0.88762 * g;
            [both, both, 0.00401 * r - 0.00401 * g + b]
        } else {
            let both = 0.29275 * r + 0.70725 * g;
            [both, both, -0.02234 * r + 0.02234 * g + b]
        }
    }

    #[test]
    fn the_colour_blind_theme_is_told_apart_without_red_and_green() {
        for palette in [&BLIND_DARK, &BLIND_LIGHT] {
            for red in [true, false] {
                let seen = |(r, g, b): Rgb| {
                    let light = [linear(r), linear(g), linear(b)];
                    // Back to about equal steps for the eye.
                    as_seen_without(light, red).map(|c| c.max(0.0).powf(1.0 / 2.2) * 255.0)
                };
                let all = [
                    palette.granted,
                    palette.denied,
                    palette.unknown,
                    palette.misplaced,
                ];
                for (i, a) in all.iter().enumerate() {
                    for b in all.iter().skip(i + 1) {
                        let (x, y) = (seen(*a), seen(*b));
                        let far: f64 = x.iter().zip(&y).map(|(p, q)| (p - q).powi(2)).sum();
                        assert!(far.sqrt() > 40.0, "{a:?} and {b:?}: {:.0}", far.sqrt());
                    }
                }
            }
        }
    }

    #[test]
    fn the_selected_line_keeps_its_meaning() {
        for (name, _) in ThemeChoice::NAMES {
            let choice = ThemeChoice::named(name).unwrap();
            for theme in [choice.dark, choice.light] {
                let of = |role| theme.style(role);
                assert_eq!(of(StyleRole::Selected).fg, None, "{name}");
                assert_ne!(of(StyleRole::Selected), of(StyleRole::Text), "{name}");
                assert_ne!(of(StyleRole::Denied), of(StyleRole::Dim), "{name}");
                assert_ne!(of(StyleRole::Added), of(StyleRole::Removed), "{name}");
            }
        }
        assert_eq!(ThemeChoice::named("neon"), None);
    }

    #[test]
    fn mono_has_no_hue() {
        for role in StyleRole::ALL {
            let style = Theme::mono().style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
        assert!(!ThemeChoice::named("mono").unwrap().asks());
        assert!(ThemeChoice::default().asks());
    }

    #[test]
    fn the_roles_stand_in_their_order() {
        for (place, role) in StyleRole::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, place);
        }
    }
}
