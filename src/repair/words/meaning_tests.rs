//! What grants mean over small estates.

use serde_json::{Value, json};

use super::*;
use crate::estate::{Folder, Group, Project, ServiceAccount};
use crate::evaluate::{Question, explain};
use crate::repair::{PlanOptions, plan};

const CALLER: &str = "run@app.iam.gserviceaccount.com";
const TARGET: &str = "vault@data.iam.gserviceaccount.com";

fn estate(coverage: Coverage, policies: &[(&str, Value)]) -> Estate {
    let mut estate = Estate::new(coverage);
    estate.put_folder(Folder {
        name: "folders/7".into(),
        display_name: "prod".into(),
        ..Folder::default()
    });
    for (number, id) in [("1", "app"), ("2", "data")] {
        estate.put_project(Project {
            name: format!("projects/{number}"),
            project_id: id.into(),
            parent: "folders/7".into(),
            ..Project::default()
        });
    }
    for (project, email) in [("app", CALLER), ("data", TARGET)] {
        estate.put_account(ServiceAccount {
            name: format!("projects/{project}/serviceAccounts/{email}"),
            email: email.into(),
            project_id: project.into(),
            ..ServiceAccount::default()
        });
    }
    for (on, bindings) in policies {
        let on = estate
            .resolve(&Resource::parse(on).unwrap())
            .exists()
            .unwrap();
        let policy = json!({ "bindings": bindings });
        estate.put_policy(on, serde_json::from_value(policy).unwrap());
    }
    estate
}

fn of(estate: &Estate) -> GrantMeaning {
    let caller = Principal::ServiceAccount(CALLER.into());
    let time = "2026-11-24T00:00:00Z".parse().unwrap();
    let question = Question::new(caller, Resource::account("-", TARGET), time);
    let explanation = explain(estate, &question);
    // The same repair whether anything is missing or not.
    let bare = self::estate(Coverage::Whole, &[]);
    let repair = plan(
        &bare,
        &explain(&bare, &question),
        &[],
        &PlanOptions::default(),
    )
    .remove(0);
    meaning(estate, &explanation, &repair)
}

fn binding(role: &str, member: &str) -> Value {
    json!({"role": role, "members": [member]})
}

fn sa(email: &str) -> String {
    format!("serviceAccount:{email}")
}

#[test]
fn what_the_target_may_do_is_told_the_greatest_first_with_the_way() {
    let mut estate = estate(
        Coverage::Whole,
        &[
            (
                "projects/data",
                json!([
                    binding("roles/bigquery.dataOwner", &sa(TARGET)),
                    binding("roles/storage.objectViewer", "group:readers@example.com"),
                    binding("roles/owner", "user:ana@example.com"),
                ]),
            ),
            (
                "folders/7",
                json!([binding(
                    "roles/iam.serviceAccountUser",
                    "principalSet://cloudresourcemanager.googleapis.com/projects/2/type/ServiceAccount"
                ),]),
            ),
        ],
    );
    estate.put_group(&Group {
        email: "readers@example.com".into(),
        members: vec![sa(TARGET)],
    });
    let meaning = of(&estate);
    let held: Vec<(String, &str, bool)> = meaning
        .may
        .iter()
        .map(|h| (estate.label(&h.resource), &*h.title, h.through.is_some()))
        .collect();
    assert_eq!(
        held,
        [
            ("prod".into(), "Service Account User", true),
            ("data".into(), "BigQuery Data Owner", false),
            ("data".into(), "Storage Object Viewer", true),
        ]
    );
    assert_eq!(meaning.power, Power::GivesAccess, "actAs on a whole folder");
    let StepUp::Yes(more) = &meaning.step_up else {
        panic!("{:?}", meaning.step_up);
    };
    assert_eq!(more.len(), 3);
    assert!(meaning.seen.whole);
    let first = &meaning.sentences(&estate)[0];
    assert!(
        first.contains("Storage Object Viewer on data, through group:readers@example.com"),
        "{first}"
    );
}

#[test]
fn what_the_caller_holds_too_is_no_step_up() {
    let owner = "roles/bigquery.dataOwner";
    let policies = [
        ("projects/data", json!([binding(owner, &sa(TARGET))])),
        ("folders/7", json!([binding(owner, &sa(CALLER))])),
    ];
    assert_eq!(
        of(&estate(Coverage::Whole, &policies)).step_up,
        StepUp::NotSeen
    );
    let policies = [
        ("folders/7", json!([binding(owner, &sa(TARGET))])),
        ("projects/data", json!([binding(owner, &sa(CALLER))])),
    ];
    let meaning = of(&estate(Coverage::Whole, &policies));
    assert!(matches!(meaning.step_up, StepUp::Yes(_)), "more widely");
}

#[test]
fn a_survey_claims_no_more_than_it_read() {
    let mut estate = estate(Coverage::Partial, &[("projects/data", json!([]))]);
    estate.mark_unreadable(
        "//cloudresourcemanager.googleapis.com/folders/7",
        "not permitted",
    );
    let meaning = of(&estate);
    assert_eq!(meaning.step_up, StepUp::Unknown);
    assert_eq!(meaning.power, Power::Nothing);
    let first = &meaning.sentences(&estate)[0];
    assert_eq!(
        first,
        "What vault@data may do was not seen: only the policies of data were read, 1 could not be. It may hold roles elsewhere."
    );
    let whole = self::estate(Coverage::Whole, &[]);
    assert!(of(&whole).sentences(&whole)[0].contains("no role anywhere"));
}

#[test]
fn who_can_act_as_the_caller_comes_along() {
    let creator = "roles/iam.serviceAccountTokenCreator";
    let gone = "deleted:user:gone@example.com?uid=1";
    let on_caller = format!("projects/app/serviceAccounts/{CALLER}");
    let policies = [
        (
            &*on_caller,
            json!([{"role": creator, "members": ["user:ana@example.com", gone, sa(CALLER)]}]),
        ),
        (
            "projects/app",
            json!([
                binding("roles/viewer", "user:bo@example.com"),
                binding(creator, "group:ops@example.com")
            ]),
        ),
    ];
    let estate = estate(Coverage::Whole, &policies);
    let meaning = of(&estate);
    let through: Vec<&str> = meaning.through_caller.iter().map(|m| &**m).collect();
    assert_eq!(through, ["group:ops@example.com", "user:ana@example.com"]);
}

#[test]
fn a_grant_that_only_pins_says_so() {
    let creator = "roles/iam.serviceAccountTokenCreator";
    let estate = estate(
        Coverage::Whole,
        &[("folders/7", json!([binding(creator, &sa(CALLER))]))],
    );
    let meaning = of(&estate);
    assert_eq!(meaning.inherited, [Resource::Folder("7".into())]);
    assert!(
        meaning
            .sentences(&estate)
            .iter()
            .any(|s| s.contains("only pins it"))
    );
}

#[test]
fn kinds_of_accounts_are_told_by_their_address() {
    for (email, kind) in [
        ("run@app.iam.gserviceaccount.com", AccountKind::UserManaged),
        (
            "123-compute@developer.gserviceaccount.com",
            AccountKind::ComputeDefault,
        ),
        (
            "app@appspot.gserviceaccount.com",
            AccountKind::AppEngineDefault,
        ),
        (
            "123@cloudbuild.gserviceaccount.com",
            AccountKind::CloudBuildLegacy,
        ),
        (
            "service-123@gcp-sa-pubsub.iam.gserviceaccount.com",
            AccountKind::ServiceAgent,
        ),
        (
            "service-123@compute-system.iam.gserviceaccount.com",
            AccountKind::ServiceAgent,
        ),
        (
            "123@cloudservices.gserviceaccount.com",
            AccountKind::ServiceAgent,
        ),
        (
            "service-desk@app.iam.gserviceaccount.com",
            AccountKind::UserManaged,
        ),
        (
            "x-compute@developer.gserviceaccount.com",
            AccountKind::Other,
        ),
        ("no address", AccountKind::Other),
    ] {
        assert_eq!(super::kind(email), kind, "{email}");
    }
}

#[test]
fn a_member_that_stands_for_many_says_for_whom() {
    let estate = estate(Coverage::Whole, &[]);
    let pool =
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/*";
    for (member, words) in [
        (pool, "a token of the pool"),
        ("group:x@example.com", "could not be read"),
        ("domain:example.com", "Every user of example.com"),
        ("allUsers", "internet"),
    ] {
        let said = stands_for(&estate, member, &Member::parse_v1(member)).unwrap();
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(
        stands_for(&estate, &sa(CALLER), &Member::parse_v1(&sa(CALLER))),
        None
    );
}

/// A group that nobody read is named as such, and neither measured nor called a step up.
#[test]
fn a_group_that_was_not_read_is_no_power() {
    let estate = estate(
        Coverage::Partial,
        &[(
            "projects/data",
            json!([
                binding("roles/bigquery.dataViewer", &sa(TARGET)),
                binding("roles/owner", "group:admins@example.com"),
            ]),
        )],
    );
    let meaning = of(&estate);
    assert!(meaning.power < Power::ActsAsOthers, "{:?}", meaning.power);
    let first = &meaning.sentences(&estate)[0];
    assert!(
        first.contains("it holds BigQuery Data Viewer on data."),
        "{first}"
    );
    assert!(
        first.ends_with(
            "Whether it is in group:admins@example.com was not read, and roles stand there."
        ),
        "{first}"
    );
    let StepUp::Yes(more) = &meaning.step_up else {
        panic!("{:?}", meaning.step_up);
    };
    assert_eq!(more.len(), 1);
}
