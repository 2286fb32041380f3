//! From the answer to the applied and proven change, and back.

use crate::play::{Opening, Play};
use crate::{CALLER, TARGET, creators, demo, on_pair, story};
use bindscope::tui::Leave;
use bindscope::tui::message::Message;
use ratatui::style::Color;

#[test]
fn the_story_is_played_to_its_end() {
    let mut play = demo("cross-project");
    play.says("Who calls, and which account should it act as?");
    play.keys("runproc<Tab>priv")
        .says("run-processor@app-prod → bq-privileged@data-vault");
    insta::assert_snapshot!("story-1-pick", play.steady());
    play.keys("<Enter>")
        .says("✗ 403 until granted")
        .says("◐ Token Creator, off the path")
        .says("Granted on the caller's own project.");
    insta::assert_snapshot!("story-2-answer", play.steady());
    assert!(creators(&play).is_empty());
    play.keys("f").says("Give access?").says("NOT applied yet");
    insta::assert_snapshot!("story-3-confirm", play.steady());
    play.keys("grant");
    assert!(creators(&play).is_empty(), "typing applies nothing");
    play.keys("<Enter>")
        .says("It works")
        .says("token minted as run-processor@app-prod at");
    insta::assert_snapshot!("story-4-proof", play.steady());
    assert_eq!(creators(&play), [format!("serviceAccount:{CALLER}")]);
    play.keys("<Esc>")
        .says("✓ works: token minted at")
        .says("✓ grants: Token Creator")
        .says("✓ run-processor@app-prod has Token Creator on the account itself.");
    insta::assert_snapshot!("story-5-works", play.steady());
    assert_eq!(play.style_of("✓ works").fg, Some(Color::Green));
    play.keys("f").says("Nothing is missing");
    play.keys("q");
    let Some(Leave::Quit { words }) = play.left() else {
        panic!("not left");
    };
    assert_eq!(words.len(), 1);
    // Nothing of an emulator of its own is left to be taken back.
    assert!(words[0].starts_with("changed: grant roles/"), "{words:?}");
    assert!(!words[0].contains("bindscope undo"), "{words:?}");
}

#[test]
fn nothing_but_the_typed_word_applies() {
    let mut play = on_pair("cross-project");
    play.keys("f");
    for attempt in [
        "<Enter>",
        "<Enter><Enter><Enter>",
        "gran<Enter>",
        "<Space><Enter>",
        "yes<Enter>",
    ] {
        play.keys(attempt).says("NOT applied yet");
        assert!(creators(&play).is_empty(), "{attempt} applied it");
    }
    play.keys("<Ctrl-u>");
    play.paste("grant").says("The word has to be typed");
    play.keys("<Esc><Enter>").says("NOT applied yet");
    assert!(creators(&play).is_empty());
    play.keys("<Esc>")
        .says("Nothing was changed.")
        .never_says("Give access?");
    assert!(creators(&play).is_empty());
    assert!(play.left().is_none());
}

#[test]
fn a_click_confirms_nothing() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut play = on_pair("cross-project");
    play.keys("fgrant");
    // The last row is the footer's. Of three columns that lie beside each other one is clicked, another in each row.
    for row in 0..23 {
        for column in (row % 3..80).step_by(3) {
            let kind = MouseEventKind::Down(MouseButton::Left);
            let modifiers = KeyModifiers::NONE;
            for _ in 0..2 {
                play.take(Message::Mouse(MouseEvent {
                    kind,
                    column,
                    row,
                    modifiers,
                }));
            }
        }
    }
    play.settle();
    play.says("NOT applied yet");
    let click = MouseEventKind::Down(MouseButton::Left);
    play.mouse(click, "Enter apply").says("NOT applied yet");
    assert!(creators(&play).is_empty());
    // Nor does any menu: what writes is done by its key alone.
    play.keys("<F2>open")
        .says("Only Enter behind the typed word applies anything.");
    play.keys("<Enter>").says("commands").keys("<Esc><Esc>");
    assert!(creators(&play).is_empty());
    // Whatever else stands there writes nothing, and is clicked.
    play.keys("<Ctrl-u>")
        .mouse(click, "t 2 hours")
        .says("until 20");
    play.mouse(click, "Esc keep").says("Nothing was changed.");
    assert!(creators(&play).is_empty());
}

#[test]
fn a_grant_can_have_an_end() {
    let mut play = Opening {
        size: (100, 40),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("ft").says("until").says("request.time <");
    play.keys("t").never_says("request.time <");
    play.keys("tgrant<Enter>");
    let policy = play.policy("data-vault", TARGET);
    let binding = policy["bindings"].as_array().unwrap().last().unwrap();
    let expression = binding["condition"]["expression"].as_str().unwrap();
    assert!(
        expression.starts_with("request.time < timestamp("),
        "{expression}"
    );
    assert_eq!(policy["version"], 3);
    play.says("It works");
    // That it ends is said wherever it is said that it works.
    play.keys("<Esc>").says("on the account itself, until 20");
}

#[test]
fn what_was_applied_is_taken_back() {
    let mut play = on_pair("cross-project");
    let before = play.policy("data-vault", TARGET);
    play.keys("fgrant<Enter>").says("It works");
    play.keys("u")
        .says("Take it back?")
        .says("type undo to apply");
    play.keys("undo<Enter>")
        .says("Taken back")
        .says("taken back");
    play.keys("<Esc>").says("✗ 403 until granted");
    let after = play.policy("data-vault", TARGET);
    assert_eq!(before["bindings"], after["bindings"]);
    play.keys("H")
        .says("undone")
        .says("run-processor@app-prod on bq-privileged@");
    play.keys("<Enter>")
        .says("roles/iam.serviceAccountTokenCreator");
    // From the page to the list, from there to the answer; only then it leaves.
    play.keys("q").says("changes made with bindscope");
    play.keys("q").says("where bindings are");
    assert!(play.left().is_none());
    play.keys("q");
    let Some(Leave::Quit { words }) = play.left() else {
        panic!("not left");
    };
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].contains("taken back"), "{words:?}");
}

#[test]
fn read_only_shows_the_fix_and_applies_nothing() {
    let mut play = Opening {
        read_only: true,
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.says("read-only");
    play.keys("f")
        .says("Cannot be applied from here: this is a read-only session")
        .never_says("to apply:");
    play.never_says("Enter apply");
    play.keys("grant<Enter>")
        .says("Not applied: this is a read-only session");
    assert!(creators(&play).is_empty());
    play.keys("<Esc><Esc>f<F4>").says("copy what?");
    play.keys("request<Enter>");
    let letter = play.copied().unwrap();
    assert!(letter.contains("Please grant one role"), "{letter}");
    assert!(letter.contains(TARGET), "{letter}");
}

#[test]
fn who_may_not_write_is_told_before() {
    let mut play = Opening {
        viewer: Some("user:ben@example.com"),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("f");
    let screen = play.screen();
    if screen.contains("Give access?") {
        play.says("Cannot be applied from here: you lack iam.serviceAccounts.setIamPolicy");
        play.never_says("to apply:").never_says("Enter apply");
        play.keys("grant<Enter>").says("Not applied");
        assert!(creators(&play).is_empty());
    } else {
        play.says("would mend this");
    }
}

#[test]
fn the_journal_is_written_where_it_belongs() {
    let mut play = on_pair("cross-project");
    play.keys("fgrant<Enter>").says("It works");
    let listing = bindscope::repair::history::list(play.history()).unwrap();
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(listing.entries[0].state.word(), "applied");
    assert_eq!(listing.entries[0].record.estate, "demo: cross-project");
}

#[test]
fn a_target_above_the_configured_power_asks_for_its_name() {
    let mut play = Opening {
        two_steps_from: bindscope::repair::Power::Changes,
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("f")
        .says("A powerful account")
        .says("type bq-privileged to apply");
    play.keys("grant<Enter>").says("That is not the word");
    assert!(creators(&play).is_empty());
    play.keys("<Ctrl-u>bq-privileged<Enter>").says("It works");
    assert_eq!(creators(&play).len(), 1);
}

/// Somebody turned it off: the word is its name, here as in the command.
#[test]
fn turning_something_on_asks_for_its_name() {
    let mut play = Opening::story(story("caller-disabled")).play();
    play.keys("f")
        .says("Somebody turned this account off: its name is the word.")
        .says("type run-processor to apply:");
    play.keys("enable<Enter>").says("NOT applied yet");
}

/// Help over the confirmation is about the confirmation: there, Enter is what writes.
#[test]
fn help_inside_the_confirmation_says_what_enter_does_there() {
    let mut play = on_pair("cross-project");
    play.keys("f<F1>")
        .says("Keys: the confirmation")
        .says("apply it, once the word stands there")
        .never_says("never changes a policy");
}

/// Until it works, nothing says that it does: whoever looks away from the confirmation sees that it is
/// waited for, finds it again, and can take it back.
#[test]
fn looking_away_while_it_is_not_enforced_shows_no_success() {
    let mut play = Opening {
        pair: Some((CALLER, TARGET)),
        propagation: std::time::Duration::from_secs(3_600),
        ..Opening::default()
    }
    .play();
    play.keys("fgrant")
        .press("<Enter>")
        .until("waiting until Google enforces it");
    play.press("<Esc>")
        .until("Written, and not seen to work yet")
        .says("applied, not seen to work yet")
        // The ghost waits, and the band says what was and what is.
        .says("○ run-processor@app-prod written 0:")
        .says("bq-privileged the target ○ written, and not enforced yet")
        .says("now ✗ 403 before → ○ written 0:")
        .says("u undoes it")
        .never_says("the call would succeed");
    play.press("r").never_says("the call would succeed");
    play.press("f")
        .says("waiting until Google enforces it")
        .press("u")
        .until("type undo to apply:");
    play.press("undo<Enter>").until("Taken back");
    play.keys("<Esc>").says("403 until granted");
    assert!(creators(&play).is_empty());
}

#[test]
fn what_is_watched_in_the_background_is_said_to_work_when_it_does() {
    let mut play = Opening {
        pair: Some((CALLER, TARGET)),
        propagation: std::time::Duration::from_secs(2),
        ..Opening::default()
    }
    .play();
    play.keys("fgrant").press("<Enter>").until("applied, etag");
    play.press("<Esc>").until("works: token minted at");
    play.settle();
    play.says("Proven: a token was minted");
}

/// On what, to whom and which role stay in sight, however far one reads on.
#[test]
fn what_is_asked_about_does_not_scroll_away() {
    for size in [(40, 12), (80, 14), (80, 24)] {
        let mut play = Opening {
            size,
            pair: Some((CALLER, TARGET)),
            ..Opening::default()
        }
        .play();
        play.keys("f");
        for _ in 0..30 {
            play.says("on bq-privileged@data-vault")
                .says("run-processor@app-prod")
                .says("role Token Creator")
                .says("NOT applied yet")
                .says("type grant to apply:");
            play.press("<Down>");
        }
        play.never_says("lines more");
        play.keys("grant<Enter>").says("It works");
        play.keys("u").says("on bq-privileged@data-vault");
        play.says("from").says("type undo to apply:");
    }
}

/// What stands between the borders of what is asked, without its foot.
fn asked_lines(play: &Play) -> Vec<String> {
    let screen = play.screen();
    let lines = screen.lines().skip_while(|l| !l.contains("Give access?"));
    let inside = lines.skip(1).take_while(|l| !l.starts_with('└'));
    let text = inside.map(|l| l.trim_matches(['│', ' ']).to_owned());
    text.take_while(|l| !l.contains("NOT applied yet"))
        .filter(|l| !l.is_empty())
        .collect()
}

/// At 80 by 24 all of it is in sight. Where it is not, its last line says how many lines follow, so that no sentence
/// ends in its middle as if that were all; and line by line one comes to the very last word.
#[test]
fn what_is_asked_is_never_cut() {
    let mut play = Opening {
        size: (80, 24),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("f")
        .says("2 of these roles it was not seen to hold itself.")
        .never_says("more: Down");
    play.resize(40, 60);
    let whole = asked_lines(&play);
    assert!(whole.len() > 20, "{}", play.screen());
    for height in [12, 16, 20, 30] {
        play.resize(40, height).press("<PgUp>");
        for _ in 0..60 {
            play.press("<PgUp>");
        }
        let mut read: Vec<String> = Vec::new();
        let mut turns = 0;
        loop {
            let mut lines = asked_lines(&play);
            let last = lines.last().cloned().unwrap_or_default();
            let follows = last.starts_with("↓ ") && last.ends_with("more: Down");
            if follows {
                lines.pop();
            }
            for line in lines {
                if !read.contains(&line) {
                    read.push(line);
                }
            }
            if !follows {
                break;
            }
            play.press("<Down>");
            turns += 1;
            assert!(turns < 60, "no end:\n{}", play.screen());
        }
        // The head may be in short, and what stands around the change goes first.
        let means = whole.iter().position(|l| l.contains("will be able"));
        let (around, meaning) = whole.split_at(means.unwrap());
        let added = around.iter().filter(|l| l.starts_with('+'));
        for line in added.chain(meaning) {
            let there = read.iter().any(|l| l == line);
            assert!(there, "{line:?} is never seen at {height} lines: {read:#?}");
        }
    }
}

/// `u` is about what was done last, shows it, and asks.
#[test]
fn undo_on_an_answer_shows_what_was_done_last_and_asks() {
    let mut play = on_pair("cross-project");
    play.keys("u").says("Nothing to take back");
    play.keys("fgrant<Enter><Esc>")
        .says("works: token minted at");
    play.keys("u")
        .says("Take it back?")
        .says("from    serviceAccount:run-processor@app-prod")
        .says("in force")
        .says("type undo to apply:");
    assert_eq!(creators(&play).len(), 1);
    play.keys("undo<Enter>").says("taken back");
    play.keys("<Esc>u").says("Nothing to take back");
    assert!(creators(&play).is_empty());
}

/// Each of two changes is watched until it works.
#[test]
fn after_a_second_change_the_first_is_still_watched() {
    let mut play = Opening {
        pair: Some((CALLER, TARGET)),
        propagation: std::time::Duration::from_secs(4),
        ..Opening::default()
    }
    .play();
    play.keys("fgrant").press("<Enter>").until("applied, etag");
    play.press("<Esc>:why run-frontend@app-prod bq-privileged@data-vault<Enter>")
        .until("✗ 403 until granted");
    play.press("fgrant<Enter>").until("applied, etag");
    play.press("<Esc>")
        .until("It works, run-processor@app-prod as bq-privileged@data-vault")
        .until("works: token minted at");
    play.settle();
    play.says("caller run-frontend@app-prod").keys("[");
    play.says("caller run-processor@app-prod")
        .says("works: token minted at");
}

/// In short, too, a federated caller is told by pool and subject, and not by what stands behind its last slash.
#[test]
fn a_federated_caller_is_told_apart_on_a_narrow_screen() {
    let mut play = Opening {
        size: (40, 12),
        ..Opening::story(story("attribute-not-mapped"))
    }
    .play();
    play.keys("f")
        .says("to      github/subje")
        .says("heads/main")
        .never_says("to      main");
}
