//! Ways of several steps over small estates, judged by the evaluator itself.

use serde_json::{Value, json};

use super::*;
use crate::estate::{Coverage, Project};
use crate::evaluate::{Question, diagnose, explain};
use crate::iam::Principal;

const A: &str = "a@app.iam.gserviceaccount.com";
const B: &str = "b@app.iam.gserviceaccount.com";
const C: &str = "c@data.iam.gserviceaccount.com";

fn estate(disabled: &[&str], policies: &[(&str, Value)]) -> Estate {
    let mut estate = Estate::new(Coverage::Whole);
    for (number, id) in [("1", "app"), ("2", "data")] {
        estate.put_project(Project {
            name: format!("projects/{number}"),
            project_id: id.into(),
            ..Project::default()
        });
    }
    for email in [A, B, C] {
        let project = if email == C { "data" } else { "app" };
        estate.put_account(ServiceAccount {
            name: format!("projects/{project}/serviceAccounts/{email}"),
            email: email.into(),
            project_id: project.into(),
            disabled: disabled.contains(&email),
            ..ServiceAccount::default()
        });
    }
    for (email, policy) in policies {
        let on = estate.resolve(&Resource::account("-", email)).exists();
        estate.put_policy(on.unwrap(), serde_json::from_value(policy.clone()).unwrap());
    }
    estate
}

fn question(via: &[&str]) -> Question {
    let time = "2026-11-24T00:00:00Z".parse().unwrap();
    let caller = Principal::ServiceAccount(A.into());
    let mut question = Question::new(caller, Resource::account("-", C), time);
    question.via = via.iter().map(|v| Resource::account("-", v)).collect();
    question
}

fn planned(estate: &Estate, question: &Question) -> Plan {
    let explanation = explain(estate, question);
    let causes = diagnose(estate, &explanation);
    remedies(estate, &explanation, &causes, &PlanOptions::default())
}

fn titles(plan: &Plan) -> Vec<Vec<String>> {
    let steps = |r: &Remedy| r.steps.iter().map(RemedyStep::title).collect();
    plan.remedies.iter().map(steps).collect()
}

fn creator(member: &str) -> Value {
    json!({"etag": "E", "bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": [format!("serviceAccount:{member}")]}]})
}

#[test]
fn every_missing_hop_of_a_chain_is_one_way() {
    let estate = estate(&[], &[]);
    let plan = planned(&estate, &question(&[B]));
    let remedy = plan.recommended().unwrap();
    let grants: Vec<(&str, &str)> = remedy
        .bindings()
        .map(|r| (r.resource.id(), &*r.member))
        .collect();
    let (a, b) = (format!("serviceAccount:{A}"), format!("serviceAccount:{B}"));
    assert_eq!(grants, [(B, &*a), (C, &*b)]);
    assert!(remedy.certain && remedy.single().is_none());
    assert_eq!(plan.remedies.len(), 1);
}

#[test]
fn one_missing_hop_is_a_single_binding() {
    let estate = estate(&[], &[(C, creator(B))]);
    let plan = planned(&estate, &question(&[B]));
    let single = plan.recommended().unwrap().single().unwrap();
    assert_eq!(single.resource.id(), B);
    assert!(single.recommended && single.certain);
}

#[test]
fn what_is_off_is_turned_on_first_and_never_recommended() {
    let estate = estate(&[C], &[]);
    let plan = planned(&estate, &question(&[]));
    assert_eq!(plan.recommended(), None);
    let first = plan.remedies.first().unwrap();
    assert_eq!(first.steps.len(), 2);
    assert_eq!(first.steps[0].title(), format!("enable the account {C}"));
    assert!(matches!(&first.steps[1], RemedyStep::Binding(r) if !r.recommended && r.certain));
    let explanation = explain(&estate, &question(&[]));
    let single = crate::repair::plan(&estate, &explanation, &[], &PlanOptions::default());
    assert!(single.is_empty(), "a binding alone does not help");
}

#[test]
fn an_api_that_is_off_is_the_whole_way_where_access_is_granted() {
    let mut estate = estate(&[], &[(C, creator(A))]);
    estate.put_services("app", ["storage.googleapis.com".to_owned()]);
    let plan = planned(&estate, &question(&[]));
    assert_eq!(
        titles(&plan),
        [["enable iamcredentials.googleapis.com on the project app"]]
    );
    let RemedyStep::Switch(switch) = &plan.remedies[0].steps[0] else {
        panic!("no switch");
    };
    assert_eq!(
        switch.gcloud(),
        "gcloud services enable iamcredentials.googleapis.com --project=app"
    );
    assert!(plan.remedies[0].certain);
}

fn denied(exceptions: &[&str]) -> Value {
    json!({"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdata/denypolicies/no-minting",
        "rules": [{"denyRule": {"deniedPrincipals": ["principalSet://goog/public:all"],
            "exceptionPrincipals": exceptions,
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}}]})
}

#[test]
fn a_deny_rule_is_told_with_who_and_how_and_no_binding_is_offered() {
    let mut estate = estate(&[], &[]);
    let policy = serde_json::from_value(denied(&[])).unwrap();
    assert!(estate.put_deny_policy(policy));
    let admin = json!({"bindings": [{"role": "roles/iam.denyAdmin", "members": ["user:keeper@example.com"]}]});
    estate.put_policy(
        Resource::project("data"),
        serde_json::from_value(admin).unwrap(),
    );
    let plan = planned(&estate, &question(&[]));
    assert_eq!(plan.remedies, []);
    let [one] = plan.elsewhere.as_slice() else {
        panic!("{:?}", plan.elsewhere);
    };
    let me = format!("principal://iam.googleapis.com/projects/-/serviceAccounts/{A}");
    assert!(
        one.what.contains("no-minting") && one.what.contains(&me),
        "{}",
        one.what
    );
    assert!(one.who.contains("user:keeper@example.com"), "{}", one.who);
    assert_eq!(
        one.command,
        format!(
            "gcloud iam policies get no-minting --attachment-point=cloudresourcemanager.googleapis.com/projects/data --kind=denypolicies --format=json > no-minting.json\n: 'edit it: add {me} to exceptionPrincipals of rules[0].denyRule'\ngcloud iam policies update no-minting --attachment-point=cloudresourcemanager.googleapis.com/projects/data --kind=denypolicies --policy-file=no-minting.json"
        )
    );
    // What it says is what helps.
    let policy = serde_json::from_value(denied(&[&me])).unwrap();
    assert!(estate.put_deny_policy(policy));
    let plan = planned(&estate, &question(&[]));
    assert!(plan.elsewhere.is_empty() && plan.recommended().is_some());
}

#[test]
fn signs_of_a_program_that_owns_the_policy_are_told() {
    let mut estate = estate(&[], &[]);
    assert!(planned(&estate, &question(&[])).warnings.is_empty());
    let mut account = ServiceAccount::clone(estate.account(C).unwrap());
    let words = "Managed by Terraform\u{1b}[2J, do not edit";
    account.extra.insert("description".into(), words.into());
    estate.put_account(account);
    let mut project = estate.project("data").unwrap().clone();
    let labels = json!({"goog-terraform-provisioned": "true", "team": "data"});
    project.extra.insert("labels".into(), labels);
    estate.put_project(project);
    let writer = json!({"bindings": [{"role": "roles/iam.serviceAccountAdmin", "members": ["serviceAccount:terraform@app.iam.gserviceaccount.com"]}]});
    estate.put_policy(
        Resource::project("data"),
        serde_json::from_value(writer).unwrap(),
    );
    let warnings = planned(&estate, &question(&[])).warnings;
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("\\u{1b}") && !warnings[0].contains('\u{1b}'));
    assert!(warnings[1].contains("goog-terraform-provisioned=true"));
    assert!(warnings[2].contains("serviceAccount:terraform@app"));
}
