//! `fix`, `undo`, `history` on an emulator that keeps what they do.

use serde_json::{Value, json};

use super::common::{CALLER, Emulator, Home, TARGET, call, is_empty};

const PAIR: [&str; 4] = ["--caller", CALLER, "--target", TARGET];
const ROLE: &str = "roles/iam.serviceAccountTokenCreator";

fn fix(emulator: &Emulator, home: &Home, more: &[&str]) -> super::common::Ran {
    let mut all = vec!["fix"];
    all.extend(PAIR);
    all.extend(more);
    emulator.run(home, &all)
}

/// A policy's text without its etag, every other byte as it came.
fn bytes(mut policy: Value) -> String {
    policy.as_object_mut().unwrap().shift_remove("etag");
    policy.to_string()
}

#[test]
fn yes_adds_one_binding_and_nothing_else_and_a_second_run_changes_nothing() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let before = emulator.policy();
    let ran = fix(&emulator, &home, &["--yes", "--format=json"]);
    let json = ran.ends(0).json();
    assert_eq!(json["applied"], true);
    assert_eq!(json["verdictAfter"], "CAN_ACCESS");
    assert_eq!(json["verifiedBy"], "a real token was minted");
    assert_eq!(json["repair"]["role"], ROLE);
    assert_eq!(json["repair"]["member"], CALLER);
    assert_eq!(json["repair"]["recommended"], true);
    assert_eq!(json["before"], before);

    let after = emulator.policy();
    assert_eq!(json["after"], after);
    let mut expected = before.clone();
    expected["bindings"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "role": ROLE, "members": [CALLER] }));
    assert_eq!(bytes(after.clone()), bytes(expected));

    let again = fix(&emulator, &home, &["--yes"]);
    again.ends(0);
    assert!(again.out.contains("nothing to do"), "{}", again.out);
    let again = fix(&emulator, &home, &["--yes", "--format=json"])
        .ends(0)
        .json();
    assert_eq!(again["applied"], false);
    assert_eq!(again["history"], Value::Null);
    assert_eq!(
        emulator.policy(),
        after,
        "the etag moved: something was written"
    );

    let listed = emulator.run(&home, &["history", "--format=json"]);
    let listed = listed.ends(0).json();
    assert_eq!(listed["changes"].as_array().unwrap().len(), 1);
    assert_eq!(listed["changes"][0]["id"], json["history"]);
    assert_eq!(listed["changes"][0]["state"], "APPLIED");
    assert_eq!(listed["changes"][0]["standing"], "IN_FORCE");
    assert_eq!(listed["changes"][0]["standingWords"], "in force");

    // Somebody else takes it out, and puts it back.
    for (policy, standing) in [(&before, "NOT_THERE"), (&after, "IN_FORCE")] {
        let mut policy = policy.clone();
        policy.as_object_mut().unwrap().shift_remove("etag");
        emulator.set_policy(&policy);
        let listed = emulator.run(&home, &["history", "--format=json"]);
        let change = &listed.ends(0).json()["changes"][0];
        assert_eq!(change["state"], "APPLIED");
        assert_eq!(change["standing"], standing);
    }
    // A demo has a history of its own.
    let demo = home.run(&["history", "--format=json", "--demo"]);
    assert_eq!(demo.ends(0).json()["changes"], json!([]));
    // Where it was not made, nobody is asked.
    let elsewhere = home.run(&["history", "--format=json"]);
    let change = &elsewhere.ends(0).json()["changes"][0];
    assert_eq!(change["standing"], Value::Null);
    assert_eq!(change["standingWords"], Value::Null);

    let undone = emulator.run(&home, &["undo", "--format=json"]);
    assert_eq!(undone.ends(0).json()["undone"], true);
    assert_eq!(bytes(emulator.policy()), bytes(before));
    let undone = emulator.run(&home, &["undo", json["history"].as_str().unwrap()]);
    assert!(
        undone.ends(0).out.contains("it was undone before"),
        "{}",
        undone.out
    );
    emulator
        .run(&home, &["undo"])
        .ends(2)
        .says("nothing to take back");
}

/// A policy tells at once, and counts later: what was granted a moment ago is said to be on its way.
#[test]
fn a_grant_that_does_not_count_yet_is_said_to_be_on_its_way() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project", "--propagation", "1h"]);
    let explained = |more: &[&str]| {
        let mut all = vec!["explain", "--format=json"];
        all.extend(PAIR);
        all.extend(more);
        emulator.run(&home, &all)
    };
    let kinds = |ran: super::common::Ran| -> Vec<String> {
        let json = ran.json();
        let causes = json["causes"].as_array().unwrap();
        causes
            .iter()
            .map(|c| c["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    let young = ["MAY_BE_PROPAGATING"];
    let fixed = fix(&emulator, &home, &["--yes", "--format=json"]);
    assert_eq!(fixed.json()["applied"], true);
    let mint = format!(
        "{}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
        emulator.url
    );
    let body = r#"{"scope": ["https://www.googleapis.com/auth/cloud-platform"]}"#;
    assert_eq!(call(&mint, CALLER, body)["error"]["code"], 403);

    let ran = explained(&[]);
    assert_eq!(ran.ends(0).json()["outcome"], "WOULD_SUCCEED");
    assert_eq!(kinds(ran), young);
    // `fix` knows it too: there is nothing to write, and it says why it may still be refused.
    let again = fix(&emulator, &home, &["--yes"]);
    again.ends(0);
    let said = format!("{}{}", again.out, again.err);
    assert!(said.contains("nothing to do"), "{said}");
    assert!(
        said.contains("may act as bq-privileged by what the policies say"),
        "{said}"
    );
    // The same grant, and nothing is known of when it was made: another permission, another home.
    let signing = ["--permission", "iam.serviceAccounts.signBlob"];
    assert!(kinds(explained(&signing)).is_empty());
    let mut elsewhere = vec!["explain", "--format=json"];
    elsewhere.extend(PAIR);
    assert!(kinds(emulator.run(&Home::new(), &elsewhere)).is_empty());

    emulator.run(&home, &["undo"]).ends(0);
    let ran = explained(&[]);
    assert_eq!(ran.ends(1).json()["outcome"], "WOULD_FAIL");
    assert!(!kinds(ran).contains(&young[0].to_owned()));
}

#[test]
fn nothing_is_written_unless_it_is_asked_for() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let before = emulator.policy();
    let dry = fix(&emulator, &home, &["--dry-run"]);
    dry.ends(0);
    assert!(
        dry.out.contains("+   - serviceAccount:run-processor"),
        "{}",
        dry.out
    );
    assert!(
        dry.out
            .contains("gcloud iam service-accounts add-iam-policy-binding")
    );
    let json = fix(&emulator, &home, &["--dry-run", "--yes", "--format=json"])
        .ends(0)
        .json();
    assert_eq!(json["applied"], false);
    // Stdin is no terminal here.
    fix(&emulator, &home, &[])
        .ends(2)
        .says("look at the plan above, then: bindscope fix --caller")
        .says(" --yes --endpoint ");
    fix(&emulator, &home, &["--yes", "--read-only"])
        .ends(2)
        .says("--read-only");
    assert_eq!(emulator.policy(), before);
    assert!(is_empty(&home.path("state/bindscope")));
}

#[test]
fn a_grant_may_be_for_a_time_and_of_another_role() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let json = fix(
        &emulator,
        &home,
        &["--yes", "--expires", "2h", "--format=json"],
    )
    .ends(0)
    .json();
    let condition = json["repair"]["condition"]["expression"].as_str().unwrap();
    assert!(
        condition.starts_with("request.time < timestamp("),
        "{condition}"
    );
    let after = emulator.policy();
    assert_eq!(after["version"], 3);
    assert_eq!(after["bindings"][2]["condition"]["expression"], condition);

    let other = Emulator::start(&home, &["--demo", "cross-project"]);
    let json = fix(
        &other,
        &home,
        &[
            "--yes",
            "--role",
            "roles/iam.workloadIdentityUser",
            "--format=json",
        ],
    );
    assert_eq!(
        json.ends(0).json()["repair"]["role"],
        "roles/iam.workloadIdentityUser"
    );
    let useless = fix(
        &other,
        &home,
        &[
            "--yes",
            "--role",
            "roles/viewer",
            "--permission",
            "iam.serviceAccounts.signBlob",
        ],
    );
    useless.ends(1);
    assert!(
        useless
            .out
            .contains("no binding with the role roles/viewer would mend this"),
        "{}",
        useless.out
    );
}

#[test]
fn what_no_binding_mends_ends_with_one_and_says_who_could() {
    let home = Home::new();
    for demo in ["denied", "boundary", "disabled", "api-off"] {
        let emulator = Emulator::start(&home, &["--demo", demo]);
        let before = emulator.policy();
        let ran = fix(&emulator, &home, &["--yes"]);
        ran.ends(1);
        assert!(
            ran.out.contains("no binding would mend this"),
            "{demo}: {}",
            ran.out
        );
        let json = fix(&emulator, &home, &["--yes", "--format=json"])
            .ends(1)
            .json();
        assert_eq!(json["applied"], false);
        assert_eq!(json["repair"], Value::Null);
        assert_eq!(emulator.policy(), before, "{demo}");
    }
}

#[test]
fn who_may_not_write_gets_a_letter() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let before = emulator.policy();
    // Ben may review every policy, and change none.
    let token = home.write("reader.token", "user:ben@example.com");
    let token = token.to_str().unwrap();
    let options = [
        "--endpoint",
        &emulator.url,
        "--access-token-file",
        token,
        "fix",
        "--yes",
    ];
    let all: Vec<&str> = options.into_iter().chain(PAIR).collect();
    let ran = home.run(&all);
    ran.ends(2)
        .says("you lack iam.serviceAccounts.setIamPolicy; nothing was changed")
        .says("next: ");
    assert!(
        ran.out
            .contains("gcloud iam service-accounts add-iam-policy-binding"),
        "{}",
        ran.out
    );
    assert_eq!(emulator.policy(), before);
}

#[test]
fn two_at_once_lose_nothing() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let others = ["a", "b", "c"].map(|name| format!("user:{name}@example.com"));
    std::thread::scope(|scope| {
        for member in &others {
            let (emulator, home) = (&emulator, &home);
            scope.spawn(move || {
                let all = ["fix", "--caller", member, "--target", TARGET, "--yes"];
                emulator.run(home, &all).ends(0);
            });
        }
    });
    let policy = emulator.policy();
    let members: Vec<&Value> = policy["bindings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|b| b["role"] == ROLE)
        .flat_map(|b| b["members"].as_array().unwrap())
        .collect();
    for member in &others {
        assert!(
            members.contains(&&json!(member)),
            "{member} is not in {members:?}"
        );
    }
}

#[test]
fn undo_leaves_what_others_changed_since() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    fix(&emulator, &home, &["--yes"]).ends(0);
    let mut policy = emulator.policy();
    policy["bindings"][2]["members"]
        .as_array_mut()
        .unwrap()
        .push(json!("user:later@example.com"));
    emulator.set_policy(&policy);
    emulator.run(&home, &["undo"]).ends(0);
    let after = emulator.policy();
    assert_eq!(
        after["bindings"][2]["members"],
        json!(["user:later@example.com"])
    );
}

#[test]
fn a_change_made_elsewhere_is_not_taken_back_here() {
    let home = Home::new();
    let one = Emulator::start(&home, &["--demo", "cross-project"]);
    let id = fix(&one, &home, &["--yes", "--format=json"]).ends(0).json()["history"].clone();
    let two = Emulator::start(&home, &["--demo", "cross-project"]);
    let ran = two.run(&home, &["undo", id.as_str().unwrap()]);
    ran.ends(2).says(&one.url);
    two.run(&home, &["undo", "no-such-id"])
        .ends(2)
        .says("no change 'no-such-id'");
}

/// What a federated caller brings decides whether anything is missing at all.
#[test]
fn a_federated_callers_attributes_count_in_a_plan_too() {
    let home = Home::new();
    let caller = "principal://iam.googleapis.com/projects/630184729503/locations/global/\
                  workloadIdentityPools/github/subject/repo:example-org/billing:ref:refs/heads/main";
    let plan = |attribute: &str| {
        let said = format!("--attribute=repository={attribute}");
        let mut args = vec!["--demo=github", "fix", "--dry-run", "--format=json"];
        args.extend(["--caller", caller, "--target", TARGET, &said]);
        home.run(&args).ends(0).json()
    };
    let missing = plan("example-org/billing");
    // An attribute for an attribute.
    let member = "principalSet://iam.googleapis.com/projects/630184729503/locations/global/\
                  workloadIdentityPools/github/attribute.repository/example-org/billing";
    assert_eq!(missing["repair"]["member"], member);
    assert_eq!(plan("example-org/billing-api")["repair"], Value::Null);
}

/// The emulator cuts connections, before and after a write has arrived, and does not end by itself.
#[test]
fn writes_that_are_cut_off_are_made_once() {
    let faults = [
        "POST *:setIamPolicy #1 = reset",
        "POST *:setIamPolicy #1-4 = reset",
        "POST *:setIamPolicy #1 = reset after",
        "POST *:setIamPolicy #1-2 = 503; POST *:setIamPolicy #3 = reset after",
    ];
    // Side by side: each mostly waits to try again.
    std::thread::scope(|scope| {
        for fault in faults {
            scope.spawn(move || is_made_once_under(fault));
        }
    });
}

fn is_made_once_under(faults: &str) {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project", "--faults", faults]);
    let before = emulator.policy();
    let ran = fix(&emulator, &home, &["--yes", "--format=json"]);
    let json = ran.ends(0).json();
    assert_eq!(json["applied"], true, "{faults}");
    let members = |policy: &Value| policy.to_string().matches(CALLER).count();
    assert_eq!(
        members(&emulator.policy()),
        members(&before) + 1,
        "{faults}"
    );
    emulator.run(&home, &["undo"]).ends(0);
    assert_eq!(bytes(emulator.policy()), bytes(before), "{faults}");
}
