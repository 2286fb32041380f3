//! What is taken along: files for a ticket, the answer on the normal screen, the README's pictures.

use std::path::{Path, PathBuf};

use crate::on_pair;
use crate::play::{Opening, Play};
use crate::{CALLER, TARGET};
use bindscope::tui::Leave;
use bindscope::tui::look::svg::svg;
use bindscope::tui::look::theme::{Background, ThemeChoice};

/// The text of the file with that ending which was written last.
fn written(play: &Play, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found: Vec<_> = std::fs::read_dir(play.history())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn picture_and_answer_are_written_for_a_ticket() {
    let mut play = on_pair("cross-project");
    play.keys("S")
        .says("Written: ")
        .says("bindscope-run-processor-bq-privileged.svg and");
    let (_, answer) = written(&play, "md").remove(0);
    for words in [
        "# run-processor@app-prod as bq-privileged@data-vault: 403 until granted",
        "- caller: serviceAccount:run-processor@app-prod.iam.gserviceaccount.com",
        "1. Granted on the caller's own project.",
        "- project app-prod, beside the way to the target: Token Creator, off the path",
        "- binding Token Creator for run-processor@app-prod: missing",
        "```sh\ngcloud iam service-accounts add-iam-policy-binding",
        "Not looked at: VPC Service Controls",
    ] {
        assert!(answer.contains(words), "{words:?} is not in\n{answer}");
    }
    let (_, picture) = written(&play, "svg").remove(0);
    for words in [
        "<title>run-processor@app-prod as bq",
        "Token Creator, off the path",
        "missing",
    ] {
        assert!(picture.contains(words), "{words:?} is not in\n{picture}");
    }
    // Whole, though the screen cuts it, and with nothing selected.
    assert!(picture.contains("caller&#39;s token."), "{picture}");
    assert!(!picture.contains('▸'));
    // Nothing is written over.
    play.keys("S")
        .says("bindscope-run-processor-bq-privileged-2.svg");
    assert_eq!(written(&play, "md").len(), 2);
}

/// No name from outside is markup in either, and what hides is shown.
#[test]
fn names_from_outside_are_text_in_both_files() {
    let text = std::fs::read_to_string("assets/estates/cross-project.json").unwrap();
    let odd = "x</text><script>\\u001b[2J";
    let facts = text.replacen(
        "\"displayName\": \"data\"",
        &format!("\"displayName\": \"{odd}\""),
        1,
    );
    assert_ne!(facts, text);
    let mut play = Opening {
        facts: Some(facts),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("S").says("Written: ");
    let (_, picture) = written(&play, "svg").remove(0);
    let (_, answer) = written(&play, "md").remove(0);
    assert!(
        !picture.contains("<script") && picture.contains("&lt;script&gt;"),
        "{picture}"
    );
    assert!(answer.contains("\\<script\\>"), "{answer}");
    for text in [picture, answer] {
        assert!(
            !text.chars().any(|c| c != '\n' && c.is_control()),
            "{text:?}"
        );
    }
}

#[test]
fn the_normal_screen_gets_picture_and_verdict() {
    let mut play = on_pair("cross-project");
    play.keys("Q");
    let Some(Leave::Quit { words }) = play.left() else {
        panic!("it was not left");
    };
    let text = words.join("\n");
    for words in [
        "┗ bq-privileged  the target",
        "◐ Token Creator, off the path",
        "answer      403 until granted",
        "1. Granted on the caller's own project.",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    assert!(!text.contains('▸') && !text.chars().any(|c| c.is_control() && c != '\n'));
}

/// A picture of the README: what the screen shows now, on dark and on light paper.
fn picture(play: &mut Play, name: &str, words: &str) {
    play.at_fixed_times();
    for (background, ending) in [(Background::Dark, ""), (Background::Light, "-light")] {
        let theme = ThemeChoice::named("auto").unwrap().on(background);
        let screen = play.drawn_in(theme);
        let made = svg(&screen, background, "bindscope", words);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("docs/pictures/{name}{ending}.svg"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == made,
            "{} is not what the screen shows: UPDATE_DOCS=1 cargo test --test explorer taken",
            path.display()
        );
    }
    let readme = include_str!("../../README.md");
    for file in [
        format!("docs/pictures/{name}.svg"),
        format!("docs/pictures/{name}-light.svg"),
    ] {
        assert!(readme.contains(&file), "the README does not show {file}");
    }
    assert!(readme.contains(&format!("alt=\"{words}\"")), "{words}");
}

/// The pictures in the README are made from the very screens.
#[test]
fn the_readmes_pictures_are_what_the_screen_shows() {
    let mut play = Opening {
        pair: Some((CALLER, TARGET)),
        at: None,
        ..Opening::default()
    }
    .play();
    picture(
        &mut play,
        "answer",
        "the hierarchy with the grant on the caller's own project, off the path, and the missing one drawn on the target",
    );
    play.keys("f");
    picture(
        &mut play,
        "confirmation",
        "the confirmation: who gets which role on what, the policy's diff, what it means, and the word to be typed",
    );
    play.keys("grant<Enter><Esc>");
    picture(
        &mut play,
        "proven",
        "the grant on the target, and a token minted as the caller",
    );
}
