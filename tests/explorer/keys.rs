//! Keys, fields, the mouse, and the way back.

use crate::play::{Opening, Play};
use crate::{CALLER, TARGET, creators, demo, on_pair, story};
use bindscope::tui::keys::{KeyContext, TABLE};

#[test]
fn esc_goes_back_step_by_step_and_never_leaves() {
    let mut play = demo("cross-project");
    play.keys("run<Tab>priv<Enter>").says("where bindings are");
    play.keys("?").says("Keys: the answer");
    play.keys("<Esc>").never_says("Keys: the answer");
    play.keys("<Esc>").says("Who calls");
    play.keys("<Esc><Esc><Esc><Esc><Esc><Esc><Esc><Esc>");
    assert!(play.left().is_none());
    play.keys("<Ctrl-c>");
    assert!(play.left().is_some());
}

/// Every key of every context, hidden ones too, pressed on one screen after another: nothing panics, and
/// nothing is written.
fn every_key_after(lead: &str) {
    let mut play = on_pair("cross-project");
    // Behind every screen every key by CI; otherwise each behind a third of them (that each does what the table says
    // is played in `table`).
    let all = std::env::var_os("PROPTEST_CASES").is_some();
    let third = lead.bytes().map(usize::from).sum::<usize>() % 3;
    for (at, entry) in TABLE.iter().enumerate() {
        if !all && at % 3 != third {
            continue;
        }
        for name in entry.keys {
            if ["q", "Q", "Ctrl-c", "Ctrl-z"].contains(name) {
                continue;
            }
            play.keys("<Esc><Esc><Esc><Esc>");
            if play.screen().contains("Who calls") {
                play.keys("<Esc><Esc><Esc>");
            }
            play.press(lead).press(&format!("<{name}>"));
        }
    }
    play.settle();
    assert!(creators(&play).is_empty());
    assert!(TABLE.iter().any(|e| e.context == KeyContext::Confirm));
}

macro_rules! every_key {
    ($($test:ident $lead:literal,)*) => {
        $(#[test]
        fn $test() {
            every_key_after($lead);
        })*
    };
}

every_key! {
    every_key_on_the_answer "",
    every_key_on_help "?",
    every_key_in_the_palette ":",
    every_key_in_the_confirmation "f",
    every_key_on_what_can_be_copied "y",
    every_key_on_the_permissions "m",
    every_key_on_the_history "H",
    every_key_on_the_log "L",
    every_key_on_the_pick "p",
    every_key_on_what_was_said "!",
    every_key_on_the_meaning "i",
    every_key_on_a_level "<Enter>",
    every_key_while_bindings_are_switched "G<Space>",
    every_key_on_the_causes "<Tab><Enter>",
}

#[test]
fn the_way_back_leads_to_where_one_came_from() {
    let mut play = on_pair("cross-project");
    play.keys("xj").says(" 2 of ");
    play.keys("<Enter>").never_says("can reach ─");
    play.keys("<Esc>")
        .says("what run-processor@app-prod can reach")
        .says(" 2 of ");
    play.keys("<Esc>").says("caller run-processor@app-prod");
    play.keys("s").says("caller bq-privileged@data-vault");
    play.keys("<Esc>").says("caller run-processor@app-prod");
    play.keys("mactas<Enter>").says("act as (attach)");
    play.keys("<Esc>").says("get access token");
    // It was given on the command line: there is nothing before it.
    play.keys("<Esc>").says("Nothing to go back to");
    play.keys("p").says("Who calls");
    play.keys("<Esc>").says("where bindings are");
    assert!(play.left().is_none());
}

#[test]
fn every_field_is_edited_with_the_keys_of_a_shell() {
    let mut play = demo("cross-project");
    play.keys("cessor<Ctrl-a>pro").says("processor");
    play.keys("<Home>run<Ctrl-e>x<BS>").says("run-processor");
    play.keys("<Left><Left><Ctrl-k>").says("runprocess");
    play.keys("<Ctrl-w>").never_says("runprocess");
    let mut play = on_pair("cross-project");
    play.keys("frant<Ctrl-a>g<Ctrl-e>x<Left><Del>")
        .says("type grant to apply: grant");
    assert!(creators(&play).is_empty());
    play.keys("<Enter>").says("It works");
    // In a menu, in a filter, in a search.
    for lead in ["y", "x/", "?/"] {
        let mut play = on_pair("cross-project");
        play.keys(lead);
        play.keys("ne tw<Ctrl-a>o<Ctrl-e>x<BS>o").says("/ one two");
        play.keys("<Ctrl-w>three").says("/ one three");
        play.keys("<Left><Left><Ctrl-k>")
            .says("/ one thr")
            .never_says("three");
        play.keys("<Home><Right><Right><Right><Ctrl-u>")
            .never_says("one thr");
        play.keys("<Del>").says("/ thr");
    }
}

/// An empty list says why it is empty.
#[test]
fn an_empty_list_says_why() {
    let mut play = Opening::story(story("no-grant")).play();
    play.keys("x")
        .says("No account: no grant lets this caller do it anywhere.");
    let mut play = Opening {
        estate: "large",
        viewer: Some("user:ana@example.com"),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("w")
        .says("as far as could be read. Not complete:");
    let mut play = Opening {
        size: (160, 45),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("H").says("No change was made with bindscope yet");
    play.keys("<Esc>p")
        .keys("zzz")
        .says("No account matches. Esc clears the filter");
    play.hang_up();
    play.keys("<Ctrl-u><F5>")
        .says("not read again; these are as of ");
}

/// The last line says how to leave, or how to go back, at every width and wherever one is.
#[test]
fn every_footer_says_how_to_leave() {
    for (keys, words) in [
        ("", "q quit"),
        ("p", "Ctrl-c quit"),
        ("?", "Esc back"),
        ("?/", "Esc take it back"),
        ("f", "Esc keep all as it is"),
        ("x", "Esc back"),
        (":", "Esc back"),
        ("A", "Esc back"),
        ("V", "Esc back"),
        ("fgrant<Enter>", "Esc back to the answer"),
    ] {
        let mut play = on_pair("cross-project");
        play.keys(keys);
        for (width, height) in [(40, 12), (60, 20), (80, 24), (200, 50)] {
            play.resize(width, height);
            let screen = play.screen();
            let last = screen.lines().last().unwrap_or_default();
            assert!(
                last.ends_with(words) || last.contains(&format!("{words}  ")),
                "{keys:?} at {width}x{height}:\n{screen}"
            );
        }
    }
    // On the way it stops first.
    let mut play = Opening {
        faults: Some("*:getIamPolicy = slow:60s"),
        ..Opening::default()
    }
    .play();
    play.keys("run<Tab>priv").press("<Enter>");
    play.until(" 1 of ").press("p").says("Ctrl-c stop");
    play.press("<Ctrl-c>").says("Ctrl-c quit");
    play.settle();
}

/// Where nothing is shown to somebody, the list does not say that there is nothing.
#[test]
fn a_list_that_was_refused_is_not_called_empty() {
    let mut play = Opening {
        viewer: Some("user:nobody@example.com"),
        ..Opening::default()
    }
    .play();
    play.never_says("There are no service accounts")
        .says("Which there are is not known")
        .says("whole address can be typed");
    let none = r#"{"organizations":[{"name":"organizations/1","displayName":"example.com"}]}"#;
    let mut play = Opening {
        facts: Some(none.to_owned()),
        ..Opening::default()
    }
    .play();
    play.never_says("There are no service accounts")
        .says("No project is shown to you here");
    let mut play = Opening {
        faults: Some("GET */serviceAccounts = 403"),
        ..Opening::default()
    }
    .play();
    play.never_says("There are no service accounts")
        .says("could not be read");
}

#[test]
fn the_wheel_moves_what_is_under_it_and_hints_are_clicked() {
    use crossterm::event::{MouseButton, MouseEventKind};
    let mut play = on_pair("cross-project");
    let marked = |play: &Play| {
        let screen = play.screen();
        let line = screen.lines().find(|l| l.starts_with(" ▸")).unwrap();
        line.to_owned()
    };
    let before = marked(&play);
    play.mouse(MouseEventKind::ScrollDown, "Granted on the caller");
    assert_eq!(marked(&play), before, "the picture is not under the wheel");
    play.mouse(MouseEventKind::ScrollUp, "where bindings are");
    assert_ne!(marked(&play), before);
    play.mouse(MouseEventKind::Down(MouseButton::Left), "? help")
        .says("Keys: the answer");
    play.keys("<Esc>");
    play.mouse(MouseEventKind::Down(MouseButton::Left), "f fix")
        .says("Give access?");
}

/// What works needs no fix, and the footer offers none.
#[test]
fn no_fix_is_offered_where_the_call_would_succeed() {
    let mut play = Opening::story(story("inherited")).play();
    play.says("the call would succeed").never_says("f fix");
    play.keys("f").says("Nothing is missing");
    on_pair("cross-project").says("f fix");
}

/// Header, names and the line of `f` do on a click what their keys do.
#[test]
fn header_names_and_the_line_of_f_are_clicked() {
    use crossterm::event::{MouseButton, MouseEventKind};
    let click = MouseEventKind::Down(MouseButton::Left);
    let mut play = on_pair("cross-project");
    play.mouse(click, "grant Token Creator on bq-privileged")
        .says("Give access?");
    play.mouse(click, "bindscope").says("Give access?");
    play.keys("<Esc>")
        .mouse(click, "demo: cross-project")
        .says("commands");
    play.keys("<Esc>")
        .mouse(click, "administrator")
        .says("calls to Google Cloud");
    play.keys("<Esc>").mouse(click, "target ").says("Who calls");
    play.keys("reader").says("→ bq-reader@data-vault");
    play.keys("<Esc><Esc><Esc>")
        .mouse(click, "caller ")
        .says("Who calls");
    play.keys("frontend").says("run-frontend@app-prod →");
}

/// After a refresh the same level and the same cause are selected, wherever they stand.
#[test]
fn the_selection_stays_on_the_thing() {
    let mut play = on_pair("cross-project");
    let marked = |play: &Play| {
        let screen = play.screen();
        let line = screen.lines().find(|l| l.starts_with(" ▸")).unwrap();
        line.to_owned()
    };
    play.keys("g");
    let top = marked(&play);
    assert!(top.contains("example.com"), "{top}");
    play.keys("r");
    assert_eq!(marked(&play), top);
}

/// There is one mark, and the panel whose keys are pressed stands under a heavy line.
#[test]
fn there_is_one_cursor_and_it_goes_from_panel_to_panel() {
    let mut play = on_pair("cross-project");
    let marks = |play: &Play| play.screen().matches('▸').count();
    play.says("━ where bindings are ━").says("─ why ─");
    assert_eq!(marks(&play), 1);
    // A fresh answer: on the grant that misses, and `j` moves.
    play.says("▸ ┃   ├ ◐ run-processor@app-prod");
    play.keys("j").says("▸ ┃   └ run-processor");
    // From the last row of the picture on to the first cause, and back.
    for _ in 0..4 {
        play.keys("j");
    }
    play.says("▸       └ ╌ Token Creator");
    play.keys("j")
        .says("━ why ━")
        .says("─ where bindings are ─")
        .says("▸1 ✗ Granted");
    assert_eq!(marks(&play), 1);
    play.keys("k")
        .says("━ where bindings are ━")
        .says("▸       └ ╌ Token Creator");
    play.keys("<Tab>").says("━ why ━").keys("<Tab>");
    play.says("▸       └ ╌ Token Creator");
    assert_eq!(marks(&play), 1);
}
