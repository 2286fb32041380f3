//! Watching: the answer is asked for anew at intervals, and tells when it turns and what others changed.

use std::time::Duration;

use bindscope::tui::model::WatchOptions;
use bindscope::tui::run::effects::Effect;

use crate::play::Opening;
use crate::{CALLER, TARGET, on_pair};

fn watched(bell: bool, title: bool) -> Opening {
    Opening {
        pair: Some((CALLER, TARGET)),
        watching: WatchOptions {
            every: Duration::from_millis(50),
            begins: true,
            bell,
            title,
        },
        ..Opening::default()
    }
}

/// Somebody else grants it: the row of states, the notice, the bell and the title say so; taking it out again too.
#[test]
fn it_turns_when_somebody_else_grants_it() {
    let mut play = watched(true, true).play();
    play.until("watched ✗✗").says("every 50 ms");
    assert!(!play.effects.iter().any(|e| matches!(e, Effect::Bell)));
    let granted = serde_json::json!({ "bindings": [{
        "role": "roles/iam.serviceAccountTokenCreator",
        "members": [format!("serviceAccount:{CALLER}")],
    }]});
    play.set_policy("data-vault", TARGET, &granted);
    play.until("Changed by others")
        .says("Turned at")
        .says("+ Token Creator for run-processor@app-prod")
        .says("✗✓")
        .says("turned")
        .says("the call would succeed");
    assert!(play.effects.iter().any(|e| matches!(e, Effect::Bell)));
    let titles = play.effects.iter().filter_map(|e| match e {
        Effect::Title(Some(title)) => Some(title.as_str()),
        _ => None,
    });
    let wanted = "works: run-processor@app-prod as bq-privileged@data-vault - bindscope";
    assert!(
        titles.clone().any(|t| t == wanted),
        "{:?}",
        titles.collect::<Vec<_>>()
    );
    play.set_policy("data-vault", TARGET, &serde_json::json!({ "bindings": [] }));
    play.until("bq-privileged@data-vault: -").says("✓✗");
    play.press("W")
        .says("Watched no longer")
        .never_says("watched ");
    assert!(
        play.effects
            .iter()
            .any(|e| matches!(e, Effect::Title(None)))
    );
}

/// Bell and title can be off.
#[test]
fn bell_and_title_can_be_off() {
    let mut play = watched(false, false).play();
    play.until("watched ✗✗");
    let granted = serde_json::json!({ "bindings": [{
        "role": "roles/iam.serviceAccountTokenCreator",
        "members": [format!("serviceAccount:{CALLER}")],
    }]});
    play.set_policy("data-vault", TARGET, &granted);
    play.until("Turned at");
    let rings = |e: &Effect| matches!(e, Effect::Bell | Effect::Title(Some(_)));
    assert!(!play.effects.iter().any(rings));
}

/// A policy that was written with the same bindings is told too.
#[test]
fn a_policy_that_was_written_anew_is_told() {
    let mut play = watched(true, true).play();
    play.until("watched ✗✗");
    let same = play.policy("data-vault", TARGET);
    play.set_policy("data-vault", TARGET, &same);
    play.until("its policy was written anew").says("changed");
    assert!(!play.effects.iter().any(|e| matches!(e, Effect::Bell)));
}

/// The key begins and ends it; another question begins a row of its own.
#[test]
fn the_key_begins_and_ends_it() {
    let mut play = on_pair("cross-project");
    play.keys("W")
        .says("Watched: asked anew every 10 s; W ends it.")
        .says("watched ✗ every 10 s");
    play.keys("s")
        .says("caller bq-privileged@data-vault")
        .says("watched");
    play.keys("[").says("watched ✗ every 10 s");
    play.keys("W")
        .says("Watched no longer.")
        .never_says("every 10 s");
}

/// Where nothing answers any more, it says so at its place, asks less often, and keeps the answer.
#[test]
fn it_stands_back_where_nothing_answers() {
    let mut play = watched(true, true).play();
    play.until("watched ✗✗");
    play.hang_up();
    play.until("slowed down")
        .says("✗!")
        .says("as of")
        .says("Not read again");
}

/// A server that wants fewer calls (429) is heard: that is said while it is waited for, then it is asked less often,
/// the answer stays, and the watch goes on and turns.
#[test]
fn it_stands_back_where_a_server_wants_fewer_calls() {
    let mut play = Opening {
        faults: Some("*:getIamPolicy #20-22 = 429:1s"),
        ..watched(true, true)
    }
    .play();
    play.until("HTTP 429 from")
        .says("Again in")
        .says("403 until granted");
    play.until("slowed down").never_says("✗!");
    // It keeps its distance for one asking, then it is asked as often as was wished.
    play.until("every 50 ms").never_says("slowed down");
    let granted = serde_json::json!({ "bindings": [{
        "role": "roles/iam.serviceAccountTokenCreator",
        "members": [format!("serviceAccount:{CALLER}")],
    }]});
    play.set_policy("data-vault", TARGET, &granted);
    play.until("Turned at").says("✗✓");
}

/// While something is supposed nothing is asked, and nothing ends that but its user.
#[test]
fn what_if_is_left_alone() {
    let mut play = watched(true, true).play();
    play.until("watched ✗✗");
    play.press("G<Space>").says("WHAT IF");
    // The pause goes by once and more.
    for _ in 0..3 {
        play.step();
    }
    play.says("WHAT IF");
    play.press("<BS>").never_says("WHAT IF");
}
