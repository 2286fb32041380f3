//! Every screen of the stories at four sizes: each says how to leave it, has one cursor at most, lists say where one is, and
//! an answer begins with its cause.

use bindscope::emulator::stories::{self, Story};
use std::collections::BTreeSet;

use crate::play::{Opening, Play};

/// Words of a footer that lead out of a screen.
const OUT: &[&str] = &["quit", "back", "keep all as it is", "take it back", "stop"];

/// Lists, by the keys that open them: each counts, or says why it is empty.
const LISTS: &[&str] = &["w", "x", "y", "m", "v", "P", ":", "A", "B", "O", "V"];

/// Pages and what else opens over an answer.
const PAGES: &[&str] = &[
    "i", "R", "F", "Y", "!", "?", "L", "H", "wi", "Ai", "Bi", "V<Enter>", "f", "<Enter>",
];

/// What is wrong with a screen.
fn wrong(play: &Play) -> Vec<String> {
    let screen = play.screen();
    let mut found = Vec::new();
    let footer = screen.lines().last().unwrap_or_default();
    if !OUT.iter().any(|word| footer.contains(word)) {
        found.push(format!("no way out: {footer}"));
    }
    let wide = usize::from(play.picture().area.width);
    if let Some(line) = screen.lines().find(|line| line.chars().count() > wide) {
        found.push(format!("wider than the screen: {line}"));
    }
    // What lies behind a window keeps no mark of focus, and a list its selected row.
    let marks = screen.matches('▸').count();
    let lists = usize::from(screen.contains('┌')) + 1;
    if marks > lists {
        found.push(format!("{marks} cursors"));
    }
    found
}

fn counts(screen: &str) -> bool {
    let count = regex::Regex::new(r" \d+ of \d+|\d+ so far").unwrap();
    let edge = screen.lines().find(|line| line.contains('┌'));
    let said = [
        "Nobody",
        "No account",
        "No change",
        "Nothing was found",
        "does not exist",
        "was deleted",
        "is deleted",
        "no service account",
    ];
    let flat = screen.replace(['│', '┃'], " ");
    let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    edge.is_none_or(|edge| count.is_match(edge)) || said.iter().any(|words| flat.contains(words))
}

fn walk(story: &'static Story, size: (u16, u16), found: &mut BTreeSet<String>) {
    let mut play = Opening {
        size,
        ..Opening::story(story)
    }
    .play();
    let mut tell = |at: &str, what: Vec<String>| {
        let (width, height) = size;
        let all = what.into_iter();
        found.extend(all.map(|what| format!("{} {width}x{height} {at}: {what}", story.name)));
    };
    tell("answer", wrong(&play));
    let screen = play.screen();
    let mut why = screen.lines().skip_while(|line| !line.contains(" why "));
    let first = why.nth(1).unwrap_or_default();
    let begins = ["1 ✗", "1 ?", "✓", "?"];
    if !begins
        .iter()
        .any(|sign| first.trim_start_matches(['▸', ' ']).starts_with(sign))
    {
        tell("answer", vec![format!("no cause in sight: {first:?}")]);
    }
    for keys in LISTS {
        play.keys(keys);
        tell(keys, wrong(&play));
        if !counts(&play.screen()) {
            tell(
                keys,
                vec![format!("a list without its count:\n{}", play.screen())],
            );
        }
        // Back from an answer leads to where it was asked.
        if play.screen().contains('┘') {
            play.keys("<Esc>");
        }
    }
    for keys in PAGES {
        play.keys(keys);
        tell(keys, wrong(&play));
        play.keys("G");
        tell(&format!("{keys}G"), wrong(&play));
        // One step back for each key that opened something.
        for _ in 0..3 {
            if play.screen().contains('┘') {
                play.keys("<Esc>");
            }
        }
    }
}

/// By CI all of them, otherwise every third.
fn walk_all(size: (u16, u16)) {
    let all = std::env::var_os("PROPTEST_CASES").is_some();
    let stories = stories::index().iter().filter(|s| s.name != "large");
    let mut found = BTreeSet::new();
    for story in stories.step_by(if all { 1 } else { 3 }) {
        walk(story, size, &mut found);
    }
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn screens_of_40_by_12() {
    walk_all((40, 12));
}

#[test]
fn screens_of_80_by_24() {
    walk_all((80, 24));
}

#[test]
fn screens_of_120_by_40() {
    walk_all((120, 40));
}

#[test]
fn screens_of_200_by_50() {
    walk_all((200, 50));
}
