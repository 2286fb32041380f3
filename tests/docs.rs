//! What the documentation says in tables is made from the program. `UPDATE_DOCS=1 cargo test --test docs`
//! writes it anew; without it, a page that has fallen behind fails.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use bindscope::evaluate::CauseKind;
use bindscope::evaluate::ways::{STARTS_CODE, WayIn};
use bindscope::tui::keys::command::Command as KeyCommand;
use bindscope::tui::keys::{Entry, KeyContext, Keymap};

/// Tests run side by side, and two tables may stand on one page.
static PAGES: Mutex<()> = Mutex::new(());

/// Compares the part of a page between `<!-- generated: NAME -->` and `<!-- /generated -->` with what
/// the program says now.
fn generated(page: &str, name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let _one_at_a_time = PAGES.lock();
    let text = fs::read_to_string(&path).unwrap();
    let open = format!("<!-- generated: {name} -->\n");
    let start = text
        .find(&open)
        .unwrap_or_else(|| panic!("{page} has no place for {name}"))
        + open.len();
    let end = start + text[start..].find("<!-- /generated -->").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{}{now}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    assert_eq!(
        &text[start..end],
        now,
        "{page} has fallen behind: UPDATE_DOCS=1 cargo test --test docs"
    );
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_contract_has_every_cause() {
    let mut table = "| kind | means |\n| --- | --- |\n".to_owned();
    for kind in CauseKind::ALL {
        let word = serde_json::to_value(kind).unwrap();
        table += &format!(
            "| `{}` | {} |\n",
            word.as_str().unwrap(),
            cell(kind.meaning())
        );
    }
    generated("docs/contract.md", "causes", &table);
}

#[test]
fn the_contract_has_every_command() {
    let help = Command::new(env!("CARGO_BIN_EXE_bindscope"))
        .arg("--help")
        .env("COLUMNS", "400")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help
        .split("Commands:\n")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let mut table = "| command | does |\n| --- | --- |\n".to_owned();
    for row in commands.lines() {
        let (name, does) = row.trim().split_once(' ').unwrap();
        if name != "help" {
            table += &format!("| `bindscope {name}` | {} |\n", cell(does.trim()));
        }
    }
    generated("docs/contract.md", "commands", &table);
}

#[test]
fn the_page_of_edges_has_every_kind() {
    let names = |list: &[&str]| {
        let names: Vec<String> = list.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let mut table =
        "| kind | who has it | permission | certain | source |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    for way in WayIn::ALL {
        table += &format!(
            "| `{}` | {} | {} | {} | {} |\n",
            way.word(),
            cell(way.meaning()),
            names(way.permissions()),
            cell(way.certainty()),
            cell(&way.source())
        );
    }
    generated("docs/edges.md", "edges", &table);
    generated(
        "docs/edges.md",
        "starts",
        &format!("{}.\n", names(&STARTS_CODE)),
    );
    let mut table =
        "| name | permission | followed to an owner |\n| --- | --- | --- |\n".to_owned();
    for way in WayIn::ON_ACCOUNT {
        let followed = if way.is_whole() { "yes" } else { "no" };
        table += &format!(
            "| `{}` | {} | {followed}: {} |\n",
            way.word(),
            names(way.permissions()),
            cell(way.meaning())
        );
    }
    generated("docs/review.md", "ways", &table);
}

#[test]
fn the_emulators_page_has_every_route() {
    generated(
        "docs/emulator.md",
        "routes",
        &format!("\n{}", bindscope::emulator::routes()),
    );
}

fn key_row(entry: &Entry) -> String {
    let keys: Vec<String> = entry.keys.iter().map(|k| format!("`{k}`")).collect();
    format!("| {} | {} |\n", keys.join(" "), cell(entry.help()))
}

/// Whoever finds the arrows needs no table for them.
fn moves(command: KeyCommand) -> bool {
    use KeyCommand as C;
    matches!(
        command,
        C::Up
            | C::Down
            | C::HalfUp
            | C::HalfDown
            | C::PageUp
            | C::PageDown
            | C::Top
            | C::Bottom
            | C::Left
            | C::Right
            | C::PreviousPanel
    )
}

#[test]
fn the_readme_has_the_keys_of_an_answer() {
    let mut table = "| key | does |\n| --- | --- |\n".to_owned();
    let mut seen = Vec::new();
    for wanted in [KeyContext::Answer, KeyContext::Everywhere] {
        for (context, rows) in Keymap::table().sections() {
            for entry in rows.iter().map(|row| row.entry) {
                if context == wanted && !moves(entry.command) && !seen.contains(&entry.command) {
                    seen.push(entry.command);
                    table += &key_row(entry);
                }
            }
        }
    }
    generated("README.md", "keys", &table);
}

#[test]
fn the_page_of_keys_has_every_key() {
    let mut page = String::new();
    for (context, rows) in Keymap::table().sections() {
        page += &format!(
            "\n## {}\n\n| key | does |\n| --- | --- |\n",
            capital(context.title())
        );
        for entry in rows.iter().map(|row| row.entry) {
            page += &key_row(entry);
        }
    }
    page.push('\n');
    generated("docs/keys.md", "keys", &page);
}

/// The points by which the explorer is held beside other tools, in their order.
const POINTS: &[&str] = &[
    "first screen",
    "picking",
    "going back",
    "quitting",
    "palette",
    "help",
    "sorting",
    "table of everything",
    "filter",
    "search",
    "raw object",
    "unfolding",
    "watching",
    "stale data",
    "progress",
    "where one is",
    "favourites",
    "configuration",
    "mouse",
    "one panel alone",
    "position",
    "undo",
    "confirmation",
    "copying",
    "log",
    "pasting",
    "odd terminals",
];

/// Every point has its row, and what a row calls a key of ours or an option is one.
#[test]
fn the_comparison_has_every_point_and_names_keys_that_there_are() {
    let page = include_str!("../docs/comparison.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let points: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert!(points.starts_with(POINTS), "{points:?}");
    let keys: Vec<&str> = bindscope::tui::keys::TABLE
        .iter()
        .flat_map(|entry| entry.keys.iter().copied())
        .collect();
    let help = Command::new(env!("CARGO_BIN_EXE_bindscope"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for row in &rows {
        assert_eq!(row.len(), 6, "{row:?}");
        for said in row[5].split('`').skip(1).step_by(2) {
            let known = match said.strip_prefix("bindscope ") {
                Some(command) => help.contains(&format!("  {command} ")),
                None if said.starts_with("--") => help.contains(said),
                None => {
                    let key = bindscope::tui::keys::Key::parse(said);
                    let is = |k: &&str| bindscope::tui::keys::Key::parse(k) == key;
                    key.is_some() && keys.iter().any(is)
                }
            };
            assert!(known, "{}: {said}", row[0]);
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| {
        c.to_uppercase().collect::<String>() + chars.as_str()
    })
}

#[test]
fn the_page_of_the_configuration_has_every_setting_and_theme() {
    let home = tempfile::tempdir().unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_bindscope"))
        .args(["config", "--format", "json"])
        .env_clear()
        .env("HOME", home.path())
        .output()
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let mut table = "| key | takes | default | settles |\n| --- | --- | --- | --- |\n".to_owned();
    for setting in told["known"].as_array().unwrap() {
        let word = |name: &str| cell(setting[name].as_str().unwrap());
        table += &format!(
            "| `{}` | {} | {} | {} |\n",
            word("name"),
            word("takes"),
            word("default"),
            word("meaning")
        );
    }
    generated("docs/configuration.md", "settings", &table);
    let mut themes = String::new();
    for (name, what) in bindscope::tui::look::theme::ThemeChoice::NAMES {
        themes += &format!("| `{name}` | {what} |\n");
    }
    generated("docs/configuration.md", "themes", &themes);
}

#[test]
fn every_form_of_files_is_listed() {
    let mut table = "| what | made by | what it does not tell |\n| --- | --- | --- |\n".to_owned();
    for form in bindscope::estate::file::SERVED {
        table += &format!(
            "| {} | {} | {} |\n",
            cell(form.name),
            cell(form.made_by),
            cell(form.silent)
        );
    }
    generated("docs/forms.md", "served", &table);
    let mut table = "| what | instead |\n| --- | --- |\n".to_owned();
    for form in bindscope::estate::file::REFUSED {
        table += &format!("| {} | {} |\n", cell(form.name), cell(form.instead));
    }
    generated("docs/forms.md", "refused", &table);
}

/// Each test that the page names as holding a promise is there.
#[test]
fn tests_that_hold_promises_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let mut named = 0;
    for name in page.split('`').skip(1).step_by(2) {
        let Some((file, test)) = name.split_once("::") else {
            continue;
        };
        if !file.starts_with("explorer/") && !file.starts_with("pty/") {
            continue;
        }
        let text = fs::read_to_string(root.join(format!("tests/{file}.rs"))).unwrap();
        // The stories' tests are made from the list of stories, those of keys from the contexts.
        let stories = fs::read_to_string(root.join("src/emulator/stories/names.rs")).unwrap();
        let made = |text: &str| {
            text.lines()
                .any(|l| l.trim().starts_with(&format!("{test} ")))
        };
        let there = text.contains(&format!("fn {test}() {{"))
            || made(&text)
            || (text.contains("each_story!") && made(&stories));
        assert!(there, "there is no test {name}");
        named += 1;
    }
    assert!(named > 40, "{named} tests are named");
}
