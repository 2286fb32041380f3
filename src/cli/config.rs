//! What a user settles once and for all: `$XDG_CONFIG_HOME/bindscope/config.toml`
//! (`~/.config/bindscope/config.toml` unless set).
//!
//! ```toml
//! # Nothing is changed unless --write is given.
//! read-only = true
//! # From this power on the account's name has to be typed: nothing, reads, changes, acts-as-others
//! # (the default) or gives-access.
//! two-steps-from = "changes"
//! ```

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::Deserialize;

use super::failure::Failure;
use crate::repair::Power;
use crate::text::visible;

/// The keys.
const KEYS: [&str; 2] = ["read-only", "two-steps-from"];

/// What stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Config {
    /// Nothing may be changed, unless asked for.
    pub read_only: bool,
    /// From which power of a target on its name has to be typed.
    pub two_steps_from: Option<Power>,
}

/// Reads the configuration; one that is not there is empty.
///
/// # Errors
/// It cannot be read, or says what is not understood.
pub fn load() -> Result<Config, Failure> {
    let Ok(base) = etcetera::choose_base_strategy() else {
        return Ok(Config::default());
    };
    let path: PathBuf = base.config_dir().join("bindscope").join("config.toml");
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text).map_err(|why| refused(&path, why)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Config::default()),
        Err(e) => Err(refused(&path, e.to_string())),
    }
}

fn refused(path: &Path, why: String) -> Failure {
    Failure::new(
        format!("read the configuration {}", path.display()),
        why,
        "correct the file, or move it away",
    )
}

/// Reads the text of a configuration. A key that is not known is an error that names the nearest.
fn parse(text: &str) -> Result<Config, String> {
    let table: toml::Table = toml::from_str(text).map_err(|e| visible(&e.to_string()))?;
    for key in table.keys() {
        if !KEYS.contains(&key.as_str()) {
            let near = KEYS
                .iter()
                .min_by_key(|known| strsim::damerau_levenshtein(known, key))
                .filter(|known| strsim::damerau_levenshtein(known, key) <= 4)
                .map(|known| format!(" Did you mean {known}?"))
                .unwrap_or_default();
            return Err(format!(
                "there is no key {}.{near} There are: {}",
                visible(key),
                KEYS.join(", ")
            ));
        }
    }
    table
        .try_into()
        .map_err(|e: toml::de::Error| visible(&e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_keys_are_read() {
        let config = parse("read-only = true\ntwo-steps-from = \"changes\"\n").unwrap();
        assert!(config.read_only);
        assert_eq!(config.two_steps_from, Some(Power::Changes));
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let unknown = parse("readonly = true").unwrap_err();
        assert!(unknown.contains("Did you mean read-only?"), "{unknown}");
        let kind = parse("two-steps-from = \"everything\"").unwrap_err();
        assert!(kind.contains("acts-as-others"), "{kind}");
        assert!(parse("read-only = ").is_err());
        assert!(parse("read-only = \"yes\"").is_err());
    }
}
