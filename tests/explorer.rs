//! The explorer, played: each test is keys and what the screen then says.

mod common;

use bindscope::answer::signs::Glyphs;
use bindscope::emulator::stories::Story;
use bindscope::estate::Assumption;
use bindscope::iam::Resource;
use bindscope::tui::Leave;
use bindscope::tui::keys::keymap::{KeyContext, TABLE};
use bindscope::tui::look::theme::Theme;
use bindscope::tui::message::Message;
use common::{Opening, Play, parse};
use ratatui::style::{Color, Modifier};
use serde_json::Value;

const CALLER: &str = "run-processor@app-prod.iam.gserviceaccount.com";
const TARGET: &str = "bq-privileged@data-vault.iam.gserviceaccount.com";

fn demo(estate: &'static str) -> Play {
    Opening {
        estate,
        ..Opening::default()
    }
    .play()
}

fn on_pair(estate: &'static str) -> Play {
    Opening {
        estate,
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play()
}

/// The members of Token Creator on the target.
fn creators(play: &Play) -> Vec<String> {
    let policy = play.policy("data-vault", TARGET);
    let bindings = policy["bindings"].as_array().cloned().unwrap_or_default();
    bindings
        .iter()
        .filter(|b| b["role"] == "roles/iam.serviceAccountTokenCreator")
        .flat_map(|b| b["members"].as_array().cloned().unwrap_or_default())
        .map(|m| m.as_str().unwrap().to_owned())
        .collect()
}

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

/// Every built-in story at the three sizes: what is seen first.
#[test]
fn every_story_shows_its_answer_at_every_size() {
    for story in bindscope::emulator::stories::index() {
        if story.name == "large" {
            continue;
        }
        let mut play = Opening::story(story).play();
        insta::assert_snapshot!(format!("{}-80x24", story.name), play.steady());
        play.resize(40, 12);
        play.says("where bindings are").says("why");
        insta::assert_snapshot!(format!("{}-40x12", story.name), play.steady());
        play.resize(160, 45);
        play.says("policy of");
        insta::assert_snapshot!(format!("{}-160x45", story.name), play.steady());
    }
}

/// What `f` shows for every story: the change, or why there is none.
#[test]
fn every_story_shows_its_fix_or_why_there_is_none() {
    for story in bindscope::emulator::stories::index() {
        if story.name == "large" {
            continue;
        }
        let mut play = Opening {
            size: (100, 40),
            ..Opening::story(story)
        }
        .play();
        play.keys("f");
        insta::assert_snapshot!(format!("fix-{}", story.name), play.steady());
    }
}

/// The story of that name.
fn story(name: &str) -> &'static Story {
    let mut all = bindscope::emulator::stories::index().iter();
    all.find(|s| s.name == name).unwrap()
}

/// What is copied as a command, pasted into a shell, finds the plan that the explorer shows.
#[test]
fn what_is_copied_as_a_command_plans_the_same() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_bindscope"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let home = tempfile::tempdir().unwrap();
    let pasted = |line: &str| {
        let output = std::process::Command::new("sh")
            .args(["-c", line])
            .env_clear()
            .env("PATH", &path)
            .env("HOME", home.path())
            .env("NO_PROXY", "127.0.0.1")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code(), json, words)
    };
    let index = include_str!("../assets/estates/index.json");
    let index: Vec<Value> = serde_json::from_str(index).unwrap();
    let offered = index
        .iter()
        .filter(|s| s["repairable"] == true && s["name"] != "large");
    for entry in offered {
        let name = entry["name"].as_str().unwrap();
        let mut play = Opening {
            size: (200, 60),
            ..Opening::story(story(name))
        }
        .play();
        play.keys("y").keys("fix, as<Enter>");
        let line = play.copied().unwrap().to_owned();
        let (code, json, words) = pasted(&format!("{line} --dry-run --format json"));
        assert_eq!(code, Some(0), "{name}: {line}: {words}");
        let repair = &json["repair"];
        play.keys("f").says("NOT applied yet");
        for field in ["role", "member"] {
            // A long one is broken where the line ends; its end is on one.
            let whole = repair[field].as_str().unwrap();
            play.says(whole.rsplit('/').next().unwrap());
        }
        play.keys("y").keys("fix, as<Enter>");
        assert_eq!(play.copied().unwrap(), line, "{name}");
        play.keys("<Esc>").keys("y").keys("explain, as<Enter>");
        let line = play.copied().unwrap().to_owned();
        let (code, json, words) = pasted(&format!("{line} --format json"));
        assert!(matches!(code, Some(1 | 3)), "{name}: {line}: {words}");
        assert_eq!(json["outcome"], entry["expectOutcome"], "{name}");
    }
}

#[test]
fn a_chain_is_built_and_taken_apart() {
    let mut play = Opening {
        via: Vec::new(),
        size: (100, 40),
        ..Opening::story(story("delegation"))
    }
    .play();
    play.never_says(" via ");
    play.keys("v").says("go through which account?");
    play.keys("broker app<Enter>")
        .says("via     token-broker@app-prod.iam.gserviceaccount.com")
        .says("hop 1 of 2")
        .says("hop 2 of 2");
    play.keys("y").keys("explain, as<Enter>");
    let copied = play.copied().unwrap();
    let options = " --via token-broker@app-prod.iam.gserviceaccount.com --at 2026-11-24T12:00:00Z --demo=delegation";
    assert!(copied.ends_with(options), "{copied}");
    // Both ends and what is on the way are no place to go through.
    play.keys("v").says("and then through which account?");
    play.says("not through token-broker@");
    play.keys("<Enter>").never_says("hop 1 of 2");
    // The question before is there, whole.
    play.keys("[").says("hop 1 of 2");
}

#[test]
fn a_typed_address_is_gone_through_too() {
    let mut play = on_pair("cross-project");
    play.keys("v")
        .keys("nobody@elsewhere.iam.gserviceaccount.com");
    play.says("Enter takes the address as it is typed");
    play.keys("<Enter>").says("via     nobody@elsewhere");
}

#[test]
fn what_a_federated_caller_brings_is_said_and_unsaid() {
    let mut play = Opening {
        attributes: Vec::new(),
        ..Opening::story(story("github"))
    }
    .play();
    play.never_says("brings")
        .says("a  say what the caller's token says");
    play.keys("a").says("what does the caller's token say?");
    play.says("a binding asks for it");
    play.keys("repository=example-org/billing<Enter>")
        .says("brings  repository=example-org/billing");
    // An attribute has one value.
    play.keys("a")
        .keys("attribute.repository=example-org/other<Enter>")
        .says("brings  repository=example-org/other")
        .never_says("example-org/billing,");
    play.keys("a")
        .keys("ref=refs/heads/main<Enter>")
        .says("brings  repository=example-org/other, ref=refs/heads/main");
    play.keys("y").keys("explain, as<Enter>");
    let copied = play.copied().unwrap();
    assert!(
        copied.contains(" --attribute repository=example-org/other"),
        "{copied}"
    );
    assert!(
        copied.contains(" --attribute ref=refs/heads/main"),
        "{copied}"
    );
    // And where it was asked.
    assert!(copied.ends_with(" --demo=github"), "{copied}");
    // Picking the same caller again keeps what it brings.
    play.keys("p<Enter><Enter>").says("ref=refs/heads/main");
    play.keys("a<Enter>")
        .never_says("repository=example-org/other");
}

#[test]
fn an_account_brings_no_attributes() {
    let mut play = on_pair("cross-project");
    play.keys("a").says("known by its address");
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
    for row in 0..24 {
        for column in 0..80 {
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
        play.says("No binding would mend this");
    }
}

#[test]
fn typing_filters_and_the_letters_show() {
    let mut play = demo("cross-project");
    play.keys("bqr").says("3 of 10").says("bq-reader");
    assert!(
        play.style_of("bq-reader")
            .add_modifier
            .contains(Modifier::UNDERLINED),
        "matched letters are marked"
    );
    play.keys("<Esc>").never_says("3 of 10");
    play.keys("zzz").says("No account matches");
    play.keys("<Enter>").says("No caller is chosen");
    play.keys("<Ctrl-u>ana@example.com<Enter>priv")
        .says(" ana@example.com → bq-privileged")
        .never_says("zzz");
    play.keys("<Enter>").says("caller, a person");
}

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

#[test]
fn questions_are_gone_through_like_pages() {
    let mut play = on_pair("cross-project");
    play.keys("s").says("caller bq-privileged@data-vault");
    play.keys("[")
        .says("caller run-processor@app-prod")
        .says("403 until granted");
    play.keys("[").says("This is the first question.");
    play.keys("]").says("caller bq-privileged@data-vault");
    play.keys("]").says("This is the newest question.");
    play.keys("[m").says("ask about which permission?");
    play.keys("actas<Enter>").says("act as (attach)");
}

#[test]
fn what_is_copied_is_what_was_asked_for() {
    let mut play = on_pair("cross-project");
    for (typed, holds) in [
        (
            "caller<Enter>",
            "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com",
        ),
        (
            "gcloud command<Enter>",
            "gcloud iam service-accounts add-iam-policy-binding",
        ),
        ("terraform<Enter>", "google_service_account_iam_member"),
        ("json trouble<Enter>", "overallAccessState"),
        ("explain command<Enter>", "bindscope explain --caller"),
        ("full resource<Enter>", "//"),
    ] {
        play.keys("y").keys(typed);
        let copied = play.copied().unwrap();
        assert!(copied.contains(holds), "{typed}: {copied}");
    }
    play.keys("o");
    assert!(
        play.copied()
            .unwrap()
            .starts_with("https://console.cloud.google.com/iam-admin/")
    );
}

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
fn an_unknown_account_is_an_answer() {
    let mut play = Opening {
        pair: Some((CALLER, "bq-priviledged@data-vault.iam.gserviceaccount.com")),
        ..Opening::default()
    }
    .play();
    play.says("There is no service account bq-priviledged@data-vault");
    play.keys("f").says("No binding would mend this");
}

#[test]
fn states_are_told_apart_without_colour_and_without_box_drawing() {
    let mut play = Opening {
        glyphs: Glyphs::Ascii,
        theme: Theme::Mono,
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.says("o Token Creator, off the path");
    let screen = play.screen();
    assert!(screen.is_ascii(), "{screen}");
    let selected = play.keys("<Tab>").style_of(">");
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

/// Keys pressed in every context, hidden ones included: nothing panics, and nothing is written.
#[test]
fn every_key_can_be_pressed_everywhere() {
    let mut play = on_pair("cross-project");
    let leads = [
        "",
        "?",
        ":",
        "f",
        "y",
        "m",
        "H",
        "L",
        "p",
        "!",
        "i",
        "<Enter>",
        "<Tab><Enter>",
    ];
    for lead in leads {
        for entry in TABLE {
            for name in entry.keys {
                if ["q", "Q", "Ctrl-c", "Ctrl-z"].contains(name) {
                    continue;
                }
                play.keys("<Esc><Esc><Esc><Esc>");
                if play.screen().contains("Who calls") {
                    play.keys("<Esc><Esc><Esc>");
                }
                for key in parse(lead) {
                    play.take(Message::Key(key.event()));
                }
                for key in parse(&format!("<{name}>")) {
                    play.take(Message::Key(key.event()));
                }
            }
        }
    }
    play.settle();
    assert!(creators(&play).is_empty());
    assert!(TABLE.iter().any(|e| e.context == KeyContext::Confirm));
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
    let mut play = Opening {
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.take(Message::Viewer("evil\u{1b}[2J\u{202e}".to_owned()));
    play.says("evil\\u{1b}[2J\\u{202e}");
}

#[test]
fn the_large_estate_is_searched_while_it_loads() {
    let mut play = Opening {
        estate: "large",
        ..Opening::default()
    }
    .play();
    play.says("20000 in 500 projects");
    play.keys("runproc<Tab>bqpriv<Enter>")
        .says("403 until granted");
    assert_eq!(
        Resource::parse_account(TARGET).unwrap().id(),
        "bq-privileged@data-vault.iam.gserviceaccount.com"
    );
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
fn a_pasted_error_starts_a_question() {
    let mut play = demo("cross-project");
    let url = "POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com:generateAccessToken";
    let body = r#"{"error":{"code":403,"message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).","status":"PERMISSION_DENIED"}}"#;
    play.paste(&format!("{url}\n{body}"))
        .says("The pasted error names the target. Who called?")
        .says("→ bq-privileged@data-vault");
    play.keys("runproc<Enter><Enter>").says("403 until granted");
    play.paste("a shopping list\n- milk")
        .says("it was left alone");
    play.says("403 until granted");
}

#[test]
fn a_pasted_error_of_another_kind_is_told_and_changes_nothing() {
    let mut play = on_pair("cross-project");
    for (text, says, never) in [
        (
            "ERROR: Permission 'storage.buckets.get' denied on resource (or it may not exist).",
            "Something else was refused, by storage.googleapis.com: the permission storage.buckets.get.",
            "getAccessToken",
        ),
        (
            "googleapi: Error 400: Role roles/iam.ServiceAccountTokenCreator is not supported for this resource., badRequest",
            "roles/iam.serviceAccountTokenCreator is meant",
            "Check the address",
        ),
        (
            "unauthorized_client: Client is unauthorized to retrieve access tokens using this method",
            "Domain-wide delegation",
            "Sign in again",
        ),
        (
            "googleapi: Error 403: Cloud Run Admin API has not been used in project 12 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/run.googleapis.com/overview?project=12 then retry., accessNotConfigured",
            "The API run.googleapis.com is off on the project 12",
            "Who called?",
        ),
    ] {
        play.paste(text).says("The pasted error").says(says);
        let screen = play.screen();
        assert!(!screen.contains(never), "{screen}");
    }
    play.keys("<Esc>").says("403 until granted");
}

#[test]
fn a_pasted_error_of_attaching_asks_for_attaching() {
    let mut play = demo("cross-project");
    play.paste("ERROR: (gcloud.run.deploy) PERMISSION_DENIED: Permission 'iam.serviceaccounts.\nactAs' denied on service account bq-privileged@data-vault.iam.gser\nviceaccount.com (or it may not exist). This command is authenticated as run-processor@app-prod.iam.gserviceaccount.com using the credentials in /tmp/x.json")
        .says("Caller, target and permission are from the pasted error.")
        .says("actAs");
}

#[test]
fn a_pasted_refusal_of_an_exchange_is_told_above_the_question() {
    let mut play = demo("cross-project");
    play.paste("failed to generate Google Cloud federated token for //iam.googleapis.com/projects/700000000022/locations/global/workloadIdentityPools/hub/providers/forge: {\"error\":\"invalid_grant\",\"error_description\":\"The given credential is rejected by the attribute condition.\"}")
        .says("refused by the attribute condition of the provider forge of the pool hub")
        .says("names neither caller nor target");
    play.keys("<Esc>").says("caller");
    assert!(!play.screen().contains("attribute condition"));
}

#[test]
fn who_and_reach_list_ways_and_lead_on() {
    let mut play = on_pair("cross-project");
    play.keys("w")
        .says("who can reach bq-privileged@data-vault")
        .says("terraform@ops-tools")
        .says("Token Creator on data");
    insta::assert_snapshot!("who", play.steady());
    play.keys("<Enter>")
        .says("caller terraform@ops-tools")
        .says("✓ the call would succeed");
    play.keys("x")
        .says("what terraform@ops-tools can reach")
        .says("bq-reader@data-vault");
    insta::assert_snapshot!("reach", play.steady());
    play.keys("<Esc>").says("where bindings are");
}

/// The screens in the README are what the explorer shows.
#[test]
fn the_readme_shows_real_screens() {
    let readme = include_str!("../README.md");
    let between = readme
        .split_once("<!-- screens -->")
        .and_then(|(_, rest)| rest.split_once("<!-- /screens -->"))
        .unwrap()
        .0;
    let shown: Vec<&str> = between
        .split("```text\n")
        .skip(1)
        .map(|block| block.split_once("\n```").unwrap().0)
        .collect();
    assert_eq!(shown.len(), 3);
    let mut play = Opening {
        pair: Some((CALLER, TARGET)),
        at: None,
        ..Opening::default()
    }
    .play();
    let trimmed = |text: &str| common::steady(text).trim_end().to_owned();
    assert_eq!(trimmed(&play.screen()), trimmed(shown[0]));
    play.keys("f");
    assert_eq!(trimmed(&play.screen()), trimmed(shown[1]));
    play.keys("grant<Enter><Esc>");
    assert_eq!(trimmed(&play.screen()), trimmed(shown[2]));
}

#[test]
fn what_an_export_has_no_place_for_is_said_with_the_answer() {
    let mut play = Opening {
        assumptions: vec![Assumption::NoDenyPoliciesInExport],
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.says("Taken for granted: there are no deny policies");
    play.keys("w")
        .says("Taken for granted: there are no deny policies");
}

#[test]
fn who_reaches_an_account_that_does_not_exist_is_told_with_the_nearest() {
    let mut play = Opening {
        pair: Some((CALLER, "bq-priviledged@data-vault.iam.gserviceaccount.com")),
        ..Opening::default()
    }
    .play();
    play.keys("w")
        .says("does not exist: did you mean bq-privileged@data-vault");
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

#[test]
fn the_palette_takes_a_question_and_a_filter() {
    let mut play = demo("cross-project");
    play.keys("<F2>").keys(&format!("why {CALLER} {TARGET}"));
    play.says("why CALLER TARGET")
        .keys("<Enter>")
        .says("403 until granted");
    play.keys(":sa @data /bq<Enter>")
        .says("bq-privileged")
        .never_says("run-frontend");
    play.keys("<Esc><Esc>").says("403 until granted");
}

#[test]
fn the_palette_takes_accounts_as_they_are_printed() {
    let mut play = demo("cross-project");
    play.keys("<F2>")
        .keys("why run-processor@app-prod bq-privileged@data-vault<Enter>")
        .says("caller run-processor@app-prod")
        .says("403 until granted");
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

/// A grant in the wrong place is not said to grant this, nor is there a headline over nothing.
#[test]
fn the_side_panel_says_that_a_grant_is_off_the_path() {
    let mut play = Opening {
        size: (160, 45),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("<Tab>").says("off the target's path");
    for _ in 0..12 {
        let screen = play.screen();
        assert!(
            !screen.contains("Token Creator  roles/iam.serviceAccountTokenCreator  grants this"),
            "{screen}"
        );
        play.keys("j");
    }
    play.never_says("Deny policies");
    play.keys("k").says("No deny policies.");
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

/// Esc goes back to where a question was asked from, with the row that was selected there.
#[test]
fn the_way_back_leads_to_where_one_came_from() {
    let mut play = on_pair("cross-project");
    play.keys("xj").says(" 2 of ");
    play.keys("<Enter>").never_says("can reach");
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
fn filters_are_there_again_after_esc() {
    let mut play = demo("cross-project");
    play.keys("run<Tab>priv<Enter>").says("where bindings are");
    play.keys("<Esc>")
        .says("Who calls")
        .says("run-frontend@app-prod → bq-privileged@data-vault")
        .says("5 of 10");
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

/// Whatever a panel has no room for is reached with the keys that it names.
#[test]
fn nothing_under_why_is_out_of_reach() {
    for story in bindscope::emulator::stories::index() {
        if story.name == "large" {
            continue;
        }
        let mut play = Opening {
            size: (80, 24),
            ..Opening::story(story)
        }
        .play();
        if play.screen().contains("The pasted error") {
            continue;
        }
        for key in ["j", "<PgDn>", "G"] {
            for _ in 0..40 {
                play.press(key);
            }
            play.never_says("more: PgDn").says("Not looked at");
            play.press("g");
        }
    }
}

/// There is one bright mark, and it is where the keys go.
#[test]
fn the_panel_in_focus_is_the_one_with_the_bright_mark() {
    let mut play = on_pair("cross-project");
    let away = play.style_of("▸");
    play.keys("<Tab>");
    let here = play.style_of("▸");
    assert_ne!(away.fg, here.fg);
}
