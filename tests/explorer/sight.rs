//! Somebody who may read little: what is likely comes first, what was not read takes one line, and nothing is
//! out of sight.

use crate::play::Opening;
use crate::{CALLER, TARGET, on_pair, story};

/// In the large demo as somebody without rights there is one cause that says something, and nine that only say
/// what could not be read.
#[test]
fn the_likely_cause_comes_first_and_what_was_not_read_takes_one_line() {
    let mut play = Opening {
        estate: "large",
        viewer: Some("user:ana@example.com"),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.says("? not certain, likely 403: wrong project")
        .says("1 ✗ Granted on the caller's own project.")
        .says("2 ? 9 things could not be read and may decide it:")
        .says("3 lists of boundaries, 3 sets of deny policies")
        .never_says("3 ? ");
    play.keys("<Tab>j<Enter>")
        .says("what could not be read")
        .says("The principal access boundaries bound at projects/app-prod could not be read");
    play.keys("y");
    let copied = play.copied().unwrap();
    assert_eq!(copied.matches("could not be read").count(), 9, "{copied}");
    play.keys("<Esc>f")
        .says("9 things could not be read")
        .never_says("bound at folders/2001")
        .never_says("would mend this");
    play.resize(40, 12);
    play.keys("<Esc>").says("? likely 403");
}

/// Where nothing is amiss but that something was not read, no likelihood is made up.
#[test]
fn what_only_lacks_sight_cannot_be_told() {
    for name in ["unreadable", "group-unreadable", "role-unreadable"] {
        let mut play = Opening::story(story(name)).play();
        play.says("? cannot be told").says("could not be read");
    }
}

/// Words above the footer are whole: in as many lines as they need, or behind a key.
#[test]
fn what_is_said_is_never_cut() {
    let mut play = on_pair("cross-project");
    play.resize(40, 12);
    play.keys("a")
        .says("Only a federated caller brings")
        .says("(F12 all of it)");
    play.keys("<F12>")
        .says("this one is known by its address.")
        .keys("<Esc>");
    play.hang_up();
    play.keys("r").says("(F12 all, Esc)");
    play.keys("<F12>")
        .says("what was said last")
        .says("Not read again; this is as of");
    play.keys("<Esc><Esc><Esc>").never_says("Not read again");
    play.keys("e").says("what was said last");
}

/// What is asked of an administrator is worded whole: what is amiss, the roles, on what, and the commands.
#[test]
fn a_key_words_the_request_to_an_administrator() {
    let mut play = Opening {
        estate: "large",
        viewer: Some("user:ana@example.com"),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.says("R word a request to an administrator");
    play.keys("R")
        .says("a request to an administrator: y copies it")
        .says("What is likely amiss:")
        .keys("/denyReviewer<Enter>")
        .says("roles/iam.denyReviewer")
        .keys("y");
    let copied = play.copied().unwrap();
    for words in [
        "Granted on the caller's own project.",
        "roles/iam.serviceAccountTokenCreator",
        "gcloud organizations add-iam-policy-binding 1001",
        "roles/iam.serviceAccountViewer",
        "--member=user:ana@example.com",
        "This is asked by user:ana@example.com.",
    ] {
        assert!(copied.contains(words), "no {words} in\n{copied}");
    }
    // Where only a grant is missing, it is asked for as elsewhere.
    let mut play = on_pair("cross-project");
    play.never_says("R word a request").keys("Ry");
    let copied = play.copied().unwrap();
    assert!(
        copied.contains("Please grant one role on one service account."),
        "{copied}"
    );
    play.keys("<Esc>fgrant<Enter><Esc>R")
        .says("Nothing has to be asked for");
}
