//! docs/semantics.md, "Order of judgement".

use serde_json::json;

use super::{C, NO, OPEN, TOKEN_CREATOR, UNREAD, World, YES, level, table};

fn everybody() -> serde_json::Value {
    json!({"deniedPrincipals": ["principalSet://goog/public:all"],
        "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]})
}

fn granted() -> World {
    World::new().grant("t", TOKEN_CREATOR, C)
}

#[test]
fn a_boundary_that_leaves_the_target_out_is_a_no_whatever_is_granted() {
    let only_apps = json!([{"effect": "ALLOW", "resources": [level("3")]}]);
    let only_data = json!([{"effect": "ALLOW", "resources": [level("2")]}]);
    let organization = level("1");
    let set = organization.trim_start_matches("principalSet:");
    table(vec![
        ("none", granted(), YES),
        ("outside", granted().boundary(set, "3", only_apps), NO),
        ("inside", granted().boundary(set, "3", only_data), YES),
    ]);
}

#[test]
fn one_matching_deny_rule_on_the_ancestry_is_a_no_whatever_is_granted() {
    for at in ["projects/p", "folders/2", "organizations/1"] {
        assert_eq!(granted().deny(at, everybody()).verdict(C), NO, "{at}");
    }
    assert_eq!(granted().deny("folders/3", everybody()).verdict(C), YES);
}

#[test]
fn one_matching_binding_is_a_yes_else_no() {
    table(vec![
        ("nothing", World::new(), NO),
        ("one", granted(), YES),
        ("one of two", granted().grant("t", "roles/viewer", C), YES),
    ]);
}

#[test]
fn a_definite_no_beats_everything_that_is_unknown() {
    let unread = |w: World| w.unreadable(&level("1"));
    table(vec![
        (
            "denied, organization unread",
            unread(granted().deny("folders/2", everybody())),
            NO,
        ),
        (
            "denied, deny policies above unread",
            granted().deny("projects/p", everybody()).unreadable(
                "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F1/denypolicies",
            ),
            NO,
        ),
    ]);
}

#[test]
fn a_yes_needs_definite_passes_of_boundary_and_deny() {
    let denies = "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2/denypolicies";
    table(vec![
        (
            "allow policy above unread",
            granted().unreadable(&level("1")),
            YES,
        ),
        ("deny policies unread", granted().unreadable(denies), UNREAD),
        (
            "boundaries unread",
            granted().unreadable("organizations/1/locations/global/policyBindings"),
            UNREAD,
        ),
        (
            "nothing granted, deny unread",
            World::new().unreadable(denies),
            NO,
        ),
    ]);
}

#[test]
fn unknown_info_wins_over_unknown_conditional() {
    let open = World::new().when("'x' in request.auth.access_levels");
    table(vec![
        ("a condition", open.clone(), OPEN),
        ("and an unread policy", open.unreadable(&level("1")), UNREAD),
    ]);
}
