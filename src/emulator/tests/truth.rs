//! What is enforced, what is explained and what Policy Troubleshooter says are one judgement.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CALLER, OWNED, message, serve};
use crate::emulator::{Options, stories};
use crate::evaluate::{Outcome, Question, explain, troubleshoot};
use crate::iam::{Permission, Principal, Resource};

const AT: &str = "2026-06-01T12:00:00Z";

fn question(story: &stories::Story) -> Question {
    let mut question = Question::new(
        Principal::parse(&story.caller).unwrap(),
        Resource::parse_account(&story.target).unwrap(),
        AT.parse::<Timestamp>().unwrap(),
    );
    if !story.permission.is_empty() {
        question.permission = Permission::parse(&story.permission).unwrap();
    }
    question
}

fn tuple(caller: &str, resource: &str, permission: &str) -> Value {
    json!({ "accessTuple": {
        "principal": caller, "fullResourceName": resource, "permission": permission,
        "conditionContext": { "request": { "receiveTime": AT } },
    } })
}

fn story(name: &str) -> &'static stories::Story {
    stories::index().iter().find(|s| s.name == name).unwrap()
}

/// A token is minted if and only if the explanation says that the call would succeed.
async fn is_enforced_as_explained(name: &str) {
    let story = story(name);
    let known = stories::load(name).unwrap().without_unreadable();
    let mut asked = question(story);
    asked.time = Timestamp::now();
    let method = match asked.permission.as_str() {
        "iam.serviceAccounts.getAccessToken" => "generateAccessToken",
        "iam.serviceAccounts.getOpenIdToken" => "generateIdToken",
        // It is tried where something is made that runs as the account: elsewhere.
        "iam.serviceAccounts.actAs" => "testIamPermissions",
        other => panic!("{other} is not tried here"),
    };
    let outcome = explain(&known, &asked).outcome;
    let http = serve(name, Options::default()).await;
    let body = match method {
        "testIamPermissions" => json!({ "permissions": [story.permission] }),
        _ => json!({ "scope": ["x"], "audience": "https://example.com" }),
    };
    let path = format!("/v1/projects/-/serviceAccounts/{}:{method}", story.target);
    let (status, answer) = http.ask(&story.caller, "POST", &path, body).await;
    let held = method != "testIamPermissions" || answer.get("permissions").is_some();
    assert_eq!(
        status == 200 && held,
        outcome == Outcome::WouldSucceed,
        "{status} {answer}"
    );
    http.running.stop().await;
}

async fn policy_troubleshooter_gives_the_explanation_itself(name: &str) {
    let story = story(name);
    let estate = stories::load(name).unwrap();
    let question = question(story);
    let Some(target) = estate.resolve(&question.target).exists() else {
        return;
    };
    let expected = troubleshoot(&estate, &explain(&estate, &question));
    let http = serve(name, Options::default()).await;
    let body = tuple(
        &story.caller,
        &target.full_name(),
        question.permission.as_str(),
    );
    let (status, answer) = http
        .admin("POST", "/v3beta/iam:troubleshoot", body.clone())
        .await;
    assert_eq!((status, &answer), (200, &expected));
    let (status, mut v3) = http.admin("POST", "/v3/iam:troubleshoot", body).await;
    assert_eq!(status, 200, "{v3}");
    assert!(v3.get("pabPolicyExplanation").is_none());
    v3["pabPolicyExplanation"] = expected["pabPolicyExplanation"].clone();
    let bounded = &expected["pabPolicyExplanation"]["principalAccessBoundaryAccessState"];
    let open = [
        "PAB_ACCESS_STATE_NOT_ALLOWED",
        "PAB_ACCESS_STATE_UNKNOWN_INFO",
    ];
    if open.iter().any(|state| bounded == state) {
        // It judges by allow and deny policies alone.
        assert_eq!(v3["overallAccessState"], "CAN_ACCESS");
        v3["overallAccessState"] = expected["overallAccessState"].clone();
    }
    assert_eq!(v3, expected);
    http.running.stop().await;
}

macro_rules! tests {
    ($($test:ident $name:literal,)*) => {
        /// One test for each built-in estate.
        mod of_story {
            $(
                #[tokio::test]
                async fn $test() {
                    super::is_enforced_as_explained($name).await;
                    super::policy_troubleshooter_gives_the_explanation_itself($name).await;
                }
            )*
        }
    };
}

crate::each_story!(tests);

#[tokio::test]
async fn a_refusal_can_be_explained_by_its_id() {
    let http = serve("cross-project", Options::default()).await;
    let (_, refusal) = http.mint(CALLER).await;
    let id = &refusal["error"]["details"][0]["metadata"]["error_info_id"];
    let ask = json!({ "errorInfoId": id });
    let (status, answer) = http
        .admin("POST", "/v3beta/iam:troubleshootError", ask.clone())
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["overallAccessState"],
        "OVERALL_ACCESS_STATE_CANNOT_ACCESS"
    );
    let account = "bq-privileged@data-vault.iam.gserviceaccount.com";
    assert_eq!(
        answer["accessContext"],
        json!({
            "principal": "run-processor@app-prod.iam.gserviceaccount.com",
            "permission": "iam.serviceAccounts.getAccessToken",
            "name": format!("projects/data-vault/serviceAccounts/{account}"),
            "parent": "//cloudresourcemanager.googleapis.com/projects/data-vault",
        })
    );
    http.grant().await;
    let (_, answer) = http
        .admin("POST", "/v3beta/iam:troubleshootError", ask)
        .await;
    assert_eq!(
        answer["overallAccessState"],
        "OVERALL_ACCESS_STATE_CAN_ACCESS"
    );
    let (status, _) = http
        .admin(
            "POST",
            "/v3beta/iam:troubleshootError",
            json!({ "errorInfoId": "0" }),
        )
        .await;
    assert_eq!(status, 404);
    http.running.stop().await;
}

/// Who may read no policy gets no definite answer out of Policy Troubleshooter.
#[tokio::test]
async fn it_tells_nobody_what_they_may_not_read() {
    let http = serve("cross-project", Options::default()).await;
    let resource = format!("//iam.googleapis.com{}", OWNED.trim_start_matches("/v1"));
    let body = tuple(CALLER, &resource, "iam.serviceAccounts.getAccessToken");
    let (status, answer) = http
        .ask(
            "user:stranger@elsewhere.example",
            "POST",
            "/v3/iam:troubleshoot",
            body,
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["overallAccessState"], "UNKNOWN_INFO");
    assert!(!answer.to_string().contains("tokenCreator"), "{answer}");
    http.running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_400_in_words() {
    let http = serve("cross-project", Options::default()).await;
    let sa = "//iam.googleapis.com/projects/-/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com";
    for (caller, resource, permission, words) in [
        (
            "",
            sa,
            "iam.serviceAccounts.actAs",
            "access_tuple.principal must be specified.",
        ),
        (
            "group:a@example.com",
            sa,
            "iam.serviceAccounts.actAs",
            "is not a caller",
        ),
        (
            CALLER,
            "//storage.googleapis.com/projects/_/buckets/b",
            "storage.buckets.get",
            "no resource that this emulator has",
        ),
        (
            CALLER,
            "projects/data-vault",
            "resourcemanager.projects.get",
            "no resource that this emulator has",
        ),
        (CALLER, sa, "mint", "mint"),
    ] {
        let (status, answer) = http
            .admin(
                "POST",
                "/v3beta/iam:troubleshoot",
                tuple(caller, resource, permission),
            )
            .await;
        assert_eq!(status, 400, "{answer}");
        assert!(message(&answer).contains(words), "{answer}");
    }
    // Other levels than accounts, and a permission in its other form, can be asked.
    let body = tuple(
        "user:ana@example.com",
        "//cloudresourcemanager.googleapis.com/projects/data-vault",
        "cloudresourcemanager.googleapis.com/projects.get",
    );
    let (status, answer) = http.admin("POST", "/v3/iam:troubleshoot", body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["accessTuple"]["permission"],
        "resourcemanager.projects.get"
    );
    http.running.stop().await;
}
