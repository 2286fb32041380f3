//! The file: what stands in it, each value with its line.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::super::failure::Failure;
use super::SETTINGS;
use super::read::{SaidAt, TomlEntry, TomlText, near};
use crate::repair::{ClosedPattern, Power};
use crate::tui::keys::command::Command;
use crate::tui::keys::{Key, KeyContext, KeySetting};
use crate::tui::look::theme::Background;

/// What stands in the file; what does not stand there is `None`.
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    /// Where it is, or would be.
    pub path: Option<PathBuf>,
    /// Whether it is there.
    pub there: bool,
    pub read_only: Option<SaidAt<bool>>,
    pub closed: Vec<ClosedPattern>,
    pub two_steps_from: Option<SaidAt<Power>>,
    pub theme: Option<SaidAt<String>>,
    /// `None` inside: the terminal is asked.
    pub background: Option<SaidAt<Option<Background>>>,
    pub ascii: Option<SaidAt<bool>>,
    pub mouse: Option<SaidAt<bool>>,
    pub plain: Option<SaidAt<bool>>,
    /// Options, by their long names.
    pub defaults: Vec<(&'static str, SaidAt<String>)>,
    pub keys: Vec<KeySetting>,
}

/// Options that can be settled. How commands answer is left to whoever calls them: scripts read it.
pub const DEFAULTS: [&str; 8] = [
    "access-token-file",
    "billing-project",
    "endpoint",
    "folder",
    "impersonate",
    "log",
    "organization",
    "project",
];

/// Reads the configuration; one that is not there is empty.
///
/// # Errors
/// It cannot be read, or says what is not understood.
pub fn load() -> Result<ConfigFile, Failure> {
    let Some(folder) = folder() else {
        return Ok(ConfigFile::default());
    };
    let path = folder.join("config.toml");
    let read = crate::cli::text_file::read(&path);
    let mut file = match read {
        Ok(text) => parse(&text).map_err(|why| refused(&path, why))?,
        Err(e) if e.kind() == ErrorKind::NotFound => ConfigFile::default(),
        Err(e) => return Err(refused(&path, e.to_string())),
    };
    file.there = path.exists();
    file.path = Some(path);
    Ok(file)
}

/// Where the configuration is.
pub fn folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("bindscope"))
}

pub fn refused(path: &Path, why: String) -> Failure {
    Failure::new(
        format!("read the configuration {}", path.display()),
        why,
        "correct the file, or move it away",
    )
}

/// Reads the text of a configuration. Nothing of one that is not understood counts.
pub fn parse(text: &str) -> Result<ConfigFile, String> {
    let text = TomlText::new("config.toml", text);
    let table = text.table()?;
    let mut file = ConfigFile::default();
    for entry in text.entries(&table) {
        match entry.key {
            "read-only" => file.read_only = Some(entry.boolean()?),
            "read-only-projects" => file.closed = closed(&entry)?,
            "two-steps-from" => file.two_steps_from = Some(entry.named()?),
            "theme" => file.theme = Some(entry.text()?),
            "background" => {
                let known = [
                    ("ask", None),
                    ("dark", Some(Background::Dark)),
                    ("light", Some(Background::Light)),
                ];
                file.background = Some(entry.word(&known)?);
            }
            "ascii" => file.ascii = Some(entry.boolean()?),
            "mouse" => file.mouse = Some(entry.boolean()?),
            "plain" => file.plain = Some(entry.boolean()?),
            "defaults" => {
                for option in entry.entries()? {
                    let known = DEFAULTS.into_iter().find(|name| *name == option.key);
                    let known = known.ok_or_else(|| option.unknown("default", DEFAULTS))?;
                    file.defaults.push((known, option.text()?));
                }
            }
            "keys" => file.keys = keys(&entry)?,
            _ => return Err(entry.unknown("key", SETTINGS.iter().map(|s| s.name))),
        }
    }
    one_how_far(&file.defaults)?;
    Ok(file)
}

fn closed(entry: &TomlEntry<'_>) -> Result<Vec<ClosedPattern>, String> {
    let all = entry.texts()?.into_iter();
    all.map(|SaidAt { value, place }| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "*?-.:".contains(c);
        if value.is_empty() || !value.chars().all(fits) {
            let why = format!("{value:?} is no pattern of project ids: letters, digits, -, . and :, with * for any characters and ? for one");
            return Err(entry.refused(&why));
        }
        Ok(ClosedPattern { glob: value, place })
    })
    .collect()
}

/// One at most says how far to look.
fn one_how_far(defaults: &[(&str, SaidAt<String>)]) -> Result<(), String> {
    let far = defaults
        .iter()
        .filter(|(name, _)| ["project", "folder", "organization"].contains(name));
    match far.collect::<Vec<_>>().as_slice() {
        [(one, at), (other, there), ..] => Err(format!(
            "{}: {one} and {other} ({}) both say how far to look; leave one of them",
            at.place, there.place
        )),
        _ => Ok(()),
    }
}

/// `fix = "F"`, `refresh = ["r", "F5"]`, `swap = "none"`; in a table of its own, for one place alone:
/// `[keys.answer]`.
fn keys(entry: &TomlEntry<'_>) -> Result<Vec<KeySetting>, String> {
    let mut out = Vec::new();
    for each in entry.entries()? {
        match each.table() {
            Some(rows) => {
                let context = KeyContext::ALL.into_iter().find(|c| c.name() == each.key);
                let names = KeyContext::ALL.into_iter().map(KeyContext::name);
                let context = context.ok_or_else(|| each.unknown("place for keys", names))?;
                for row in rows {
                    out.push(key_setting(&row, Some(context))?);
                }
            }
            None => out.push(key_setting(&each, None)?),
        }
    }
    Ok(out)
}

fn key_setting(entry: &TomlEntry<'_>, context: Option<KeyContext>) -> Result<KeySetting, String> {
    let Some(command) = Command::named(entry.key) else {
        return Err(entry.unknown("command", Command::ALL.map(Command::name)));
    };
    let texts = entry.texts()?;
    let keys = match texts.as_slice() {
        [one] if one.value == "none" => Vec::new(),
        all => all
            .iter()
            .map(|said| key(&said.value).map_err(|why| format!("{}: {why}", said.place)))
            .collect::<Result<_, _>>()?,
    };
    Ok(KeySetting {
        command,
        context,
        keys,
        place: entry.at.clone(),
    })
}

/// Keys that have a name, as they are written.
const NAMED: [&str; 16] = [
    "Up",
    "Down",
    "Left",
    "Right",
    "PgUp",
    "PgDn",
    "Home",
    "End",
    "Tab",
    "Shift-Tab",
    "Enter",
    "Esc",
    "Space",
    "Backspace",
    "Del",
    "none",
];

/// Reads a key; one that a terminal sends as another is none.
fn key(text: &str) -> Result<Key, String> {
    // What terminals send has no case with Ctrl.
    let text = match text.strip_prefix("Ctrl-") {
        Some(rest) if rest.chars().count() == 1 => format!("Ctrl-{}", rest.to_lowercase()),
        _ => text.to_owned(),
    };
    let same = match text.as_str() {
        "Ctrl-i" => Some("Tab"),
        "Ctrl-m" => Some("Enter"),
        _ => None,
    };
    if let Some(same) = same {
        return Err(format!("a terminal sends {text} as {same}; name that"));
    }
    let number = text.strip_prefix('F').filter(|n| n.len() > 1);
    let known = number.is_none_or(|n| n.parse().is_ok_and(|n: u8| (1..=24).contains(&n)));
    Key::parse(&text).filter(|_| known).ok_or_else(|| {
        let near = near(&text, &NAMED);
        format!(
            "no key is called {text:?}.{near} A key is a character, Ctrl- or Alt- and one, F1 to F24, or one of: {}",
            NAMED.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_read_with_its_line() {
        let file = parse(
            "read-only = true\ntwo-steps-from = \"changes\"\nread-only-projects = [\n  \"prod-*\",\n  \"x\"]\ntheme = \"dark\"\nbackground = \"light\"\nascii = true\nmouse = false\n[defaults]\nproject = \"p\"\n[keys]\nfix = \"F\"\nrefresh = [\"X\", \"Ctrl-R\"]\nswap = \"none\"\n[keys.answer]\nwho = \"W\"\n",
        )
        .unwrap();
        assert!(file.read_only.unwrap().value);
        assert_eq!(file.two_steps_from.unwrap().value, Power::Changes);
        let closed: Vec<_> = file
            .closed
            .iter()
            .map(|c| (c.glob.as_str(), c.place.as_str()))
            .collect();
        assert_eq!(
            closed,
            [("prod-*", "config.toml:4"), ("x", "config.toml:5")]
        );
        assert_eq!(file.background.unwrap().value, Some(Background::Light));
        assert_eq!(file.defaults[0].1.place, "config.toml:11");
        let keys: Vec<String> = file.keys[1].keys.iter().map(Key::to_string).collect();
        assert_eq!(keys, ["X", "Ctrl-r"]);
        assert!(file.keys[2].keys.is_empty());
        assert_eq!(file.keys[3].context, Some(KeyContext::Answer));
        assert_eq!(file.keys[3].place, "config.toml:17");
        assert!(parse("").unwrap().keys.is_empty());
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (text, words) in [
            (
                "\nreadonly = true",
                "config.toml:2: there is no key readonly. Did you mean read-only?",
            ),
            ("two-steps-from = \"everything\"", "acts-as-others"),
            ("read-only = ", "config.toml:1"),
            (
                "read-only = \"yes\"",
                "read-only is true or false, and not a string",
            ),
            ("background = \"lihgt\"", "Did you mean light?"),
            (
                "[keys]\nfx = \"F\"",
                "config.toml:2: there is no command fx. Did you mean fix?",
            ),
            (
                "[keys]\nfix = [\"F\", 1]",
                "fix is a text or a list of texts",
            ),
            ("[keys]\nfix = \"Entr\"", "Did you mean Enter?"),
            ("[keys]\nfix = \"Ctrl-I\"", "sends Ctrl-i as Tab"),
            ("[keys]\nfix = \"F99\"", "no key is called"),
            ("[keys.anwser]\nfix = \"F\"", "Did you mean answer?"),
            (
                "[defaults]\nproyect = \"p\"",
                "config.toml:2: there is no default proyect. Did you mean project?",
            ),
            (
                "[defaults]\nproject = \"p\"\nfolder = \"1\"",
                "project and folder (config.toml:3)",
            ),
            ("read-only-projects = \"a b\"", "no pattern of project ids"),
            ("x = 1\nx = 2", "config.toml:2"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(words), "{text:?}: {why}");
            assert!(!why.contains('\n'), "{why:?}");
        }
    }
}
