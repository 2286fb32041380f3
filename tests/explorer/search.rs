//! Search inside an answer, the panel beside it, scroll bars, and pairs that are kept.

use crate::play::{Opening, Play};
use crate::{CALLER, TARGET, demo, on_pair, story};

/// The line with the mark on it.
fn marked(play: &Play) -> String {
    let screen = play.screen();
    let mut lines = screen.lines();
    lines
        .find(|l| l.contains('▸'))
        .unwrap_or_default()
        .to_owned()
}

/// `/`, `n` and `N` go through picture and causes, wherever it stands, and Esc takes it back.
#[test]
fn an_answer_is_searched() {
    let mut play = on_pair("cross-project");
    play.keys("/vault").says("/ vault").says(" 1 of ");
    assert!(marked(&play).contains("data-vault"), "{}", play.screen());
    // Letters are text as long as it is typed, and commands behind Enter.
    play.keys("<Enter>n");
    play.says("━ why ━").says("▸1 ✗ Granted").says(" 2 of 2 ");
    play.keys("n").says("From the top again.");
    assert!(marked(&play).contains("data-vault"), "{}", play.screen());
    play.keys("N").says("From the end again.").says("━ why ━");
    play.keys("<Esc>").never_says("/ vault").says("f fix");
    play.keys("n")
        .says("Nothing is looked for yet: / searches picture and causes.");
    play.keys("/zzz")
        .says("nowhere here")
        .keys("<Esc>")
        .never_says("zzz");
    assert!(play.left().is_none());
}

/// What is found is marked where it stands.
#[test]
fn what_is_found_is_underlined() {
    use ratatui::style::Modifier;
    let mut play = on_pair("cross-project");
    play.keys("/Nothing else");
    play.keys("<Esc>/organization");
    let style = play.style_of("organization");
    assert!(style.add_modifier.contains(Modifier::UNDERLINED));
}

/// The panel at the side takes the focus, scrolls, and gives it back.
#[test]
fn the_side_panel_takes_the_focus_and_scrolls() {
    let mut play = Opening {
        size: (130, 16),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("<Tab><Tab>").says("━ policy of").never_says("▸");
    let before = play.screen();
    play.keys("j");
    assert_ne!(play.screen(), before, "it does not scroll");
    play.keys("k");
    assert_eq!(play.screen(), before);
    play.keys("G").says("━ policy of");
    play.keys("<Shift-Tab>").says("━ why ━").keys("<Shift-Tab>");
    play.says("━ where bindings are ━");
    play.keys("<Shift-Tab>").says("━ policy of").keys("h");
    play.says("━ where bindings are ━");
    // On a narrow screen there is none to go to.
    play.keys("<Tab><Tab>").resize(80, 24);
    play.keys("j").says("━ where bindings are ━");
    play.keys("<Tab>").says("━ why ━").keys("<Tab>");
    play.says("━ where bindings are ━");
}

/// A caller that stands in no project has no policy: who it is, and what it brings, stands at the side.
#[test]
fn a_caller_from_outside_is_told_at_the_side() {
    let mut play = Opening {
        size: (160, 45),
        ..Opening::story(story("github"))
    }
    .play();
    play.keys("g").says("▸");
    play.says("principal://iam.googleapis.com/projects/")
        .says("It stands in no project of this hierarchy")
        .never_says("─ policy");
    // A pool that gives nothing is told there too.
    let mut play = Opening {
        size: (160, 45),
        ..Opening::story(story("pool-deleted"))
    }
    .play();
    play.keys("g")
        .says("▸")
        .says("It stands in no project of this hierarchy");
    assert_eq!(play.screen().matches("its pool gives no tokens").count(), 2);
}

/// Whatever lies over a screen has the focus alone: no heavy rule, no mark and no bar is left of what is below it.
#[test]
fn what_lies_below_has_no_focus() {
    for keys in ["f", "y", ":", "<Tab>f", "A?"] {
        let mut play = on_pair("cross-project");
        play.resize(200, 50).keys(keys);
        for (width, height) in [(200, 50), (80, 24)] {
            play.resize(width, height);
            let screen = play.screen();
            for line in screen.lines() {
                // What stands outside of the borders of what lies over it.
                let beside = line.split(['│', '┌', '└']).next().unwrap_or(line);
                let focus = beside.contains(['━', '▸']);
                let bar = width == 200 && line.ends_with('┃') && !line.contains('│');
                assert!(!focus && !bar, "{line:?} beside {keys}:\n{screen}");
            }
        }
    }
}

/// Whatever is longer than its room says where one is in it, by a bar at its edge.
#[test]
fn what_is_longer_than_its_room_has_a_scroll_bar() {
    let bar = |play: &Play| {
        let screen = play.screen();
        let rows: Vec<usize> = (0..)
            .zip(screen.lines())
            .filter(|(_, line)| line.trim_end().ends_with('┃'))
            .map(|(y, _)| y)
            .collect();
        rows
    };
    let mut play = on_pair("cross-project");
    play.keys("?");
    let top = bar(&play);
    play.keys("G");
    let end = bar(&play);
    assert!(!top.is_empty() && top.len() == end.len(), "{top:?} {end:?}");
    assert!(top[0] < end[0], "{top:?} {end:?}");
    play.keys("<Esc>:");
    assert!(!bar(&play).is_empty(), "{}", play.screen());
    play.keys("<Esc>y<Esc>x");
    assert!(
        bar(&play).is_empty(),
        "all of it is in sight:\n{}",
        play.screen()
    );
}

#[test]
fn pairs_asked_about_are_kept_and_favourites_stand_first() {
    let mut play = on_pair("cross-project");
    play.keys("s*")
        .says("This pair is among the favourites: P lists them.");
    play.keys("[P")
        .says("* bq-privileged@data-vault → run-processor@app-prod");
    let screen = play.screen();
    let at = |words: &str| screen.find(words).unwrap();
    assert!(at("* bq-privileged@data-vault →") < at("run-processor@app-prod → bq-privileged"));
    play.keys("<Enter>").says("caller bq-privileged@data-vault");
    play.keys("*").says("no longer among the favourites");
    // Names alone are kept.
    let kept = std::fs::read_to_string(play.history().join("pairs.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept.as_array().unwrap().len(), 2);
    assert_eq!(kept[0].as_object().unwrap().len(), 4, "{kept}");
    let mut play = demo("cross-project");
    play.keys("<F3>").says("No pair was asked about yet.");
}
