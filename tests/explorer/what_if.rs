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
        .says("While something is switched, no policy is changed: Backspace takes all back first.")
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
        .says("Nothing was read there that could be switched");
}

/// A deny rule is switched off: by its own row, and by its level's, where it is all that is there.
#[test]
fn a_deny_rule_is_switched_off() {
    let mut play = Opening::story(story("denied")).play();
    play.says("▸   ┠ ⊘ deny rule 1").says("the call would fail");
    for to in ["", "k"] {
        play.keys(to);
        play.keys("<Space>")
            .says("✓ what if: the call would succeed")
            .says("WHAT IF 1 switched, nothing written; as read: would fail.")
            .says("off: deny rule 1 for principalSet://goog/public:all on data")
            .says("✗ deny rule 1 principalSet://goog/public:all switched off, what if")
            .never_says("⊘");
        play.keys("<Space>")
            .says("⊘ deny rule 1")
            .says("✗ the call would fail")
            .never_says("WHAT IF");
    }
    // In the causes, what is blamed.
    play.keys("<Tab><Space>")
        .says("what if: the call would succeed")
        .keys("<BS>")
        .says("denied here");
    // Nothing was sent that writes.
    play.keys("L")
        .says("calls to Google Cloud")
        .never_says("setIamPolicy")
        .never_says("PATCH")
        .never_says("PUT ");
}

/// A boundary's binding is switched off, or one of its rules.
#[test]
fn a_boundary_and_its_rules_are_switched_off() {
    let mut play = Opening::story(story("boundary")).play();
    play.says("▸       ├ ▣ boundary").keys("<Space>");
    play.says("✓ what if: the call would succeed")
        .says("off: boundary Production only")
        .says("✗ boundary Production only switched off, what if")
        .keys("<Space>")
        .says("outside boundary")
        .never_says("WHAT IF");
    let mut play = Opening {
        size: (120, 40),
        ..Opening::story(story("boundary-deny-only"))
    }
    .play();
    play.says("may leave the target out");
    // The rule below it, once the level is unfolded: a boundary without rules shuts nobody out.
    play.keys("G<Left>")
        .keys("<Right>")
        .says("rule 1 DENY folder prod");
    play.keys("/rule 1<Enter>").keys("<Space>");
    play.says("✓ what if: the call would succeed")
        .says("off: rule 1, DENY folder prod")
        .keys("<BS>")
        .never_says("WHAT IF");
}

/// A condition is supposed to hold, as a whole or by one of its clauses; what others of it say counts as before.
#[test]
fn a_condition_and_its_clauses_are_supposed_to_hold() {
    let mut play = Opening::story(story("conditional")).play();
    play.keys("/request.time<Enter>")
        .says("▸")
        .keys("<Space>")
        .says("✓ what if: the call would succeed")
        .says("WHAT IF 1 switched, nothing written; as read: would fail.")
        .says("✗ if request.time < time…")
        .says("supposed true, what if")
        .says("true: request.time < timestamp(");
    play.keys("<Space>")
        .says("403 until granted")
        .says("false now")
        .never_says("WHAT IF");
    // One that cannot be read at all is supposed as a whole.
    let mut play = Opening::story(story("condition-broken")).play();
    play.keys("/getHours<Enter><Space>")
        .says("what if: the call would succeed");
    // A clause of several: the verdict is that of the others.
    let facts = |second: &str| {
        format!(
            r#"{{"organizations":[{{"name":"organizations/1","displayName":"example.com"}}],
            "projects":[{{"name":"projects/11","projectId":"p","parent":"organizations/1"}}],
            "serviceAccounts":[
              {{"name":"projects/p/serviceAccounts/a@p.iam.gserviceaccount.com","projectId":"p","email":"a@p.iam.gserviceaccount.com","uniqueId":"1"}},
              {{"name":"projects/p/serviceAccounts/b@p.iam.gserviceaccount.com","projectId":"p","email":"b@p.iam.gserviceaccount.com","uniqueId":"2"}}],
            "iamPolicies":{{
              "//iam.googleapis.com/projects/p/serviceAccounts/b@p.iam.gserviceaccount.com":{{"version":3,"bindings":[
                {{"role":"roles/iam.serviceAccountTokenCreator","members":["serviceAccount:a@p.iam.gserviceaccount.com"],
                 "condition":{{"title":"t","expression":"request.time < timestamp('2020-01-01T00:00:00Z') && {second}"}}}}]}}}}}}"#
        )
    };
    for (second, name, outcome) in [
        (
            "request.time > timestamp('2019-01-01T00:00:00Z')",
            "2019",
            "✓ what if: the call would succeed",
        ),
        (
            "request.time > timestamp('2039-01-01T00:00:00Z')",
            "2039",
            "✗ what if: the call would fail",
        ),
        (
            "'x' in request.auth.access_levels",
            "access_levels",
            "? what if: ",
        ),
    ] {
        let mut play = Opening {
            facts: Some(facts(second)),
            pair: Some(("a@p.iam.gserviceaccount.com", "b@p.iam.gserviceaccount.com")),
            size: (200, 40),
            ..Opening::default()
        }
        .play();
        play.keys("G<Left>").keys("<Right>");
        play.keys("/2020<Enter><Space>")
            .says(outcome)
            .says("if request.time < timestamp('2020-01-01T00:00:00Z') supposed true, what if")
            .says(second);
        play.keys("<Space>")
            .says("request.time < timestamp('2020-01-01T00:00:00Z') false now")
            .never_says("WHAT IF");
        // Both, each by itself.
        play.keys("<Space>")
            .keys(&format!("/<Ctrl-u>{name}<Enter><Space>"))
            .says("✓ what if: the call would succeed")
            .says("WHAT IF 2 switched");
    }
}

/// What an organization policy keeps out may be let in, what if; and what a fix would add then is switched on.
#[test]
fn an_organization_policy_is_switched_off() {
    let mut play = Opening::story(story("domain-restricted")).play();
    play.says("⊘ organization policy iam.allowed")
        .says("Domains refuses the grant")
        .says("the grant would be refused");
    play.keys("/organization policy<Enter>").keys("<Space>");
    play.says("off: organization policy iam.allowedPolicyMemberDomains on example.com")
        .says("╌ Token Creator")
        .never_says("the grant would be refused");
    play.keys("G<Space>")
        .says("✓ what if: the call would succeed")
        .says("WHAT IF 2 switched");
    play.keys("<BS>").says("the grant would be refused");
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
    play.keys("F").says("would mend this");
}
