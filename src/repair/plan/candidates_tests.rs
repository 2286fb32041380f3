//! Plans over small estates, judged by the evaluator itself.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::estate::{Coverage, Project, ServiceAccount};
use crate::evaluate::explain;
use crate::repair::plan;

const CALLER: &str = "run@app.iam.gserviceaccount.com";
const TARGET: &str = "vault@data.iam.gserviceaccount.com";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

fn account(project: &str, email: &str) -> ServiceAccount {
    ServiceAccount {
        name: format!("projects/{project}/serviceAccounts/{email}"),
        email: email.into(),
        project_id: project.into(),
        ..ServiceAccount::default()
    }
}

/// Two projects, the caller in one, the target in the other, with that policy on the target.
fn estate(policy: Value) -> Estate {
    let mut estate = Estate::new(Coverage::Whole);
    for (number, id) in [("1", "app"), ("2", "data")] {
        estate.put_project(Project {
            name: format!("projects/{number}"),
            project_id: id.into(),
            ..Project::default()
        });
    }
    estate.put_account(account("app", CALLER));
    estate.put_account(account("data", TARGET));
    let policy = serde_json::from_value(policy).unwrap();
    estate.put_policy(Resource::account("data", TARGET), policy);
    estate
}

fn question() -> Question {
    let caller = Principal::ServiceAccount(CALLER.into());
    let time = "2026-11-24T00:00:00Z".parse().unwrap();
    Question::new(caller, Resource::account("-", TARGET), time)
}

fn planned(
    estate: &Estate,
    question: &Question,
    kind: Option<CauseKind>,
    options: &PlanOptions,
) -> Vec<Repair> {
    let causes: Vec<Cause> = kind
        .map(|kind| Cause {
            kind,
            resource: None,
            place: String::new(),
            message: String::new(),
            remedy: String::new(),
            command: None,
            suspect: None,
            meant: Vec::new(),
        })
        .into_iter()
        .collect();
    plan(estate, &explain(estate, question), &causes, options)
}

#[test]
fn the_role_made_for_the_purpose_joins_its_binding_on_the_target() {
    let policy =
        json!({"etag": "E", "bindings": [{"role": CREATOR, "members": ["user:ana@example.com"]}]});
    let found = planned(
        &estate(policy.clone()),
        &question(),
        None,
        &PlanOptions::default(),
    );
    assert_eq!(found.len(), 1);
    let repair = &found[0];
    assert!(repair.recommended && repair.certain && !repair.already);
    assert_eq!(repair.resource, Resource::account("data", TARGET));
    assert_eq!(repair.before, policy);
    let members = json!(["user:ana@example.com", format!("serviceAccount:{CALLER}")]);
    assert_eq!(
        repair.after["bindings"],
        json!([{"role": CREATOR, "members": members}])
    );
}

#[test]
fn each_permission_has_its_role() {
    let cases = [
        (
            "iam.serviceAccounts.getOpenIdToken",
            "roles/iam.serviceAccountOpenIdTokenCreator",
        ),
        ("iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser"),
        ("iam.serviceAccounts.getAccessToken", CREATOR),
    ];
    for (permission, role) in cases {
        let mut question = question();
        question.permission = crate::iam::Permission::parse(permission).unwrap();
        let found = planned(&estate(json!({})), &question, None, &PlanOptions::default());
        assert_eq!(found.first().map(|r| &*r.role), Some(role), "{permission}");
    }
    let mut question = question();
    let subject = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s";
    question.caller = Principal::parse(subject).unwrap();
    let found = planned(&estate(json!({})), &question, None, &PlanOptions::default());
    assert_eq!(found[0].role, "roles/iam.workloadIdentityUser");
    assert_eq!(found[0].member, subject);
}

#[test]
fn a_federated_caller_can_be_granted_by_the_attribute_that_others_are() {
    let pool = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p";
    let there = format!("principalSet://{pool}/attribute.repository/org/other");
    let role = "roles/iam.workloadIdentityUser";
    let estate = estate(json!({"bindings": [{"role": role, "members": [there]}]}));
    let mut question = question();
    question.caller = Principal::parse(&format!("principal://{pool}/subject/s")).unwrap();
    let members = |question: &Question| -> Vec<String> {
        let found = planned(&estate, question, None, &PlanOptions::default());
        found.into_iter().map(|r| r.member).collect()
    };
    assert_eq!(members(&question), [question.caller.member()]);
    // What the binding goes by that missed the caller comes first; an attribute that nothing goes by is not
    // offered.
    question.attributes = vec![
        ("repository".into(), "org/mine".into()),
        ("ref".into(), "refs/heads/main".into()),
    ];
    let set = format!("principalSet://{pool}/attribute.repository/org/mine");
    assert_eq!(members(&question), [set, question.caller.member()]);
}

#[test]
fn a_yes_needs_no_repair() {
    let member = format!("serviceAccount:{CALLER}");
    let estate = estate(json!({"bindings": [{"role": CREATOR, "members": [member]}]}));
    assert!(planned(&estate, &question(), None, &PlanOptions::default()).is_empty());
}

#[test]
fn where_no_binding_helps_none_is_offered() {
    let mut denied = estate(json!({}));
    let deny = json!({"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdata/denypolicies/d",
        "rules": [{"denyRule": {"deniedPrincipals": ["principalSet://goog/public:all"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}}]});
    assert!(denied.put_deny_policy(serde_json::from_value(deny).unwrap()));
    assert!(planned(&denied, &question(), None, &PlanOptions::default()).is_empty());

    let mut disabled = estate(json!({}));
    disabled.put_account(ServiceAccount {
        disabled: true,
        ..account("data", TARGET)
    });
    assert!(planned(&disabled, &question(), None, &PlanOptions::default()).is_empty());

    let mut gone = estate(json!({}));
    gone.delete_account(TARGET);
    assert!(planned(&gone, &question(), None, &PlanOptions::default()).is_empty());

    let wrong_role = PlanOptions {
        role: Some("roles/iam.serviceAccountUser".into()),
        ..PlanOptions::default()
    };
    assert!(planned(&estate(json!({})), &question(), None, &wrong_role).is_empty());
}

#[test]
fn a_limited_time_is_a_condition_on_a_version_3_policy() {
    let options = PlanOptions {
        expires: Some("2026-11-24T02:00:00Z".parse().unwrap()),
        ..PlanOptions::default()
    };
    let found = planned(&estate(json!({"version": 1})), &question(), None, &options);
    assert_eq!(found[0].after["version"], 3);
    let condition = found[0].condition.clone().unwrap();
    assert_eq!(
        condition.expression,
        "request.time < timestamp(\"2026-11-24T02:00:00Z\")"
    );
    let past = PlanOptions {
        expires: Some("2026-11-23T00:00:00Z".parse().unwrap()),
        ..PlanOptions::default()
    };
    assert!(planned(&estate(json!({})), &question(), None, &past).is_empty());
}

#[test]
fn a_misspelled_or_deleted_member_can_be_corrected() {
    let cases = [
        (
            CauseKind::MemberMisspelled,
            "serviceAccount:rum@app.iam.gserviceaccount.com".to_owned(),
        ),
        (
            CauseKind::MemberDeleted,
            format!("deleted:serviceAccount:{CALLER}?uid=7"),
        ),
        (CauseKind::MemberKindMismatch, format!("user:{CALLER}")),
    ];
    for (kind, wrong) in cases {
        let estate = estate(
            json!({"bindings": [{"role": CREATOR, "members": ["user:z@example.com", wrong]}]}),
        );
        let found = planned(&estate, &question(), Some(kind), &PlanOptions::default());
        let correction = found
            .iter()
            .find(|r| r.replaces.is_some())
            .expect("a correction");
        assert_eq!(correction.replaces.as_deref(), Some(&*wrong));
        assert!(!correction.recommended);
        let members = json!(["user:z@example.com", format!("serviceAccount:{CALLER}")]);
        assert_eq!(correction.after["bindings"][0]["members"], members);
        assert!(correction.on(&correction.after).unwrap().already);
    }
}

#[test]
fn the_policy_as_read_is_what_is_edited() {
    let raw = json!({"etag": "RAW", "unknown": {"z": 1, "a": 2}, "bindings": [{"members": ["user:a@example.com"], "role": "roles/x", "odd": 1}]});
    let resource = Resource::account("data", TARGET);
    let options = PlanOptions {
        policies: Arc::new([(resource, raw.clone())].into()),
        ..PlanOptions::default()
    };
    let found = planned(&estate(json!({})), &question(), None, &options);
    let repair = &found[0];
    assert_eq!(repair.before, raw);
    assert!(repair.as_read);
    let mut expected = raw;
    let added = json!({"role": CREATOR, "members": [format!("serviceAccount:{CALLER}")]});
    expected["bindings"].as_array_mut().unwrap().push(added);
    assert_eq!(repair.after.to_string(), expected.to_string());
}

#[test]
fn a_repair_that_may_still_be_denied_says_so() {
    let mut estate = estate(json!({}));
    let deny = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdata/denypolicies";
    estate.mark_unreadable(deny, "not permitted");
    let found = planned(&estate, &question(), None, &PlanOptions::default());
    assert!(!found[0].certain);
}
