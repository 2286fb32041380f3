//! Who looks, by what right and until when; calls that wait, and calls that were not waited for.

use bindscope::google::SignedIn;
use bindscope::google::credentials::{CredentialKind, Origin};
use bindscope::iam::Principal;
use bindscope::tui::look::time::in_zone;
use bindscope::tui::message::Message;
use jiff::Timestamp;

use crate::play::{Opening, Play};
use crate::{CALLER, TARGET};

const UNTIL: &str = "2026-11-24T15:04:00Z";

fn login() -> Origin {
    Origin {
        kind: CredentialKind::AuthorizedUser,
        place: "/home/ana/.config/gcloud/application_default_credentials.json".to_owned(),
        account: None,
        provider: None,
        quota_project: None,
        project: None,
    }
}

fn signed_in(play: &mut Play, renews: bool) {
    play.take(Message::SignedIn(Box::new(SignedIn {
        principal: Some(Principal::parse("user:ana@example.com").unwrap()),
        origin: login(),
        acts_as: None,
        until: Some(UNTIL.parse().unwrap()),
        renews,
        quota: None,
    })));
}

fn header(play: &Play) -> String {
    play.screen().lines().next().unwrap().trim().to_owned()
}

#[test]
fn the_header_says_who_from_where_and_until_when() {
    let mut play = Opening {
        viewer: Some("user:ana@example.com"),
        origin: Some(login()),
        read_only: true,
        at: None,
        ..Opening::default()
    }
    .play();
    signed_in(&mut play, true);
    let time = in_zone(UNTIL.parse::<Timestamp>().unwrap(), "%H:%M");
    // The widest says all; what is of least use goes first.
    for (wide, right) in [
        (
            200,
            format!(
                "ana@example.com · user login: {} · until {time}, renewed · read-only",
                login().place
            ),
        ),
        (
            120,
            format!("ana@example.com · user login · until {time}, renewed · read-only"),
        ),
        (
            80,
            format!("ana@example.com · until {time}, renewed · read-only"),
        ),
        (70, format!("ana@example.com · until {time} · read-only")),
        (60, "ana@example.com · read-only".to_owned()),
        (45, "read-only".to_owned()),
    ] {
        play.resize(wide, 24);
        let header = header(&play);
        assert!(header.ends_with(&format!(" {right}")), "{wide}: {header}");
        assert!(header.starts_with("bindscope  demo:"), "{wide}: {header}");
    }
    play.resize(40, 12);
    assert_eq!(header(&play), "bindscope  demo: cross-project");
    play.resize(80, 24);
    signed_in(&mut play, false);
    assert!(!header(&play).contains("renewed"), "{}", header(&play));
}

#[test]
fn a_wait_that_a_server_asks_for_stands_above_the_footer() {
    let mut play = Opening {
        faults: Some("*:getIamPolicy #1 = 429:3s"),
        ..Opening::default()
    }
    .play();
    play.keys("run<Tab>priv").press("<Enter>");
    play.until("Again in 4 s (attempt 2 of 5): HTTP 429 from");
    play.resize(40, 12);
    play.says("Again in 4 s (attempt 2 of 5)");
    // It counts down, and goes with the call that is made again.
    play.until("Again in 3 s");
    play.settle();
    play.never_says("Again in");
    // A key that is pressed meanwhile does not take it away, and it goes with whoever waited.
    let mut play = Opening {
        faults: Some("*:getIamPolicy = 503:20s"),
        ..Opening::default()
    }
    .play();
    play.keys("run<Tab>priv").press("<Enter>");
    play.until("more calls wait");
    play.press("j").says("(attempt 2 of 5): HTTP 503");
    play.press("<Ctrl-c>");
    play.settle();
    play.press("j").never_says("attempt");
}

/// A call that nobody waits for any longer stands in the log as such.
#[test]
fn a_call_that_was_stopped_stands_in_the_log() {
    let mut play = Opening {
        faults: Some("*:getIamPolicy = slow:60s"),
        ..Opening::default()
    }
    .play();
    play.keys("run<Tab>priv").press("<Enter>");
    // Something was answered, and the policies were asked for beside it.
    play.until(" 1 of ");
    play.press("<Ctrl-c>");
    play.settle();
    play.keys("L").says("cut off");
}

/// A token that ends meanwhile and cannot be renewed ends no session, and says what to do.
#[test]
fn a_token_that_is_over_is_told_with_what_to_do() {
    let mut play = Opening {
        faults: Some("*:getIamPolicy #1-4 = expired"),
        ..Opening::default()
    }
    .play();
    play.keys("run<Tab>priv<Enter>").says("could not be read");
    play.says("To mend it: get a fresh one: gcloud auth print-access-token");
    for _ in 0..4 {
        play.keys("r");
    }
    play.says("f grant");
}

#[test]
fn names_from_outside_are_shown_and_not_obeyed() {
    let mut play = Opening {
        pair: Some((CALLER, TARGET)),
        at: None,
        ..Opening::default()
    }
    .play();
    let mut found = SignedIn {
        principal: Some(Principal::Other("evil\u{1b}[2J\u{202e}".to_owned())),
        origin: login(),
        acts_as: None,
        until: None,
        renews: false,
        quota: None,
    };
    play.take(Message::SignedIn(Box::new(found.clone())));
    play.says("evil\\u{1b}[2J\\u{202e}");
    found.origin.place = "/\u{1b}[2J".to_owned();
    let mut play = Opening {
        origin: Some(found.origin),
        size: (200, 24),
        ..Opening::default()
    }
    .play();
    play.says("user login: /");
    assert!(!play.screen().contains('\u{1b}'));
}
