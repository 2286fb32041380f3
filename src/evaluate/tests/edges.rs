//! `who` and `reach` by kinds of edge, over random estates of every kind of policy.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::generate::{self, ACCOUNTS};
use super::{account, at, from_value, who as principal};
use crate::estate::{Coverage, Estate};
use crate::evaluate::reach::{Brings, EdgesAnswer, reach_by, who_by};
use crate::evaluate::{Outcome, Question, Truth, Verdict, WayIn, explain, may, reach, who};
use crate::iam::{Permission, Principal, Resource};

const NOW: &str = "2026-11-25T12:00:00Z";

fn to(estate: &Estate, email: &str, ways: &[WayIn]) -> EdgesAnswer {
    who_by(
        estate,
        &account(email),
        ways,
        at(NOW),
        None,
        &Brings::default(),
    )
}

fn from(estate: &Estate, caller: &str, ways: &[WayIn]) -> EdgesAnswer {
    reach_by(
        estate,
        &principal(caller),
        &Brings::default(),
        ways,
        at(NOW),
    )
}

fn verdicts(answer: EdgesAnswer) -> BTreeMap<String, Verdict> {
    let rows = answer.results.into_iter();
    rows.map(|row| (row.name, row.verdict)).collect()
}

fn quick(estate: &Estate, caller: &str, permission: &str, on: &Resource) -> Truth {
    may(estate, &principal(caller), permission, on, at(NOW))
}

proptest! {
    #![proptest_config(generate::cases(12))]

    /// By tokens alone they say what `who` and `reach` say.
    #[test]
    fn tokens_alone_are_who_and_reach(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        let token = Permission::get_access_token();
        for (email, _) in ACCOUNTS {
            let itself = format!("serviceAccount:{email}");
            let plain = who(&estate, &account(email), &token, at(NOW)).results.into_iter();
            let plain: BTreeMap<String, Verdict> = plain
                .filter(|row| *row.principal != *itself)
                .map(|row| (row.principal.to_string(), row.verdict))
                .collect();
            prop_assert_eq!(verdicts(to(&estate, email, &[WayIn::Token])), plain, "{}", email);
        }
        for caller in generate::callers() {
            let plain = reach(&estate, &principal(&caller), &token, at(NOW)).results.into_iter();
            let own = |target: &Resource| caller == format!("serviceAccount:{}", target.id());
            let plain: BTreeMap<String, Verdict> = plain
                .filter(|row| !own(&row.target))
                .map(|row| (row.target.full_name(), row.verdict))
                .collect();
            let answer = from(&estate, &caller, &[WayIn::Token, WayIn::Delegation]);
            // A row may have a surer kind beside.
            for (name, verdict) in &plain {
                let row = answer.results.iter().find(|row| row.name == *name);
                let right = row.is_some_and(|row| {
                    *verdict != Verdict::CanAccess
                        || (row.verdict == *verdict && row.ways.contains(&WayIn::Token))
                });
                prop_assert!(right, "{} {} {:?}: {:?}", caller, name, verdict, row);
            }
            for row in answer.results.iter().filter(|row| row.ways == [WayIn::Token]) {
                prop_assert_eq!(Some(&row.verdict), plain.get(&row.name), "{} {}", caller, row.name);
            }
        }
    }

    /// Of one kind, in one step, they agree with the quick check of that permission, and with each other.
    #[test]
    fn each_kind_agrees_with_the_quick_check(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        let all: Vec<Resource> = generate::LEVELS.iter().map(|l| Resource::parse(l).unwrap()).collect();
        for (email, _) in ACCOUNTS {
            let Some(target) = estate.resolve(&account(email)).exists() else { continue };
            let levels = estate.ancestry(&target).levels;
            for way in WayIn::ALL {
                let answer = verdicts(to(&estate, email, &[way]));
                for (name, verdict) in &answer {
                    if Principal::parse(name).is_err() || name.starts_with("group:") {
                        continue;
                    }
                    // One step from the other side is the same.
                    let back = from(&estate, name, &[way]);
                    let row = back.results.iter().find(|row| row.name == target.full_name());
                    // Or better, by a chain.
                    let same = row.is_some_and(|row| {
                        row.verdict == *verdict || (row.verdict == Verdict::CanAccess && row.trail.path().len() > 2)
                    });
                    prop_assert!(same, "{} {:?} {}: {:?} and {:?}", name, way, email, verdict, row);
                    let on: Vec<&Resource> = match way {
                        WayIn::RoleEdit => all.iter().collect(),
                        WayIn::ProjectPolicy | WayIn::FolderPolicy | WayIn::OrganizationPolicy
                        | WayIn::DeployOver => levels.iter().collect(),
                        _ => vec![&target],
                    };
                    let mut best = Truth::No;
                    for permission in way.permissions() {
                        for level in &on {
                            best = best.or(quick(&estate, name, permission, level));
                        }
                    }
                    prop_assert_ne!(best, Truth::No, "{} {:?} {}", name, way, email);
                    if *verdict == Verdict::CanAccess {
                        prop_assert_eq!(best, Truth::Yes, "{} {:?} {}", name, way, email);
                    }
                    if matches!(way, WayIn::ActAs | WayIn::DeployOver) {
                        prop_assert_ne!(*verdict, Verdict::CanAccess);
                    }
                }
                // Nobody is left out who has the permission on the account.
                if !WayIn::ON_ACCOUNT.contains(&way) || way == WayIn::AccountPolicy {
                    continue;
                }
                for caller in generate::callers() {
                    let single = Principal::parse(&caller).is_ok() && caller != generate::STRANGER;
                    let itself = caller == format!("serviceAccount:{email}");
                    if single && !itself && quick(&estate, &caller, way.permission(), &target) == Truth::Yes {
                        let row = from(&estate, &caller, &[way]);
                        let found = row.results.iter().any(|row| row.name == target.full_name());
                        prop_assert!(found, "{} {:?} {}", caller, way, email);
                    }
                }
            }
        }
    }
}

/// A role that a group has under a condition, and that whoever is in it may edit as one of a set.
#[test]
fn a_role_that_is_edited_counts_under_its_bindings_condition() {
    let set = "principalSet://cloudresourcemanager.googleapis.com/folders/2/type/ServiceAccount";
    let (a, c) = (
        "a@p0.iam.gserviceaccount.com",
        "c@p2.iam.gserviceaccount.com",
    );
    let sa = |email: &str, project: &str, id: &str| {
        serde_json::json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id })
    };
    let file = |expression: &str| {
        let condition = serde_json::json!({ "title": "t", "expression": expression });
        serde_json::json!({
            "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
            "folders": [{ "name": "folders/2", "parent": "organizations/1" }],
            "projects": [
                { "name": "projects/30", "projectId": "p0", "parent": "folders/2" },
                { "name": "projects/32", "projectId": "p2", "parent": "organizations/1" }],
            "serviceAccounts": [sa(a, "p0", "100"), sa(c, "p2", "104")],
            "roles": [{ "name": "organizations/1/roles/idle", "stage": "GA", "includedPermissions": [] }],
            "groups": [{ "email": "g@example.com", "members": [format!("serviceAccount:{a}")] }],
            "iamPolicies": {
                "//cloudresourcemanager.googleapis.com/organizations/1": { "bindings": [
                    { "role": "roles/iam.organizationRoleAdmin", "members": [set] }] },
                "//cloudresourcemanager.googleapis.com/projects/p2": { "bindings": [
                    { "role": "organizations/1/roles/idle", "members": ["group:g@example.com"], "condition": condition }] } }
        })
    };
    for (expression, right) in [
        (
            "'a' in request.auth.access_levels",
            Some(Verdict::UnknownConditional),
        ),
        ("true", Some(Verdict::CanAccess)),
        ("false", None),
    ] {
        let estate = from_value(&file(expression), Coverage::Whole);
        let caller = format!("serviceAccount:{a}");
        let one = to(&estate, c, &[WayIn::RoleEdit]).results;
        let one = one.iter().find(|row| row.name == caller);
        assert_eq!(one.map(|row| row.verdict), right, "{expression}");
        let back = from(&estate, &caller, &[WayIn::RoleEdit]).results;
        assert_eq!(back.first().map(|row| row.verdict), right, "{expression}");
    }
}

/// Whoever is off, gone or nobody gets through nowhere, as `explain` says of each: by kinds as without them, asked from
/// either end. An account of a project that the file does not hold may be there all the same, with boundaries there.
#[test]
fn a_name_that_is_nobodys_gets_through_nowhere() {
    let target = "c@p2.iam.gserviceaccount.com";
    let callers = [
        (
            "serviceAccount:there@p2.iam.gserviceaccount.com",
            Outcome::WouldSucceed,
        ),
        (
            "serviceAccount:off@p2.iam.gserviceaccount.com",
            Outcome::WouldFail,
        ),
        (
            "serviceAccount:ther@p2.iam.gserviceaccount.com",
            Outcome::WouldFail,
        ),
        (
            "serviceAccount:a@elsewhere-1.iam.gserviceaccount.com",
            Outcome::Unknown,
        ),
        ("serviceAccount:ana@example.com", Outcome::WouldFail),
        ("user:there@p2.iam.gserviceaccount.com", Outcome::WouldFail),
        ("user:ana@example.com", Outcome::WouldSucceed),
    ];
    let members: Vec<&str> = callers.iter().map(|(name, _)| *name).collect();
    let account_of = |name: &str, disabled: bool| {
        serde_json::json!({ "name": format!("projects/p2/serviceAccounts/{name}@p2.iam.gserviceaccount.com"), "projectId": "p2",
            "email": format!("{name}@p2.iam.gserviceaccount.com"), "uniqueId": name.len().to_string(), "disabled": disabled })
    };
    let file = serde_json::json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
        "projects": [{ "name": "projects/32", "projectId": "p2", "parent": "organizations/1" }],
        "serviceAccounts": [account_of("c", false), account_of("there", false), account_of("off", true)],
        "iamPolicies": {
            format!("//iam.googleapis.com/projects/p2/serviceAccounts/{target}"): { "bindings": [
                { "role": "roles/iam.serviceAccountTokenCreator", "members": members }] } }
    });
    let estate = from_value(&file, Coverage::Whole);
    let token = Permission::get_access_token();
    let holders = who(&estate, &account(target), &token, at(NOW)).results;
    let by_kinds = to(&estate, target, &[WayIn::Token]).results;
    for (name, right) in callers {
        let whole = explain(
            &estate,
            &Question::new(principal(name), account(target), at(NOW)),
        );
        assert_eq!(whole.outcome, right, "explain of {name}");
        let holder = holders.iter().find(|row| &*row.principal == name);
        assert_eq!(holder.map(|row| row.outcome), Some(right), "who of {name}");
        let kinds = by_kinds.iter().find(|row| row.name == name);
        assert_eq!(
            kinds.map(|row| row.outcome),
            Some(right),
            "who by kinds of {name}"
        );
        let reached = reach(&estate, &principal(name), &token, at(NOW)).results;
        assert_eq!(
            reached.first().map(|row| row.outcome),
            Some(right),
            "reach of {name}"
        );
        let by_kind = from(&estate, name, &[WayIn::Token]).results;
        assert_eq!(
            by_kind.first().map(|row| row.outcome),
            Some(right),
            "reach by kinds of {name}"
        );
    }
}

/// A set of a pool whose project was shut down gets no token: by kinds as without them.
#[test]
fn a_pool_of_a_project_that_was_shut_down_lets_nobody_in() {
    let set =
        "principalSet://iam.googleapis.com/projects/30/locations/global/workloadIdentityPools/gh/*";
    let target = "c@p2.iam.gserviceaccount.com";
    for (state, outcome) in [
        ("ACTIVE", Outcome::WouldSucceed),
        ("DELETE_REQUESTED", Outcome::WouldFail),
    ] {
        let file = serde_json::json!({
            "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
            "projects": [
                { "name": "projects/30", "projectId": "p0", "parent": "organizations/1", "state": state },
                { "name": "projects/32", "projectId": "p2", "parent": "organizations/1" }],
            "serviceAccounts": [{ "name": format!("projects/p2/serviceAccounts/{target}"), "email": target,
                "projectId": "p2", "uniqueId": "104" }],
            "iamPolicies": {
                format!("//iam.googleapis.com/projects/p2/serviceAccounts/{target}"): { "bindings": [
                    { "role": "roles/iam.serviceAccountTokenCreator", "members": [set] }] } }
        });
        let estate = from_value(&file, Coverage::Whole);
        let token = Permission::get_access_token();
        let plain = who(&estate, &account(target), &token, at(NOW)).results;
        let plain = plain.iter().find(|row| &*row.principal == set).unwrap();
        let kinds = to(&estate, target, &[WayIn::Token]).results;
        let kinds = kinds.iter().find(|row| row.name == set).unwrap();
        assert_eq!(plain.outcome, outcome, "{state}");
        assert_eq!(kinds.outcome, outcome, "{state}");
    }
}

/// What may not be read leads nowhere, though a file holds it: the homes of the roles that it grants are not looked at.
#[test]
fn a_policy_that_may_not_be_read_tells_of_no_role() {
    let target = "c@p2.iam.gserviceaccount.com";
    let level = |id: &str| format!("//cloudresourcemanager.googleapis.com/projects/{id}");
    let file = |unreadable: &[String]| {
        serde_json::json!({
            "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
            "projects": [
                { "name": "projects/31", "projectId": "p1", "parent": "organizations/1" },
                { "name": "projects/32", "projectId": "p2", "parent": "organizations/1" }],
            "serviceAccounts": [{ "name": format!("projects/p2/serviceAccounts/{target}"), "email": target,
                "projectId": "p2", "uniqueId": "104" }],
            "roles": [{ "name": "projects/p1/roles/idle", "stage": "GA", "includedPermissions": [] }],
            "iamPolicies": {
                level("p2"): { "bindings": [{ "role": "projects/p1/roles/idle", "members": ["user:ana@example.com"] }] },
                level("p1"): { "bindings": [{ "role": "organizations/1/roles/minter", "members": ["user:bob@example.com"] }] } },
            "unreadable": unreadable
        })
    };
    let minter = "organizations/1/roles/minter".to_owned();
    for (unreadable, right) in [
        (vec![minter.clone()], vec![minter.clone()]),
        (vec![minter, level("p2")], vec![level("p2")]),
    ] {
        let estate = from_value(&file(&unreadable), Coverage::Whole);
        assert_eq!(to(&estate, target, &[WayIn::RoleEdit]).not_read, right);
    }
}
