//! What a screen says and how: characters, colours, sizes, and what is not known.

use crate::play::Opening;
use crate::{CALLER, TARGET, demo, on_pair};
use bindscope::answer::signs::Glyphs;
use bindscope::estate::Assumption;
use bindscope::tui::look::theme::Theme;
use ratatui::style::{Color, Modifier};

#[test]
fn a_connection_that_is_gone_is_said_and_nothing_is_lost() {
    let mut play = on_pair("cross-project");
    play.hang_up();
    // What was read stays, and says how old it is.
    play.keys("r")
        .says("Not read again; this is as of")
        .says("403 until granted")
        .says("Granted on the caller's own project.");
    play.keys("<Esc>").says("as of").never_says("verdict in");
    play.keys("f").says("Give access?");
    play.keys("<Esc>s")
        .says("could not be read")
        .says("r tries again");
    play.keys("f").says("The answer is not there yet.");
    assert!(play.left().is_none());
    let mut play = on_pair("cross-project");
    play.keys("f");
    play.hang_up();
    play.keys("grant<Enter>")
        .says("Not applied")
        .says("nothing was written");
}

#[test]
fn states_are_told_apart_without_colour_and_without_box_drawing() {
    let mut play = Opening {
        glyphs: Glyphs::Ascii,
        theme: Theme::mono(),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.says("o Token Creator, off the path");
    let screen = play.screen();
    assert!(screen.is_ascii(), "{screen}");
    let selected = play.style_of(">");
    assert!(selected.add_modifier.contains(Modifier::REVERSED));
    assert_eq!(selected.fg, Some(Color::Reset));
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    let mut play = on_pair("cross-project");
    for (width, height) in [(39, 12), (40, 11), (10, 3), (1, 1)] {
        play.resize(width, height);
        if width >= 20 {
            play.says("Too small");
        }
    }
    play.resize(80, 24);
    play.says("where bindings are");
}

#[test]
fn a_name_from_outside_never_reaches_the_terminal_raw() {
    let mut play = demo("cross-project");
    play.paste("\u{1b}]0;owned\u{7}x\u{202e}y@z").settle();
    let screen = play.screen();
    assert!(
        !screen.contains('\u{1b}') && !screen.contains('\u{202e}'),
        "{screen}"
    );
}

#[test]
fn what_an_export_has_no_place_for_is_said_with_the_answer() {
    let mut play = Opening {
        size: (80, 40),
        assumptions: vec![Assumption::NoDenyPoliciesInExport],
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.says("Taken for granted: there are no deny policies");
    play.keys("w")
        .says("Taken for granted: there are no deny policies");
}

/// A grant in the wrong place is not said to grant this, nor is there a headline over nothing.
#[test]
fn the_side_panel_says_that_a_grant_is_off_the_path() {
    let mut play = Opening {
        size: (160, 45),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.says("off the target's path").keys("g");
    for _ in 0..12 {
        let screen = play.screen();
        assert!(
            !screen.contains("Token Creator  roles/iam.serviceAccountTokenCreator  grants this"),
            "{screen}"
        );
        play.keys("j");
    }
    play.never_says("Deny policies");
    play.keys("kkk").says("No deny policies.");
}
