//! Themes as files: `themes/NAME.toml` beside the configuration says of each role how it looks, on any background and
//! on a dark or a light one.
//!
//! ```toml
//! base = "dark"
//! [roles]
//! granted = "cyan"
//! denied = { fg = "#ff8080", bold = true }
//! [light]
//! granted = "#005f5f"
//! ```

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};

use super::super::failure::Failure;
use super::file::refused;
use super::read::{TomlEntry, TomlText, near};
use crate::tui::look::theme::{StyleRole, ThemeChoice};

/// The theme of that name: a file's, else a built-in one. `place`: where the name was said.
///
/// # Errors
/// There is none, or its file is not understood.
pub fn theme(folder: Option<&Path>, name: &str, place: &str) -> Result<ThemeChoice, Failure> {
    let file = folder.map(|folder| folder.join("themes"));
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
    if let Some(folder) = file.as_ref().filter(|_| plain) {
        let path = folder.join(format!("{name}.toml"));
        match crate::cli::text_file::read(&path) {
            Ok(text) => return parse(name, &text).map_err(|why| refused(&path, why)),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(refused(&path, e.to_string())),
        }
    }
    ThemeChoice::named(name).ok_or_else(|| none(file, name, place))
}

fn none(folder: Option<PathBuf>, name: &str, place: &str) -> Failure {
    let names: Vec<&str> = ThemeChoice::NAMES.iter().map(|(name, _)| *name).collect();
    let near = near(name, &names);
    let folder = folder.map_or_else(String::new, |f| format!(", or a file in {}", f.display()));
    Failure::usage(
        format!("{place}: there is no theme {name}.{near}"),
        format!("name one of {}{folder}", names.join(", ")),
    )
}

fn parse(name: &str, text: &str) -> Result<ThemeChoice, String> {
    let file = format!("{name}.toml");
    let text = TomlText::new(&file, text);
    let table = text.table()?;
    let entries = text.entries(&table);
    let mut theme = ThemeChoice::default();
    for entry in entries.iter().filter(|entry| entry.key == "base") {
        let base = entry.text()?.value;
        let names = ThemeChoice::NAMES.map(|(name, _)| name);
        theme = ThemeChoice::named(&base).ok_or_else(|| {
            let near = near(&base, &names);
            let all = names.join(", ");
            entry.refused(&format!(
                "no built-in theme is called {base}.{near} There are: {all}"
            ))
        })?;
    }
    // What is said for one background is worth more than what is said for both.
    for wanted in ["roles", "dark", "light"] {
        for entry in entries.iter().filter(|entry| entry.key == wanted) {
            for (role, style) in roles(entry)? {
                if wanted != "light" {
                    theme.dark = theme.dark.with(role, style);
                }
                if wanted != "dark" {
                    theme.light = theme.light.with(role, style);
                }
            }
        }
    }
    let known = ["base", "roles", "dark", "light"];
    if let Some(entry) = entries.iter().find(|entry| !known.contains(&entry.key)) {
        return Err(entry.unknown("part of a theme", known));
    }
    name.clone_into(&mut theme.name);
    Ok(theme)
}

fn roles(entry: &TomlEntry<'_>) -> Result<Vec<(StyleRole, Style)>, String> {
    let each = entry.entries()?;
    let read = each.iter().map(|row| {
        let role = StyleRole::ALL.into_iter().find(|role| role.name() == row.key);
        let role = role.ok_or_else(|| row.unknown("role", StyleRole::ALL.map(StyleRole::name)))?;
        let style = style(row)?;
        // Its colours of meaning are the words' own.
        if role == StyleRole::Selected && style.fg.is_some() {
            return Err(row.refused("the selected line keeps the colours of what it says: give bg, bold, underlined or reversed"));
        }
        Ok((role, style))
    });
    read.collect()
}

/// `"red"`, `"#ff8080"`, `"94"`, `{ fg = "red", bg = "black", bold = true }`.
fn style(row: &TomlEntry<'_>) -> Result<Style, String> {
    let Some(parts) = row.table() else {
        return Ok(match colour(row)? {
            Some(colour) => Style::new().fg(colour),
            None => Style::new(),
        });
    };
    let mut style = Style::new();
    for part in parts {
        let modifier = match part.key {
            "fg" => {
                style.fg = colour(&part)?;
                continue;
            }
            "bg" => {
                style.bg = colour(&part)?;
                continue;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            _ => {
                let known = [
                    "fg",
                    "bg",
                    "bold",
                    "dim",
                    "italic",
                    "underlined",
                    "reversed",
                ];
                return Err(part.unknown("way to look", known));
            }
        };
        if part.boolean()?.value {
            style = style.add_modifier(modifier);
        }
    }
    Ok(style)
}

/// A colour; `None`: the terminal's own.
fn colour(entry: &TomlEntry<'_>) -> Result<Option<Color>, String> {
    let said = entry.text()?.value;
    if said == "default" {
        return Ok(None);
    }
    said.parse().map(Some).map_err(|_| {
        entry.refused(&format!(
            "{said:?} is no colour: red, light-red, … of the terminal's sixteen, a number of its 256, #rrggbb, or default"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_says_of_roles_how_they_look() {
        let theme = parse(
            "mine",
            "base = \"dark\"\n[roles]\ngranted = \"cyan\"\ndenied = { fg = \"#ff8080\", bold = true, underlined = false }\nselected = { bg = \"236\" }\ndim = \"default\"\n[light]\ngranted = \"#005f5f\"\n",
        )
        .unwrap();
        let of = |role| theme.dark.style(role);
        assert_eq!(of(StyleRole::Granted).fg, Some(Color::Cyan));
        assert_eq!(of(StyleRole::Denied).fg, Some(Color::Rgb(255, 128, 128)));
        assert!(of(StyleRole::Denied).add_modifier.contains(Modifier::BOLD));
        assert_eq!(of(StyleRole::Selected).bg, Some(Color::Indexed(236)));
        assert_eq!(of(StyleRole::Dim), Style::new());
        let light = theme.light.style(StyleRole::Granted);
        assert_eq!(light.fg, Some(Color::Rgb(0, 95, 95)));
        assert!(theme.asks());
        // What it does not speak of is its base's.
        let dark = ThemeChoice::named("dark").unwrap().dark;
        assert_eq!(of(StyleRole::Unknown), dark.style(StyleRole::Unknown));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (text, words) in [
            (
                "[roles]\ngrantd = \"red\"",
                "mine.toml:2: there is no role grantd. Did you mean granted?",
            ),
            (
                "[roles]\ngranted = \"rde\"",
                "mine.toml:2: \"rde\" is no colour",
            ),
            ("[roles]\nselected = \"red\"", "keeps the colours"),
            ("[roles]\ngranted = { gf = \"red\" }", "Did you mean fg?"),
            ("base = \"drak\"", "Did you mean dark?"),
            ("[rolls]\n", "Did you mean roles?"),
        ] {
            let why = parse("mine", text).unwrap_err();
            assert!(why.contains(words), "{text:?}: {why}");
        }
    }
}
