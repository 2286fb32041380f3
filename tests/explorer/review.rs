//! The findings of a review: listed, opened, followed, copied, taken along, left.

use std::collections::BTreeSet;

use bindscope::answer::reviewed::{ReviewAnswer, suppressions};
use bindscope::evaluate::review::{ReviewOptions, Severity};
use bindscope::tui::model::ReviewKnown;
use serde_json::{Value, json};

use crate::play::{Opening, Play};

const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const A: &str = "a@app.iam.gserviceaccount.com";
const V: &str = "v@vault.iam.gserviceaccount.com";
/// Where a pair is chosen letters are text.
const REVIEW: &str = "<F2>review<Enter>";
const AT: &str = "2026-11-24T12:00:00Z";

fn estate(policies: Value) -> Value {
    let account = |email: &str, project: &str, id: &str| {
        json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id })
    };
    json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "example.com", "directoryCustomerId": "C0example" }],
        "projects": [
            { "name": "projects/3001", "projectId": "app", "parent": "organizations/1001" },
            { "name": "projects/3002", "projectId": "vault", "parent": "organizations/1001" }],
        "serviceAccounts": [account(A, "app", "1"), account(V, "vault", "3")],
        "iamPolicies": policies
    })
}

/// Everybody becomes `a`, which becomes `v`, the owner of its project; and a binding that is over.
fn troubled() -> Value {
    let over =
        json!({ "title": "t", "expression": "request.time < timestamp('2020-01-01T00:00:00Z')" });
    estate(json!({
        format!("//iam.googleapis.com/projects/app/serviceAccounts/{A}"): { "version": 3, "bindings": [
            { "role": TOKEN_CREATOR, "members": ["allUsers", "user:ana@example.com"] },
            { "role": TOKEN_CREATOR, "members": ["user:bob@example.com"], "condition": over }] },
        format!("//iam.googleapis.com/projects/vault/serviceAccounts/{V}"): { "bindings": [
            { "role": TOKEN_CREATOR, "members": [format!("serviceAccount:{A}")] }] },
        "//cloudresourcemanager.googleapis.com/projects/vault": { "bindings": [
            { "role": "roles/owner", "members": [format!("serviceAccount:{V}")] }] },
    }))
}

fn known(text: &str) -> ReviewKnown {
    ReviewKnown {
        options: ReviewOptions {
            sees_all_projects: true,
            ..ReviewOptions::default()
        },
        suppressions: suppressions(text).unwrap(),
        ..ReviewKnown::default()
    }
}

fn opened(facts: &Value, left: &str, size: (u16, u16)) -> Play {
    Opening {
        facts: Some(facts.to_string()),
        size,
        review: known(left),
        ..Opening::default()
    }
    .play()
}

/// What the command says of the same facts: rule to id.
fn by_command(facts: &Value) -> Vec<(String, String)> {
    let estate = bindscope::estate::file::read_text("facts", &facts.to_string()).unwrap();
    let answer = ReviewAnswer::new(
        &estate,
        AT.parse().unwrap(),
        &known("").options,
        Severity::Low,
        &[],
        &mut |_| true,
    );
    let all = answer.unwrap().findings.into_iter();
    all.map(|one| (one.finding.rule.id().to_owned(), one.finding.id))
        .collect()
}

fn id_of(facts: &Value, rule: &str) -> String {
    let all = by_command(facts);
    let found = all.iter().find(|(other, _)| other == rule);
    found
        .unwrap_or_else(|| panic!("no {rule} in {all:?}"))
        .1
        .clone()
}

#[test]
fn findings_are_the_command_s_and_lie_by_their_weight() {
    let facts = troubled();
    let mut play = opened(&facts, "", (120, 40));
    play.keys(REVIEW)
        .says("findings, as of ")
        .says("1 critical, 1 high, 0 medium, 1 low")
        .says("severity▼")
        .says(" 1 of 3 ");
    let screen = play.screen();
    let at = |words: &str| {
        screen
            .find(words)
            .unwrap_or_else(|| panic!("{words}\n{screen}"))
    };
    assert!(
        at("PUBLIC_IMPERSONATION") < at("CONDITION_EXPIRED"),
        "{screen}"
    );
    // What nothing tells of is said, and is not "none".
    play.says("Not judged, or not everywhere: KEYS_OLD_OR_MANY, POWERFUL_ROLE_UNUSED.");
    play.keys("SJSON to the<Enter>");
    let told: Value = serde_json::from_str(play.copied().unwrap()).unwrap();
    let rows = told["findings"].as_array().unwrap().iter();
    let ids: BTreeSet<&str> = rows.map(|row| row["id"].as_str().unwrap()).collect();
    let wanted = by_command(&facts);
    assert_eq!(ids, wanted.iter().map(|(_, id)| &**id).collect(), "{told}");
    assert_eq!(told["notJudged"][0]["rule"], "KEYS_OLD_OR_MANY", "{told}");
    // By another column, and by a filter of one.
    play.keys("ss").says("rule▲").keys("hh").says("severity▼");
    play.keys("/rule:EXPIRED").says("1 of 1, 3 in all");
    play.keys("<Enter>y");
    assert_eq!(play.copied(), Some(&*id_of(&facts, "CONDITION_EXPIRED")));
}

#[test]
fn a_finding_is_told_whole_and_leads_on_and_back() {
    let facts = troubled();
    let mut play = opened(&facts, "", (120, 60));
    play.keys(REVIEW).keys("/rule:PATH<Enter>");
    play.keys("<Enter>")
        .says("finding PATH_TO_OWNER")
        .says(&id_of(&facts, "PATH_TO_OWNER"))
        .says("by which way")
        .says("by which bindings")
        .says("roles/owner to serviceAccount:v@vault.iam.gserviceaccount.com on projects/vault")
        .says("what mends it")
        .says("- serviceAccount:a@app.iam.gserviceaccount.com")
        .says("what leaves it")
        .says("[[suppress]]");
    let page = play.picture();
    play.keys("y");
    assert_eq!(play.copied(), Some(&*id_of(&facts, "PATH_TO_OWNER")));
    // The lines that leave it are read by the command, once a reason stands there.
    play.keys("Y");
    let lines = play.copied().unwrap().to_owned();
    let refused = suppressions(&lines).unwrap_err();
    assert!(refused.contains("no reason"), "{refused}");
    let kept = suppressions(&lines.replace("reason = \"\"", "reason = \"known\"")).unwrap();
    assert_eq!(kept[0].id, id_of(&facts, "PATH_TO_OWNER"));
    assert_eq!(kept[0].until.to_string(), "2027-02-22");
    // To an account that it names, and back; to a pair, and back.
    play.keys("<Enter>")
        .says("ask about which?")
        .says("who can reach v@vault");
    play.keys("who can reach v@vault<Enter>")
        .says("who can reach v@vault")
        .says("read at")
        .keys("<Esc>");
    assert!(play.picture() == page, "{}", play.screen());
    play.keys("<Enter>ana a@app<Enter>")
        .says("caller ana@example.com")
        .says("where bindings are")
        .keys("<Esc>")
        .says("finding PATH_TO_OWNER")
        .keys("<Esc>")
        .says("/ rule:PATH")
        .says("1 of 1, 3 in all")
        .keys("<Esc>")
        .says(" of 3 ")
        .keys("q")
        .says("Who calls");
}

/// What somebody left is listed last, says until when, and does not count; what leaves nothing is said.
#[test]
fn suppressions_count_as_the_command_counts_them() {
    let facts = troubled();
    let public = id_of(&facts, "PUBLIC_IMPERSONATION");
    let left = format!(
        "[[suppress]]\nid = \"{public}\"\nreason = \"a demo\"\nuntil = \"2027-06-30\"\n[[suppress]]\nid = \"0123456789abcdef\"\nreason = \"gone\"\nuntil = \"2027-06-30\"\n"
    );
    let mut play = opened(&facts, &left, (120, 40));
    play.keys(REVIEW)
        .says("0 critical, 1 high, 0 medium, 1 low, 1 suppressed")
        .says("until 2027-06-30")
        .says("The suppression is of a finding that is not there: 0123456789abcdef.");
    let screen = play.screen();
    let at = |words: &str| {
        screen
            .find(words)
            .unwrap_or_else(|| panic!("{words}\n{screen}"))
    };
    assert!(
        at("CONDITION_EXPIRED") < at("PUBLIC_IMPERSONATION"),
        "{screen}"
    );
    play.keys("/PUBLIC<Enter><Enter>")
        .says("It is suppressed until 2027-06-30: a demo");
}

#[test]
fn nothing_found_is_not_said_of_what_was_not_looked_at() {
    let mut play = opened(&estate(json!({})), "", (80, 24));
    play.keys(REVIEW)
        .says("Nothing was found in what was looked at, which is not everything.")
        .says("Not judged, or not everywhere: KEYS_OLD_OR_MANY, POWERFUL_ROLE_UNUSED.");
    let hidden = Opening {
        viewer: Some("user:nobody@example.com"),
        facts: Some(troubled().to_string()),
        size: (120, 40),
        ..Opening::default()
    };
    let mut play = hidden.play();
    play.keys(REVIEW).never_says("and everything was looked at");
}

/// It is worked out elsewhere, says how far it is, and ends where nobody waits for it any more.
#[test]
fn a_review_is_left_while_it_is_under_way() {
    let mut play = opened(&troubled(), "", (120, 40));
    play.press(REVIEW)
        .until("Reviewing … ")
        .says("of 10 steps are done. Esc stops.");
    play.press("<Esc>");
    play.settle();
    play.says("Who calls");
    play.keys(REVIEW).says(" 1 of 3 ");
    // Read again: what was found stands there until there is more.
    play.keys("jr").says(" 2 of 3 ");
}

/// Another table in its place ends it too, and it is there again when it is asked for again.
#[test]
fn a_review_ends_where_another_table_takes_its_place() {
    let mut play = opened(&troubled(), "", (120, 40));
    play.press(REVIEW).until("Reviewing … ").press("<Tab>");
    play.settle();
    play.says("accounts, as of ").never_says("Reviewing");
    play.keys(REVIEW).says(" 1 of 3 ");
    // Stopped, it is not gone on with.
    play.press("r").until("Reviewing … ").press("<Ctrl-c>");
    play.settle();
    play.says("Stopped.").never_says(" of 3 ");
    play.keys("<Esc>").keys(REVIEW).says(" 1 of 3 ");
}

/// What lies below a table that was read anew is of the new reading too.
#[test]
fn findings_below_a_table_that_is_read_again_are_made_again() {
    let mut play = opened(&troubled(), "", (120, 40));
    play.keys(REVIEW).keys("/rule:PATH<Enter><Enter>");
    play.keys("<Enter>accounts of vault<Enter>")
        .says("accounts, as of ")
        .keys("r<Esc><Esc>")
        .says("finding PATH_TO_OWNER")
        .keys("<Esc>")
        .says("findings, as of ")
        .says("1 of 1, 3 in all");
}

#[test]
fn every_screen_has_room_for_it() {
    for (width, height) in [(40, 12), (80, 24), (120, 40), (200, 50)] {
        let mut play = opened(&troubled(), "", (width, height));
        play.keys(REVIEW)
            .says("findings")
            .says("critical")
            .says("severity▼");
        play.keys("<Enter>").says("finding ").says("critical");
        play.keys("<Enter>").says("ask about which?");
    }
}
