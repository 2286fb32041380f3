//! docs/semantics.md, "Principal access boundaries".

use serde_json::{Value, json};

use super::super::who;
use super::{C, N, NO, OPEN, POOL, TOKEN_CREATOR, UNREAD, World, YES, level, question, table};
use crate::estate::Assumption;
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
    let visitor =
        "principal://iam.googleapis.com/locations/global/workforcePools/visitors/subject/s";
    let pool_set = format!("//{POOL}");
    for (set, caller, expected) in [
        (ORGANIZATION, C, NO),
        (ORGANIZATION, "user:ana@example.com", NO),
        // Whose organization that is is not known, nor whether it is one more domain of this one.
        (ORGANIZATION, "user:eve@elsewhere.org", UNREAD),
        (ORGANIZATION, "user:eve@gmail.com", YES),
        (ORGANIZATION, "user:eve@googlemail.com", YES),
        (ORGANIZATION, federated.as_str(), NO),
        (ORGANIZATION, staff, NO),
        (ORGANIZATION, visitor, UNREAD),
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

/// A second organization, whose users may reach the folder `on` alone.
fn two(on: &str) -> World {
    let other = "organizations/9";
    let policy = format!("{other}/locations/global/principalAccessBoundaryPolicies/b");
    granted()
        .with(
            "organizations",
            json!({"name": other, "displayName": "other.example", "directoryCustomerId": "C0other"}),
        )
        .with(
            "principalAccessBoundaryPolicies",
            json!({"name": policy, "details": {"enforcementVersion": "3", "rules": allow(&[on])}}),
        )
        .with(
            "policyBindings",
            json!({"name": format!("{other}/locations/global/policyBindings/pb"),
                "target": {"principalSet": format!("//cloudresourcemanager.googleapis.com/{other}")},
                "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": policy}),
        )
}

/// The boundaries of a caller are those of its own organization, wherever the target is.
#[test]
fn a_caller_is_bound_by_its_own_organization() {
    for (caller, inside, outside) in [
        ("user:kim@other.example", YES, NO),
        ("user:Kim@OTHER.example", YES, NO),
        ("user:ana@example.com", YES, YES),
        ("user:lee@gmail.com", YES, YES),
        ("user:eve@elsewhere.org", UNREAD, UNREAD),
        (C, YES, YES),
    ] {
        assert_eq!(two("2").verdict(caller), inside, "{caller}");
        assert_eq!(two("3").verdict(caller), outside, "{caller}");
    }
    let list = "organizations/9/locations/global/policyBindings";
    let hidden = two("2").unreadable(list);
    assert_eq!(hidden.verdict("user:kim@other.example"), UNREAD);
    assert_eq!(hidden.verdict("user:ana@example.com"), YES);
    let world = two("3");
    let question = question("user:eve@elsewhere.org");
    let causes = world.causes(&question);
    assert!(
        causes.iter().any(|c| c.kind == CauseKind::PolicyNotReadable
            && c.place == "domain:elsewhere.org"
            && c.message.contains("the organization of elsewhere.org")),
        "{causes:?}"
    );
}

/// Google's own accounts belong to the project whose number is in their address.
#[test]
fn a_google_managed_caller_is_bound_by_the_project_in_its_address() {
    let of_folder_3 = granted().boundary(
        "//cloudresourcemanager.googleapis.com/folders/3",
        "3",
        allow(&["3"]),
    );
    for (caller, bound) in [
        ("service-20@gcp-sa-pubsub.iam.gserviceaccount.com", NO),
        ("20@cloudbuild.gserviceaccount.com", NO),
        ("20@cloudservices.gserviceaccount.com", NO),
        ("20-compute@developer.gserviceaccount.com", NO),
        ("q@appspot.gserviceaccount.com", NO),
        (
            "service-folder-3@gcp-sa-logging.iam.gserviceaccount.com",
            NO,
        ),
        ("service-10@gcp-sa-pubsub.iam.gserviceaccount.com", YES),
        ("10@cloudbuild.gserviceaccount.com", YES),
        (
            "service-org-1@security-center-api.iam.gserviceaccount.com",
            YES,
        ),
        ("service-77@gcp-sa-pubsub.iam.gserviceaccount.com", UNREAD),
        ("77@cloudbuild.gserviceaccount.com", UNREAD),
    ] {
        let caller = format!("serviceAccount:{caller}");
        // The boundary is bound at the organization, as `boundary` has it, to the folder's set.
        assert_eq!(of_folder_3.verdict(&caller), bound, "{caller}");
        let free = granted().verdict(&caller);
        let expected = if bound == UNREAD { UNREAD } else { YES };
        assert_eq!(free, expected, "{caller} where nothing is bound");
    }
}

/// A project without an organization has no boundaries: their policies are an organization's.
#[test]
fn a_caller_of_a_project_that_stands_alone_is_free() {
    let mut world = bound(ORGANIZATION);
    world.0["projects"][1]["parent"] = json!("");
    assert_eq!(world.verdict(C), YES);
    world.0["projects"][1]["parent"] = json!("folders/404");
    assert_eq!(world.verdict(C), UNREAD);
}

/// An agent identity's organization and project are in its name (doc "Principal identifiers").
#[test]
fn an_agent_identity_is_bound_by_the_project_in_its_name() {
    let agent = |organization: &str, project: &str| {
        format!(
            "principal://agents.global.org-{organization}.system.id.goog/resources/aiplatform/projects/{project}/locations/l/reasoningEngines/r"
        )
    };
    for (set, caller, expected) in [
        (ORGANIZATION, agent("1", "20"), NO),
        (ORGANIZATION, agent("7", "70"), UNREAD),
        (
            "//cloudresourcemanager.googleapis.com/folders/3",
            agent("1", "20"),
            NO,
        ),
        (
            "//cloudresourcemanager.googleapis.com/folders/3",
            agent("1", "10"),
            YES,
        ),
    ] {
        let world = World::new().grant("t", TOKEN_CREATOR, &caller);
        let world = world.boundary(set, "3", allow(&["3"]));
        assert_eq!(world.verdict(&caller), expected, "{caller} in {set}");
        let mut only_accounts = world;
        only_accounts.0["policyBindings"][0]["condition"] =
            json!({"expression": "principal.type != 'iam.googleapis.com/AgentPoolIdentity'"});
        let expected = if expected == UNREAD { UNREAD } else { YES };
        assert_eq!(only_accounts.verdict(&caller), expected, "{caller}: spared");
    }
}

/// Where a file has no place for boundaries nothing hangs on them: the assumption is said.
#[test]
fn boundaries_that_are_assumed_away_leave_nothing_open() {
    let mut estate = granted().estate();
    estate.assume(Assumption::NoBoundariesInExport);
    for caller in [
        "user:eve@elsewhere.org",
        "serviceAccount:77@cloudbuild.gserviceaccount.com",
        C,
    ] {
        let answer = crate::evaluate::explain(&estate, &question(caller));
        assert_eq!(answer.verdict.word(), YES, "{caller}");
        assert!(answer.boundaries.assumed);
        assert!(
            answer
                .assumptions
                .contains(&Assumption::NoBoundariesInExport)
        );
    }
}

/// A version that is newer than the table holds what the table has, and may hold more.
#[test]
fn a_newer_enforcement_version_holds_the_older_ones() {
    assert_eq!(
        granted()
            .boundary(ORGANIZATION, "7", allow(&["3"]))
            .verdict(C),
        NO
    );
    let world = World::new()
        .with("roles", json!({"name": "organizations/1/roles/r", "includedPermissions": ["iam.serviceAccounts.createTagBinding"], "stage": "GA"}))
        .grant("t", "organizations/1/roles/r", C)
        .boundary(ORGANIZATION, "7", allow(&["3"]));
    let mut question = question(C);
    question.permission = Permission::parse("iam.serviceAccounts.createTagBinding").unwrap();
    assert_eq!(world.explain(&question).verdict.word(), UNREAD);
}

/// A target set is a resource's name: a pool's project may be written by its id there, as it may not in a member.
#[test]
fn a_pool_may_be_bound_by_its_projects_id() {
    let caller = format!("principal://{POOL}/subject/s");
    for project in ["20", "q"] {
        let set = format!("//{}", POOL.replace("/20/", &format!("/{project}/")));
        let world = World::new()
            .grant("t", TOKEN_CREATOR, &caller)
            .boundary(&set, "3", json!([{"effect": "ALLOW", "resources": ["//cloudresourcemanager.googleapis.com/folders/3"]}]));
        assert_eq!(world.verdict(&caller), NO, "{project}");
    }
}
