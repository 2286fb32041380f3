//! SEMANTICS "Principal access boundaries".

use serde_json::{Value, json};

use super::super::who;
use super::{C, N, NO, OPEN, POOL, TOKEN_CREATOR, UNREAD, World, YES, level, question, table};
use crate::evaluate::{CauseKind, Question, Verdict};
use crate::iam::Permission;

const ORGANIZATION: &str = "//cloudresourcemanager.googleapis.com/organizations/1";

fn granted() -> World {
    World::new().grant("t", TOKEN_CREATOR, "allUsers")
}

fn allow(resources: &[&str]) -> Value {
    let names: Vec<String> = resources.iter().map(|r| level(r)).collect();
    json!([{"effect": "ALLOW", "resources": names}])
}

/// Everybody in the set may reach the folder apps alone.
fn bound(set: &str) -> World {
    granted().boundary(set, "3", allow(&["3"]))
}

#[test]
fn a_boundary_counts_for_those_in_its_target_set() {
    let federated = format!("principal://{POOL}/subject/s");
    let staff = "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/s";
    let pool_set = format!("//{POOL}");
    for (set, caller, expected) in [
        (ORGANIZATION, C, NO),
        (ORGANIZATION, "user:ana@example.com", NO),
        (ORGANIZATION, "user:eve@elsewhere.org", YES),
        (ORGANIZATION, federated.as_str(), NO),
        (ORGANIZATION, staff, UNREAD),
        ("//cloudresourcemanager.googleapis.com/folders/3", C, NO),
        ("//cloudresourcemanager.googleapis.com/folders/3", N, YES),
        (
            "//cloudresourcemanager.googleapis.com/folders/3",
            federated.as_str(),
            NO,
        ),
        (
            "//cloudresourcemanager.googleapis.com/folders/3",
            "user:ana@example.com",
            YES,
        ),
        ("//cloudresourcemanager.googleapis.com/projects/20", C, NO),
        ("//cloudresourcemanager.googleapis.com/projects/10", C, YES),
        (pool_set.as_str(), federated.as_str(), NO),
        (pool_set.as_str(), C, YES),
        (
            "//iam.googleapis.com/locations/global/workforcePools/staff",
            staff,
            NO,
        ),
        (
            "//iam.googleapis.com/locations/global/workforcePools/other",
            staff,
            YES,
        ),
        (
            "//iam.googleapis.com/locations/global/workspace/C0example",
            "user:ana@example.com",
            NO,
        ),
        (
            "//iam.googleapis.com/locations/global/workspace/C0example",
            C,
            YES,
        ),
    ] {
        assert_eq!(bound(set).verdict(caller), expected, "{caller} in {set}");
    }
}

#[test]
fn a_binding_counts_only_where_its_condition_holds() {
    for (expression, caller, expected) in [
        (
            "principal.type == 'iam.googleapis.com/ServiceAccount'",
            C,
            NO,
        ),
        (
            "principal.type == 'iam.googleapis.com/ServiceAccount'",
            "user:ana@example.com",
            YES,
        ),
        (
            "principal.type != 'iam.googleapis.com/WorkspaceIdentity'",
            "user:ana@example.com",
            YES,
        ),
        (
            "principal.type in ['iam.googleapis.com/WorkspaceIdentity']",
            "user:ana@example.com",
            NO,
        ),
        ("principal.subject == 'c@q.iam.gserviceaccount.com'", C, NO),
        (
            "principal.subject.endsWith('@p.iam.gserviceaccount.com')",
            C,
            YES,
        ),
        ("principal.subject.startsWith('c@')", C, NO),
        ("request.time < timestamp('2030-01-01T00:00:00Z')", C, OPEN),
    ] {
        let mut world = bound(ORGANIZATION);
        world.0["policyBindings"][0]["condition"] = json!({"expression": expression});
        assert_eq!(world.verdict(caller), expected, "{expression} for {caller}");
    }
}

#[test]
fn a_binding_of_another_kind_is_no_boundary() {
    let mut world = bound(ORGANIZATION);
    world.0["policyBindings"][0]["policyKind"] = json!("ACCESS");
    assert_eq!(world.verdict(C), YES);
    // Without a kind the policy's name tells.
    world.0["policyBindings"][0]["policyKind"] = Value::Null;
    assert_eq!(world.verdict(C), NO);
    world.0["policyBindings"][0]["policy"] =
        json!("organizations/1/locations/global/accessPolicies/a");
    assert_eq!(world.verdict(C), YES);
}

#[test]
fn the_enforcement_version_says_which_permissions_a_boundary_reaches() {
    for (version, expected) in [
        ("1", YES),
        ("2", YES),
        ("3", NO),
        ("4", NO),
        ("latest", NO),
        ("", NO),
        ("nine", UNREAD),
    ] {
        let world = granted().boundary(ORGANIZATION, version, allow(&["3"]));
        assert_eq!(world.verdict(C), expected, "version {version:?}");
    }
    for (permission, expected) in [
        ("iam.serviceAccounts.actAs", Verdict::CannotAccess),
        ("iam.serviceAccounts.signBlob", Verdict::CannotAccess),
        ("iam.serviceAccounts.createTagBinding", Verdict::CanAccess),
        ("iam.serviceAccounts.listEffectiveTags", Verdict::CanAccess),
        ("iam.serviceAccountKeys.create", Verdict::CannotAccess),
    ] {
        let world = World::new()
            .with("roles", json!({"name": "organizations/1/roles/r", "includedPermissions": [permission], "stage": "GA"}))
            .grant("t", "organizations/1/roles/r", C)
            .boundary(ORGANIZATION, "3", allow(&["3"]));
        let mut question = question(C);
        question.permission = Permission::parse(permission).unwrap();
        assert_eq!(world.explain(&question).verdict, expected, "{permission}");
    }
}

/// The diagnosis says that such a boundary stops nothing here.
#[test]
fn a_boundary_at_version_1_or_2_says_that_it_does_not_stop_this() {
    for version in ["1", "2"] {
        let answer = granted()
            .boundary(ORGANIZATION, version, allow(&["3"]))
            .explain(&question(C));
        assert_eq!(answer.verdict, Verdict::CanAccess);
        assert_eq!(
            answer.boundaries.boundaries[0].why,
            format!(
                "Its enforcement version {version} does not reach iam.serviceAccounts.getAccessToken, so it stops nothing here"
            )
        );
    }
    // And it is left out of the union: it lets nobody in who another one shuts out.
    let world = granted()
        .boundary(ORGANIZATION, "1", allow(&["2"]))
        .boundary(ORGANIZATION, "3", allow(&["3"]));
    assert_eq!(world.verdict(C), NO);
}

#[test]
fn a_rule_applies_below_its_resources_and_not_below_those_excluded() {
    let rule = |resources: &[&str], excluded: &[&str]| {
        let names = |list: &[&str]| list.iter().map(|r| level(r)).collect::<Vec<_>>();
        json!([{"effect": "ALLOW", "resources": names(resources), "excludedResources": names(excluded)}])
    };
    for (resources, excluded, expected) in [
        (vec!["1"], vec![], YES),
        (vec!["2"], vec![], YES),
        (vec!["p"], vec![], YES),
        (vec!["q"], vec![], NO),
        (vec!["1"], vec!["2"], NO),
        (vec!["1"], vec!["3"], YES),
        (vec![], vec![], NO),
    ] {
        let world = granted().boundary(ORGANIZATION, "3", rule(&resources, &excluded));
        assert_eq!(
            world.verdict(C),
            expected,
            "{resources:?} without {excluded:?}"
        );
    }
}

#[test]
fn a_rule_applies_to_the_permissions_of_its_operation() {
    for (operation, expected) in [
        (
            json!({"permissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}),
            YES,
        ),
        (
            json!({"permissions": ["iam.googleapis.com/serviceAccounts.*"]}),
            YES,
        ),
        (json!({"permissions": ["iam.googleapis.com/*.*"]}), YES),
        (
            json!({"permissions": ["iam.googleapis.com/*.getAccessToken"]}),
            YES,
        ),
        (json!({"permissions": ["*"]}), YES),
        (json!({"permissions": ["storage.googleapis.com/*.*"]}), NO),
        (
            json!({"permissions": ["*"], "excludedPermissions": ["iam.googleapis.com/serviceAccounts.*"]}),
            NO,
        ),
    ] {
        let rules = json!([{"effect": "ALLOW", "resources": [level("1")], "operation": operation}]);
        let world = granted().boundary(ORGANIZATION, "3", rules);
        assert_eq!(world.verdict(C), expected, "{operation}");
    }
}

#[test]
fn one_allow_is_enough_and_one_deny_is_a_no() {
    let deny = |resources: &[&str]| {
        let names: Vec<String> = resources.iter().map(|r| level(r)).collect();
        json!([{"effect": "ALLOW", "resources": [level("1")]}, {"effect": "DENY", "resources": names}])
    };
    table(vec![
        (
            "the union",
            granted()
                .boundary(ORGANIZATION, "3", allow(&["3"]))
                .boundary(ORGANIZATION, "3", allow(&["2"])),
            YES,
        ),
        (
            "none allows",
            granted()
                .boundary(ORGANIZATION, "3", allow(&["3"]))
                .boundary(ORGANIZATION, "3", allow(&["q"])),
            NO,
        ),
        (
            "a deny that applies",
            granted()
                .boundary(ORGANIZATION, "3", allow(&["1"]))
                .boundary(ORGANIZATION, "3", deny(&["p"])),
            NO,
        ),
        (
            "a deny elsewhere",
            granted().boundary(ORGANIZATION, "3", deny(&["q"])),
            YES,
        ),
    ]);
}

#[test]
fn deny_rules_alone_are_undecided_where_none_applies() {
    let rules = |on: &str| json!([{"effect": "DENY", "resources": [level(on)]}]);
    table(vec![
        (
            "applies",
            granted().boundary(ORGANIZATION, "3", rules("p")),
            NO,
        ),
        (
            "does not",
            granted().boundary(ORGANIZATION, "3", rules("q")),
            UNREAD,
        ),
        (
            "another one allows",
            granted().boundary(ORGANIZATION, "3", rules("q")).boundary(
                ORGANIZATION,
                "3",
                allow(&["2"]),
            ),
            YES,
        ),
    ]);
    let world = granted().boundary(ORGANIZATION, "3", rules("q"));
    let kinds = world.kinds(&question(C));
    assert!(kinds.contains(&CauseKind::BoundaryUndecided), "{kinds:?}");
}

#[test]
fn an_unread_list_of_bindings_leaves_even_an_eligible_caller_unknown() {
    let list = "organizations/1/locations/global/policyBindings";
    table(vec![
        ("nothing known", granted().unreadable(list), UNREAD),
        ("no grant", World::new().unreadable(list), NO),
        (
            "of another organization",
            granted().unreadable("organizations/9/locations/global/policyBindings"),
            YES,
        ),
        (
            "of the caller's folder",
            granted().unreadable("folders/3/locations/global/policyBindings"),
            UNREAD,
        ),
        (
            "of the target's folder",
            granted().unreadable("folders/2/locations/global/policyBindings"),
            YES,
        ),
    ]);
}

#[test]
fn a_bound_policy_that_cannot_be_read_is_unknown() {
    let mut world = bound(ORGANIZATION);
    world.0["principalAccessBoundaryPolicies"] = json!([]);
    assert_eq!(world.verdict(C), UNREAD);
    let named = bound(ORGANIZATION)
        .unreadable("organizations/1/locations/global/principalAccessBoundaryPolicies/b0");
    assert_eq!(named.verdict(C), UNREAD);
}

#[test]
fn no_boundary_that_counts_is_no_limit() {
    table(vec![
        ("none at all", granted(), YES),
        (
            "one without rules",
            granted().boundary(ORGANIZATION, "3", json!([])),
            YES,
        ),
        (
            "one for others",
            granted().boundary(
                "//cloudresourcemanager.googleapis.com/projects/10",
                "3",
                allow(&["3"]),
            ),
            YES,
        ),
    ]);
}

#[test]
fn an_effect_from_the_future_may_be_either() {
    let rules = json!([{"effect": "PERHAPS", "resources": [level("1")]}]);
    let world = granted().boundary(ORGANIZATION, "3", rules);
    assert_eq!(world.verdict(C), UNREAD);
    let question = Question::new(
        who(C),
        super::super::account(super::T),
        super::super::at(super::NOW),
    );
    assert_eq!(world.explain(&question).boundaries.boundaries.len(), 1);
}
