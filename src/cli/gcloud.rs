//! Which project gcloud is set to, read from its files: no child process that could ask something.

use std::path::{Path, PathBuf};

/// The project of gcloud's configuration, as gcloud itself finds it: the environment first, then
/// the active configuration's file (googlecloudsdk/core/properties.py, `_Section`'s `CLOUDSDK_CORE_…`
/// variables; googlecloudsdk/core/config.py, `Paths`: `active_config`, `configurations/config_NAME`).
pub fn project() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    if let Some(project) = set("CLOUDSDK_CORE_PROJECT") {
        return Some(project);
    }
    let dir = match set("CLOUDSDK_CONFIG") {
        Some(dir) => PathBuf::from(dir),
        None => default_dir()?,
    };
    project_in(&dir, set("CLOUDSDK_ACTIVE_CONFIG_NAME"))
}

/// `%APPDATA%\gcloud` on Windows, `~/.config/gcloud` elsewhere (config.py, `_GetGlobalConfigDir`).
fn default_dir() -> Option<PathBuf> {
    if cfg!(windows) {
        return Some(PathBuf::from(std::env::var_os("APPDATA")?).join("gcloud"));
    }
    let home = etcetera::home_dir().ok()?;
    Some(home.join(".config/gcloud"))
}

fn project_in(dir: &Path, active: Option<String>) -> Option<String> {
    let active = active
        .or_else(|| std::fs::read_to_string(dir.join("active_config")).ok())
        .map_or_else(|| "default".to_owned(), |name| name.trim().to_owned());
    // A name with a slash would lead elsewhere; gcloud allows none.
    if active.contains(['/', '\\']) {
        return None;
    }
    let file = dir.join("configurations").join(format!("config_{active}"));
    core_project(&std::fs::read_to_string(file).ok()?)
}

/// `project` of the section `[core]` of an INI file.
fn core_project(text: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.trim_end_matches(']').trim() == "core";
        } else if inside
            && let Some((key, value)) = line.split_once(['=', ':'])
            && key.trim() == "project"
        {
            let value = value.trim();
            return (!value.is_empty()).then(|| value.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_active_configuration_names_the_project() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("configurations")).unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(dir.path().join("configurations").join(name), text).unwrap();
        };
        file("config_default", "[core]\naccount = a@b.c\nproject = one\n");
        file(
            "config_work",
            "[compute]\nproject = no\n[core]\nproject=two\n",
        );
        assert_eq!(project_in(dir.path(), None).as_deref(), Some("one"));
        std::fs::write(dir.path().join("active_config"), "work\n").unwrap();
        assert_eq!(project_in(dir.path(), None).as_deref(), Some("two"));
        assert_eq!(project_in(dir.path(), Some("../x".into())), None);
        assert_eq!(project_in(dir.path(), Some("gone".into())), None);
    }
}
