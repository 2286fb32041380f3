//! What if: bindings are switched in memory, the verdict answers at once, and nothing is written.

use crate::play::Opening;
use crate::{creators, on_pair, story};

/// The binding that is missing is supposed to be there, taken back by its own key, and by Esc.
#[test]
fn a_missing_grant_is_supposed_to_be_there() {
    let mut play = on_pair("cross-project");
    play.keys("G").says("▸       └ ╌ Token Creator");
    play.keys("<Space>")
        .says("✓ what if: the call would succeed")
        .says("WHAT IF 1 switched, nothing written; as read: would fail. Backspace: back")
        .says("on: Token Creator for run-processor@app-prod on bq-privileged@data-vault")
        .says("grants, what if it is there")
        .never_says("f  grant");
    assert!(creators(&play).is_empty());
    // The same key switches it off again.
    play.keys("<Space>")
        .says("403 until granted")
        .never_says("WHAT IF")
        .says("f  grant Token Creator");
    play.keys("<Space>")
        .says("WHAT IF")
        .keys("<BS>")
        .says("The answer as it was read")
        .never_says("WHAT IF");
    play.keys("<Space>")
        .says("WHAT IF")
        .keys("<Esc>")
        .never_says("WHAT IF")
        .says("where bindings are");
    play.keys("<BS>").says("Nothing is switched");
    assert!(creators(&play).is_empty());
}

/// A grant that works is switched off: the verdict turns at once, and the row stays to be switched on again.
#[test]
fn a_grant_is_switched_off() {
    let mut play = Opening::story(story("boundary-v1")).play();
    play.says("the call would succeed")
        .says("✓ Token Creator run-processor@app-prod grants");
    play.keys("<Space>")
        .says("✗ what if: the call would fail")
        .says("WHAT IF 1 switched, nothing written; as read: would succeed.")
        .says("▸       └ ✗ Token Creator  run-processor@app-prod  switched off, what if")
        .says("off: Token Creator for run-processor@app-prod on bq-privileged@data-vault");
    play.keys("<Space>")
        .says("▸       └ ✓ Token Creator")
        .never_says("WHAT IF")
        .never_says("what if:");
}

/// Nothing that writes, copies or asks for something is to be had while anything is switched.
#[test]
fn nothing_is_written_copied_or_asked_for_while_something_is_switched() {
    let mut play = on_pair("cross-project");
    play.keys("G<Space>").says("WHAT IF");
    play.keys("f")
        .says("While bindings are switched, no policy is changed: Backspace takes all back first.")
        .never_says("Give access?");
    play.keys("u")
        .says("no policy is changed")
        .never_says("Take back");
    play.keys("y")
        .says("nothing is copied")
        .keys("R")
        .says("nothing is asked for");
    play.keys("S").says("nothing is saved");
    assert!(play.copied().is_none());
    // The policy as it stands is what was read.
    play.keys("Y")
        .says("policies as they stand")
        .never_says("serviceAccountTokenCreator")
        .keys("<Esc>");
    play.says("WHAT IF");
    // What is printed at the end is what was read.
    play.press("Q");
    let words = format!("{:?}", play.left().unwrap());
    assert!(words.contains("403 until granted"), "{words}");
    assert!(!words.contains("what if"), "{words}");
    assert!(creators(&play).is_empty());
}

/// Reading anew and leaving end it.
#[test]
fn reading_anew_and_leaving_end_it() {
    for away in ["r", "p<Esc>", "s<Esc>", "x<Esc>", "mactas<Enter><Esc>"] {
        let mut play = on_pair("cross-project");
        play.keys("G<Space>").says("WHAT IF");
        play.keys(away)
            .says("where bindings are")
            .says("403 until granted")
            .never_says("WHAT IF");
    }
}

/// A level with one binding is switched as a whole; one with several unfolds, and one of its members alone can go.
#[test]
fn levels_and_members_are_switched() {
    let facts = |members: &str| {
        format!(
            r#"{{"organizations":[{{"name":"organizations/1","displayName":"example.com"}}],
            "projects":[{{"name":"projects/11","projectId":"p","parent":"organizations/1"}}],
            "serviceAccounts":[
              {{"name":"projects/p/serviceAccounts/a@p.iam.gserviceaccount.com","projectId":"p","email":"a@p.iam.gserviceaccount.com","uniqueId":"1"}},
              {{"name":"projects/p/serviceAccounts/b@p.iam.gserviceaccount.com","projectId":"p","email":"b@p.iam.gserviceaccount.com","uniqueId":"2"}}],
            "iamPolicies":{{
              "//cloudresourcemanager.googleapis.com/projects/p":{{"bindings":[
                {{"role":"roles/iam.serviceAccountTokenCreator","members":[{members}]}}]}},
              "//iam.googleapis.com/projects/p/serviceAccounts/b@p.iam.gserviceaccount.com":{{"bindings":[
                {{"role":"roles/viewer","members":["user:eva@example.com"]}},
                {{"role":"roles/iam.serviceAccountUser","members":["user:eva@example.com"]}}]}}}}}}"#
        )
    };
    let open = |members: &str| {
        Opening {
            facts: Some(facts(members)),
            pair: Some(("a@p.iam.gserviceaccount.com", "b@p.iam.gserviceaccount.com")),
            ..Opening::default()
        }
        .play()
    };
    let mut play = open(r#""serviceAccount:a@p.iam.gserviceaccount.com""#);
    play.says("the call would succeed");
    play.keys("gj").says("▸ ┗ p");
    play.keys("<Space>")
        .says("what if: the call would fail")
        .says("off: Token Creator for a@p on p");
    // Several: it unfolds, and says what to do.
    let mut play = open(r#""serviceAccount:a@p.iam.gserviceaccount.com","user:eva@example.com""#);
    play.keys("gjl").says("2 members");
    play.keys("jj")
        .says("▸")
        .keys("<Space>")
        .says("off: Token Creator for a@p on p")
        .says("what if: the call would fail");
    play.keys("<BS>").says("the call would succeed");
    play.keys("<Esc>");
    play.keys("g")
        .keys("<Space>")
        .says("No binding was read there");
}

/// At 40 columns the band says it too, and with which key all is taken back.
#[test]
fn a_narrow_screen_says_it_too() {
    let mut play = Opening {
        size: (40, 12),
        pair: Some((crate::CALLER, crate::TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("G<Space>")
        .says("WHAT IF")
        .says("1 switched. Backspace: back")
        .says("would work");
}

/// The fixes side by side, with what each would allow beyond what is asked for; on a narrow screen one below the other.
#[test]
fn the_fixes_stand_side_by_side() {
    let mut play = Opening {
        size: (120, 40),
        ..Opening::story(story("typo"))
    }
    .play();
    play.resize(120, 40)
        .keys("F")
        .says("fixes, and what each would allow")
        .says("3. Token Creator on");
    let screen = play.screen();
    assert!(
        screen
            .lines()
            .any(|l| l.contains("1. Token") && l.contains("3. Token")),
        "{screen}"
    );
    play.says("1 account, the target")
        .says("token, sign bytes, sign JWT,")
        .says("permissions")
        .says("the caller alone");
    let mut play = on_pair("cross-project");
    play.keys("F")
        .says("the one fix, and what it would allow")
        .says("1 account, the target")
        .says("new for it");
    let mut play = Opening::story(story("boundary-v1")).play();
    play.keys("F").says("Nothing is missing");
    let mut play = Opening::story(story("denied")).play();
    play.keys("F").says("No binding would mend this");
}
