//! What counts: options before variables before the file before what is built in, and where each value comes from.

use std::sync::Arc;

use clap::Parser as _;

use super::super::args::{Cli, Global};
use super::super::failure::Failure;
use super::file::{ConfigFile, DEFAULTS, folder, refused};
use super::read::SaidAt;
use super::{DEFAULT, themes};
use crate::answer::signs::Glyphs;
use crate::repair::ClosedProjects;
use crate::repair::power::TWO_STEPS_FROM;
use crate::tui::keys::Keymap;
use crate::tui::look::theme::Background;
use crate::tui::preferences::Preferences;

/// A setting with the value that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its key.
    pub name: String,
    /// Its value, for people; empty: there is none.
    pub value: String,
    /// Where it comes from: `default`, a file and its line, a variable, an option.
    pub from: String,
}

/// Reads variables of the environment; what is empty counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Puts what counts into the options; gives every setting with where it comes from.
///
/// # Errors
/// A theme that is not there, keys that are in each other's way, a default that no option takes.
pub fn settle(
    global: &mut Global,
    file: &ConfigFile,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Settled>, Failure> {
    let mut all = Vec::new();
    let mut tell = |name: &str, value: String, from: &str| {
        all.push(Settled {
            name: name.to_owned(),
            value,
            from: from.to_owned(),
        });
    };
    let (read_only, from) = match (&file.read_only, global.read_only, global.write) {
        (_, true, _) => (true, "--read-only"),
        (_, _, true) => (false, "--write"),
        (Some(said), ..) => (said.value, said.place.as_str()),
        (None, ..) => (false, DEFAULT),
    };
    global.read_only = read_only;
    tell("read-only", read_only.to_string(), from);
    let closed = if global.write {
        &[]
    } else {
        file.closed.as_slice()
    };
    match (closed, global.write) {
        ([], true) => tell("read-only-projects", String::new(), "--write"),
        ([], false) => tell("read-only-projects", String::new(), DEFAULT),
        (closed, _) => {
            for pattern in closed {
                tell("read-only-projects", pattern.glob.clone(), &pattern.place);
            }
        }
    }
    let (power, from) = of(&file.two_steps_from, TWO_STEPS_FROM);
    global.two_steps_from = power;
    let word = serde_json::to_value(power).unwrap_or_default();
    tell(
        "two-steps-from",
        word.as_str().unwrap_or_default().to_owned(),
        from,
    );

    let named = variable("BINDSCOPE_THEME");
    let (name, from) = match (&named, &file.theme, variable("NO_COLOR")) {
        (Some(name), ..) => (name.as_str(), "BINDSCOPE_THEME"),
        // What a user settled is worth more than what a machine is set to (no-color.org).
        (None, Some(said), _) => (said.value.as_str(), said.place.as_str()),
        (None, None, Some(_)) => ("mono", "NO_COLOR"),
        (None, None, None) => ("terminal", DEFAULT),
    };
    let theme = themes::theme(folder().as_deref(), name, from)?;
    tell("theme", name.to_owned(), from);
    let (background, from) = of(&file.background, None);
    let word = match background {
        None => "ask",
        Some(Background::Dark) => "dark",
        Some(Background::Light) => "light",
    };
    tell("background", word.to_owned(), from);
    let (glyphs, from) = match (variable("BINDSCOPE_ASCII"), &file.ascii) {
        (Some(_), _) => (Some(Glyphs::Ascii), "BINDSCOPE_ASCII"),
        (None, Some(said)) if said.value => (Some(Glyphs::Ascii), said.place.as_str()),
        (None, Some(said)) => (Some(Glyphs::Rich), said.place.as_str()),
        (None, None) => (None, DEFAULT),
    };
    let word = match glyphs {
        Some(Glyphs::Ascii) => "true",
        Some(Glyphs::Rich) => "false",
        None => "by the locale",
    };
    tell("ascii", word.to_owned(), from);
    let (mouse, from) = of(&file.mouse, true);
    tell("mouse", mouse.to_string(), from);
    let (plain, from) = if global.preferences.plain {
        (true, "--plain")
    } else {
        of(&file.plain, false)
    };
    tell("plain", plain.to_string(), from);
    for name in DEFAULTS {
        let said = file.defaults.iter().find(|(known, _)| *known == name);
        let said = said.map(|(_, said)| said);
        if let Some((value, from)) = default(global, name, said, &variable)? {
            tell(&format!("defaults.{name}"), value, &from);
        }
    }
    let keys = Keymap::with(&file.keys).map_err(|why| match &file.path {
        Some(path) => refused(path, why),
        None => Failure::usage(why, "correct the configuration"),
    })?;
    global.preferences = Preferences {
        keys: Arc::new(keys),
        theme,
        background,
        glyphs,
        mouse,
        plain,
        save_in: None,
        closed: ClosedProjects::new(closed.to_vec()),
    };
    Ok(all)
}

fn of<T: Copy>(said: &Option<SaidAt<T>>, default: T) -> (T, &str) {
    match said {
        Some(said) => (said.value, said.place.as_str()),
        None => (default, DEFAULT),
    }
}

/// An option's value and where it comes from. The file's counts where the command line gives none of its kind, and
/// where it does not speak of another source of facts.
fn default(
    global: &mut Global,
    name: &str,
    said: Option<&SaidAt<String>>,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<(String, String)>, Failure> {
    let shown = |path: &std::path::Path| path.display().to_string();
    let given = match name {
        "access-token-file" => global.access_token_file.as_deref().map(shown),
        "billing-project" => global.billing_project.clone(),
        "endpoint" => global.endpoint.clone(),
        "folder" => global.folder.clone(),
        "impersonate" => global.impersonate.as_ref().map(ToString::to_string),
        "log" => global.log.as_deref().map(shown),
        "organization" => global.organization.clone(),
        _ => global.project.clone(),
    };
    if let Some(value) = given {
        return Ok(Some((value, format!("--{name}"))));
    }
    let Some(said) = said else { return Ok(None) };
    // One that no option takes is refused, used or not.
    let option = format!("--{name}={}", said.value);
    let read = Cli::try_parse_from(["bindscope", &option]).map_err(|error| {
        let why = error.to_string();
        let why = why.lines().next().unwrap_or_default();
        let why = why.trim_start_matches("error: ");
        Failure::usage(
            format!("{}: {why}", said.place),
            "correct the configuration",
        )
    })?;
    let own = global.demo.is_some() || !global.estate.is_empty();
    let far = global.project.is_some() || global.folder.is_some() || global.organization.is_some();
    let unused = match name {
        "endpoint" | "impersonate" | "billing-project" if own => {
            Some("the facts are of another source")
        }
        // A token goes to no other place than the one it was put beside.
        "access-token-file" if own || global.endpoint.is_some() => {
            Some("the facts are of another source")
        }
        "access-token-file" if variable("BINDSCOPE_ACCESS_TOKEN").is_some() => {
            Some("BINDSCOPE_ACCESS_TOKEN is set")
        }
        "project" | "folder" | "organization" if far => Some("an option says how far to look"),
        _ => None,
    };
    if let Some(why) = unused {
        return Ok(Some((
            said.value.clone(),
            format!("{}, not used: {why}", said.place),
        )));
    }
    let read = read.global;
    match name {
        "access-token-file" => global.access_token_file = read.access_token_file,
        "billing-project" => global.billing_project = read.billing_project,
        "endpoint" => global.endpoint = read.endpoint,
        "folder" => global.folder = read.folder,
        "impersonate" => global.impersonate = read.impersonate,
        "log" => global.log = read.log,
        "organization" => global.organization = read.organization,
        _ => global.project = read.project,
    }
    Ok(Some((said.value.clone(), said.place.clone())))
}
