//! `config`: what counts, and where each value comes from.

use serde_json::{Value, json};

use super::super::Exit;
use super::super::args::{Format, Global};
use super::super::failure::Failure;
use super::super::out::{self, Ink, TextPage};
use super::settle::{Settled, settle, variable};
use super::{DEFAULT, SETTINGS, load};

/// Prints the configuration in force.
///
/// # Errors
/// One that is not understood.
pub fn run(given: &Global) -> Result<Exit, Failure> {
    let file = load()?;
    let mut global = given.clone();
    let settled = settle(&mut global, &file, variable)?;
    let path = file.path.as_ref().map(|p| p.display().to_string());
    let keys = &global.preferences.keys;
    if global.format == Format::Json {
        let settings = settled
            .iter()
            .map(|s| json!({ "name": s.name, "value": s.value, "from": s.from }));
        let known = SETTINGS.iter().map(|k| {
            json!({
                "name": k.name, "takes": k.takes, "default": k.default, "meaning": k.meaning,
            })
        });
        let own = file.keys.iter().map(|setting| {
            let names: Vec<String> = setting.keys.iter().map(ToString::to_string).collect();
            json!({
                "command": setting.command.name(), "keys": names,
                "place": setting.context.map(|c| c.name()), "from": setting.place,
            })
        });
        let displaced = keys.displaced.iter().map(|d| {
            json!({
                "key": d.key, "place": d.context.name(), "was": d.was.name(),
                "now": d.now.name(), "from": d.place,
            })
        });
        out::json(&json!({
            "file": path, "read": file.there,
            "settings": settings.collect::<Vec<Value>>(),
            "keys": own.collect::<Vec<Value>>(),
            "displaced": displaced.collect::<Vec<Value>>(),
            "known": known.collect::<Vec<Value>>(),
        }))?;
        return Ok(Exit::Done);
    }
    let mut page = TextPage::default();
    let there = if file.there { "" } else { " (not there)" };
    page.pieces(&[
        (Ink::Faint, "file  "),
        (Ink::Strong, path.as_deref().unwrap_or("no place for one")),
        (Ink::Faint, there),
    ]);
    page.gap();
    rows(&mut page, &settled);
    page.gap();
    if file.keys.is_empty() {
        page.pieces(&[
            (Ink::Plain, "keys                    as built in  "),
            (Ink::Faint, DEFAULT),
        ]);
    }
    for setting in &file.keys {
        let names: Vec<String> = setting.keys.iter().map(ToString::to_string).collect();
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(" ")
        };
        let place = setting
            .context
            .map_or_else(String::new, |c| format!("{}.", c.name()));
        let name = format!("keys.{place}{}", setting.command.name());
        row(&mut page, &name, &names, &setting.place);
    }
    for gone in &keys.displaced {
        page.line(
            Ink::Unsure,
            format!(
                "{} is no longer {} ({}): it is {} by {}",
                gone.key,
                gone.was.name(),
                gone.context.title(),
                gone.now.name(),
                gone.place
            ),
        );
    }
    page.print()?;
    Ok(Exit::Done)
}

fn rows(page: &mut TextPage, settled: &[Settled]) {
    for setting in settled {
        let value = if setting.value.is_empty() {
            "none"
        } else {
            &setting.value
        };
        row(page, &setting.name, value, &setting.from);
    }
}

fn row(page: &mut TextPage, name: &str, value: &str, from: &str) {
    page.pieces(&[
        (Ink::Plain, &format!("{name:<22}  ")),
        (Ink::Strong, &format!("{value:<18}  ")),
        (Ink::Faint, from),
    ]);
}
