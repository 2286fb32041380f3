//! The house is as `docs/architecture.md` draws it: which room may use which, which rooms are pure,
//! one meaning for one name, and no citation that leads nowhere.
//!
//! This reads the sources as text. It sees names as they are written (`crate::room`), which is enough as
//! long as nobody hides a room behind a group or a renaming; both are refused below.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Which room may use which. Left: the room; right: the rooms it may name. The order is that of the
/// floors, so each list holds only names further down.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("main", &["cli"]),
    (
        "cli",
        &[
            "tui", "answer", "repair", "google", "wire", "emulator", "evaluate", "estate", "iam",
            "text",
        ],
    ),
    (
        "tui",
        &[
            "answer", "repair", "google", "wire", "evaluate", "estate", "iam", "text",
        ],
    ),
    (
        "answer",
        &[
            "repair", "google", "wire", "evaluate", "estate", "iam", "text",
        ],
    ),
    (
        "repair",
        &["google", "wire", "evaluate", "estate", "iam", "text"],
    ),
    ("google", &["wire", "evaluate", "estate", "iam", "text"]),
    ("emulator", &["evaluate", "estate", "iam", "text"]),
    ("wire", &["evaluate", "estate", "iam", "text"]),
    ("evaluate", &["estate", "iam", "text"]),
    ("estate", &["iam", "text"]),
    ("iam", &["text"]),
    ("text", &[]),
];

/// Rooms that only compute: no waiting, no clock, no environment, no files, no output.
const PURE: [&str; 3] = ["iam", "estate", "evaluate"];

/// One source file of `src`.
struct Source {
    /// Its path from the top of the project, with `/`.
    path: String,
    /// The room it stands in: the first folder or file under `src`.
    room: String,
    /// As it is written.
    text: String,
    /// Without comments and without the text of strings, line by line as before.
    code: String,
    /// Whether it is tests alone.
    tests: bool,
}

impl Source {
    /// The folder or file right inside the room; the room's own `mod.rs` is in none.
    fn wing(&self) -> Option<String> {
        let inside = self
            .path
            .strip_prefix("src/")?
            .strip_prefix(&self.room)?
            .strip_prefix('/')?;
        let wing = inside.split('/').next()?;
        let wing = wing.strip_suffix(".rs").unwrap_or(wing);
        (wing != "mod").then(|| wing.to_owned())
    }

    /// The code before the tests that stand at the file's end.
    fn outside_tests(&self) -> &str {
        self.code
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default()
    }

    /// How many modules deep it is below the crate.
    fn depth(&self) -> usize {
        let modules = self.path.split('/').count() - 1;
        if self.path.ends_with("/mod.rs") {
            modules - 1
        } else {
            modules
        }
    }
}

/// Every Rust file of a folder.
fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// The sources of `src`, sorted by path.
fn sources() -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&top.join("src"), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let path = file
                .strip_prefix(top)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            let room = path["src/".len()..].split('/').next().unwrap();
            let room = room.strip_suffix(".rs").unwrap_or(room).to_owned();
            let tests = path.contains("/tests/")
                || path.ends_with("/tests.rs")
                || path.ends_with("_tests.rs")
                || path.contains("/testing");
            let code = code_alone(&text);
            Source {
                path,
                room,
                text,
                code,
                tests,
            }
        })
        .collect()
}

/// Comments, strings and characters.
const TOKENS: &str = r##"(?sx)
      //[^\n]*                       # a comment to the line's end
    | /\*.*?\*/                      # a block comment
    | b?r\#\#".*?"\#\# | b?r\#".*?"\# | b?r"[^"]*"
    | b?"(?:\\.|[^"\\])*"            # a string
    | b?'(?:\\.[^']*|[^'\\])'        # a character, not a lifetime
    "##;

/// The text without its comments and the insides of its strings; line breaks stay.
fn code_alone(text: &str) -> String {
    let tokens = Regex::new(TOKENS).unwrap();
    tokens
        .replace_all(text, |found: &regex::Captures<'_>| {
            let lines = "\n".repeat(found[0].matches('\n').count());
            if found[0].starts_with('/') {
                lines
            } else {
                format!("\"\"{lines}")
            }
        })
        .into_owned()
}

/// The line of a position.
fn line(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

#[test]
fn arrows_go_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let name = Regex::new(r"\b(?:crate|bindscope)::(\w+|\{)").unwrap();
    let climbing = Regex::new(r"\b((?:super::)+)(\w+)").unwrap();
    let renamed =
        Regex::new(r"\buse\s+crate\s+as\b|\buse\s+(?:crate|bindscope)::\w+\s+as\b").unwrap();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.room != "lib") {
        let Some(may) = allowed.get(source.room.as_str()) else {
            wrong.push(format!(
                "{}: the room `{}` is not in the plan",
                source.path, source.room
            ));
            continue;
        };
        for found in name.captures_iter(&source.code) {
            let to = &found[1];
            let at = line(&source.code, found.get(0).unwrap().start());
            if to == "{" {
                wrong.push(format!(
                    "{}:{at}: one `use` for each room, so that the plan can be read",
                    source.path
                ));
            } else if allowed.contains_key(to) && to != source.room && !may.contains(&to) {
                wrong.push(format!(
                    "{}:{at}: {} may not use {to}",
                    source.path, source.room
                ));
            }
        }
        for found in climbing.captures_iter(&source.code) {
            let to = &found[2];
            let floors = found[1].matches("super").count();
            if floors >= source.depth() && allowed.contains_key(to) && to != source.room {
                let at = line(&source.code, found.get(0).unwrap().start());
                wrong.push(format!(
                    "{}:{at}: say crate::{to}, so that the plan can be read",
                    source.path
                ));
            }
        }
        if let Some(found) = renamed.find(&source.code) {
            wrong.push(format!(
                "{}:{}: a room goes by its own name",
                source.path,
                line(&source.code, found.start())
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "docs/architecture.md, \"Floors\", does not have these:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_plan_itself_goes_one_way() {
    let floors: Vec<&str> = MAY_USE.iter().map(|(room, _)| *room).collect();
    for (floor, (room, may)) in MAY_USE.iter().enumerate() {
        for used in *may {
            let below = floors.iter().position(|other| other == used);
            assert!(
                below > Some(floor),
                "{room} uses {used}, which is not below it"
            );
        }
    }
    let drawn =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md"))
            .unwrap();
    for (room, may) in MAY_USE {
        let row = if may.is_empty() {
            format!("| `{room}` | nothing |")
        } else {
            format!(
                "| `{room}` | {} |",
                may.iter()
                    .map(|used| format!("`{used}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        assert!(
            drawn.contains(&row),
            "docs/architecture.md, \"Floors\", lacks this row:\n{row}"
        );
    }
}

#[test]
fn pure_rooms_only_compute() {
    let impure = Regex::new(
        r"\basync\b|\.await\b|\btokio::|\breqwest::|\bstd::(?:env|fs|net|process|thread)\b|\b(?:SystemTime|Instant|Timestamp|Zoned)::now\b|\be?print(?:ln)?!|\bdbg!",
    )
    .unwrap();
    let mut wrong = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| PURE.contains(&source.room.as_str()) && !source.tests)
    {
        // Tests at the end of a file may read what they like.
        let code = source
            .code
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap();
        for found in impure.find_iter(code) {
            wrong.push(format!(
                "{}:{}: {}",
                source.path,
                line(code, found.start()),
                found.as_str()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "time, files and context are arguments in these rooms:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn citations_lead_somewhere() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = Regex::new(r"\bdocs/[\w./-]+\.md\b").unwrap();
    // A section may be broken over two lines of a comment.
    let section =
        Regex::new(r#"(docs/[\w./-]+\.md),\s+(?://[/!]\s+)?((?:"[^"]+"(?:,\s+(?://[/!]\s+)?)?)+)"#)
            .unwrap();
    let quoted = Regex::new(r#""([^"]+)""#).unwrap();
    let breaks = Regex::new(r"\s*\n\s*//[/!]\s*").unwrap();
    let mut cited = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        rust_files(&top.join(folder), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for found in page.find_iter(&text) {
            if !top.join(found.as_str()).is_file() {
                wrong.push(format!(
                    "{}: {} is not there",
                    file.display(),
                    found.as_str()
                ));
            }
        }
        for found in section.captures_iter(&text) {
            let Ok(target) = fs::read_to_string(top.join(&found[1])) else {
                continue;
            };
            for title in quoted.captures_iter(&found[2]) {
                let title = breaks.replace_all(&title[1], " ");
                cited.insert(title.to_string());
                let there = target.lines().any(|line| {
                    line.trim_start_matches('#').trim() == title && line.starts_with('#')
                });
                if !there {
                    wrong.push(format!(
                        "{}: {} has no section \"{title}\"",
                        file.display(),
                        &found[1]
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "comments that lead nowhere:\n{}",
        wrong.join("\n")
    );
    assert!(
        cited.contains("Roles") && cited.len() > 8,
        "the search itself found too little: {cited:?}"
    );
}

#[test]
fn every_file_opens_with_what_it_is() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!") && !source.text.starts_with("#!["))
        .map(|source| source.path)
        .collect();
    assert!(
        silent.is_empty(),
        "these files do not say what they are for:\n{}",
        silent.join("\n")
    );
}

/// Type names that a crate of ours or Rust itself gives to several things on purpose.
const SHARED_NAMES: [&str; 0] = [];

#[test]
fn one_name_stands_for_one_thing() {
    let defined = Regex::new(r"(?m)^ {0,4}(?:pub(?:\([^)]*\))? )?(?:struct|enum|trait|union) (\w+)|^(?:pub(?:\([^)]*\))? )?type (\w+)").unwrap();
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources().iter().filter(|source| !source.tests) {
        for found in defined.captures_iter(source.outside_tests()) {
            let name = found.get(1).or(found.get(2)).unwrap().as_str().to_owned();
            places.entry(name).or_default().insert(source.path.clone());
        }
    }
    assert!(places.len() > 300, "the search itself found too little");
    let several: Vec<_> = places
        .into_iter()
        .filter(|(name, at)| at.len() > 1 && !SHARED_NAMES.contains(&name.as_str()))
        .map(|(name, at)| format!("{name}: {}", at.into_iter().collect::<Vec<_>>().join(", ")))
        .collect();
    assert!(
        several.is_empty(),
        "these names need the import list to be understood:\n{}",
        several.join("\n")
    );
}

/// A wing is a folder or file right inside a room.
#[test]
fn wings_of_a_room_go_one_way() {
    let inside = Regex::new(r"\bcrate::(\w+)::(\w+)").unwrap();
    let climbing = Regex::new(r"\b((?:super::)+)(\w+)").unwrap();
    let sources = sources();
    let mut arrows: BTreeMap<(&str, String), BTreeMap<String, String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.tests) {
        let Some(wing) = source.wing() else { continue };
        let code = source.outside_tests();
        let named = inside
            .captures_iter(code)
            .filter(|found| found[1] == source.room)
            .map(|found| found[2].to_owned());
        let climbed = climbing
            .captures_iter(code)
            .filter(|found| found[1].matches("super").count() + 1 == source.depth())
            .map(|found| found[2].to_owned());
        for to in named.chain(climbed).filter(|to| *to != wing) {
            let at = arrows.entry((&source.room, wing.clone())).or_default();
            at.entry(to).or_insert_with(|| source.path.clone());
        }
    }
    let wings: BTreeSet<(&str, String)> = sources
        .iter()
        .filter_map(|s| Some((s.room.as_str(), s.wing()?)))
        .collect();
    assert!(arrows.len() > 40, "the search itself found too little");
    let mut circles = Vec::new();
    for (room, wing) in &wings {
        // Whatever can be come to from here: a circle where this is among it.
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut next = vec![wing.as_str()];
        while let Some(at) = next.pop() {
            for (to, by) in arrows.get(&(*room, at.to_owned())).into_iter().flatten() {
                if to == wing {
                    circles.push(format!("{room}: {at} comes back to {wing}, by {by}"));
                } else if wings.contains(&(*room, to.clone())) && seen.insert(to) {
                    next.push(to);
                }
            }
        }
    }
    assert!(
        circles.is_empty(),
        "wings that use each other in a circle:\n{}",
        circles.join("\n")
    );
}

/// The strings of a text, comments left out, each with where it starts.
fn strings(text: &str) -> Vec<(usize, String)> {
    let tokens = Regex::new(TOKENS).unwrap();
    tokens
        .find_iter(text)
        .filter(|found| !found.as_str().starts_with('/'))
        .map(|found| (found.start(), found.as_str().to_owned()))
        .collect()
}

#[test]
fn paths_stand_in_one_place() {
    let path = Regex::new(r"\bv\d+(?:(?:alpha|beta)\d*)?/").unwrap();
    // What people open or are shown is no call of ours.
    let shown = Regex::new(r"https://(?:console\.cloud|cloud|docs\.cloud)\.google\.com/").unwrap();
    let ours = |source: &&Source| {
        !source.tests
            && source.room != "emulator"
            && !source.path.starts_with("src/google/api/")
            // Answers by path, for the tests beside it.
            && source.path != "src/repair/write/scripted.rs"
    };
    let (mut wrong, mut seen) = (Vec::new(), 0);
    let all = sources();
    for source in all.iter().filter(ours) {
        let code = source.text.split("#[cfg(test)]\nmod tests {").next();
        for (at, string) in strings(code.unwrap()) {
            seen += 1;
            if path.is_match(&string) && !shown.is_match(&string) {
                let at = line(&source.text, at);
                wrong.push(format!("{}:{at}: {string}", source.path));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "paths of Google's APIs stand in src/google/api alone:\n{}",
        wrong.join("\n")
    );
    let there = all.iter().filter(|s| s.path.starts_with("src/google/api/"));
    let there: usize = there
        .flat_map(|source| strings(&source.text))
        .filter(|(_, string)| path.is_match(string))
        .count();
    assert!(
        seen > 1_000 && there > 20,
        "the search itself found too little: {seen} strings, {there} paths"
    );
}
