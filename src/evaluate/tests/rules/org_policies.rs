//! Organization policies: how they are merged along the hierarchy, and whom the constraints on
//! members let in (discovery document orgpolicy v2; doc "Understand hierarchy evaluation"; doc
//! "Restrict identities with domain-restricted sharing").

use serde_json::{Value, json};

use super::super::{account, from_value};
use super::{C, T, World, question};
use crate::estate::{Coverage, Estate, Existence};
use crate::evaluate::Truth;
use crate::evaluate::org_policy::{Guards, keys_disabled, notices};
use crate::iam::{OrgPolicy, Permission, PolicyMember, Resource};

const DOMAINS: &str = "iam.allowedPolicyMemberDomains";
const MEMBERS: &str = "iam.managed.allowedPolicyMembers";
const KEYS: &str = "iam.disableServiceAccountKeyCreation";
const SA: &str = "serviceAccount:c@q.iam.gserviceaccount.com";

fn target(estate: &Estate) -> Resource {
    match estate.resolve(&account(T)) {
        Existence::Exists(found) => found,
        other => panic!("{other:?}"),
    }
}

/// Whether the constraints together let a member into the target's policy.
fn lets_in(estate: &Estate, member: &str) -> Truth {
    let guards = Guards::of(estate, &target(estate));
    let judged = guards.judge(&PolicyMember::v1(member));
    judged.iter().fold(Truth::Yes, |sum, g| sum.and(g.lets_in))
}

fn allow(values: &[&str]) -> Value {
    json!({"rules": [{"values": {"allowedValues": values}}]})
}

fn inheriting(mut spec: Value) -> Value {
    spec["inheritFromParent"] = json!(true);
    spec
}

fn restricted(values: &[&str]) -> World {
    World::new().org_policy("organizations/1", DOMAINS, allow(values))
}

/// A second organization, with an account and an identity pool in its project (number 90).
fn with_partner(world: World) -> World {
    let email = "x@r.iam.gserviceaccount.com";
    world
        .with(
            "organizations",
            json!({"name": "organizations/9", "displayName": "partner.com", "directoryCustomerId": "C0partner"}),
        )
        .with(
            "projects",
            json!({"name": "projects/90", "projectId": "r", "parent": "organizations/9"}),
        )
        .with(
            "projects",
            json!({"name": "projects/91", "projectId": "alone"}),
        )
        .with(
            "serviceAccounts",
            json!({"name": format!("projects/r/serviceAccounts/{email}"), "email": email, "projectId": "r", "uniqueId": "901"}),
        )
}

/// Rows of world and answer for one member.
fn table(member: &str, rows: Vec<(&str, World, Truth)>) {
    for (what, world, expected) in rows {
        assert_eq!(lets_in(&world.estate(), member), expected, "{what}");
    }
}

#[test]
fn a_list_policy_hides_what_is_set_above_unless_it_inherits() {
    let others = || restricted(&["C0other"]);
    table(
        SA,
        vec![
            (
                "nothing set: the default allows all",
                World::new(),
                Truth::Yes,
            ),
            ("set above", others(), Truth::No),
            ("set above, its own", restricted(&["C0example"]), Truth::Yes),
            (
                "nearer one hides it",
                others().org_policy("folders/2", DOMAINS, allow(&["C0example"])),
                Truth::Yes,
            ),
            (
                "nearer one hides what would let it in",
                restricted(&["C0example"]).org_policy("projects/p", DOMAINS, allow(&["C0other"])),
                Truth::No,
            ),
            (
                "inheriting adds",
                restricted(&["C0example"]).org_policy(
                    "projects/p",
                    DOMAINS,
                    inheriting(allow(&["C0other"])),
                ),
                Truth::Yes,
            ),
            (
                "inheriting up to the nearest that does not",
                restricted(&["C0example"])
                    .org_policy("folders/2", DOMAINS, allow(&["C0more"]))
                    .org_policy("projects/p", DOMAINS, inheriting(allow(&["C0other"]))),
                Truth::No,
            ),
            (
                "inheriting nothing is no default",
                World::new().org_policy("projects/p", DOMAINS, inheriting(allow(&["C0other"]))),
                Truth::No,
            ),
            (
                "reset restores the default",
                others().org_policy("projects/p", DOMAINS, json!({"reset": true})),
                Truth::Yes,
            ),
            (
                "allowAll",
                others().org_policy(
                    "projects/p",
                    DOMAINS,
                    json!({"rules": [{"allowAll": true}]}),
                ),
                Truth::Yes,
            ),
            (
                "denyAll",
                World::new().org_policy(
                    "projects/p",
                    DOMAINS,
                    json!({"rules": [{"denyAll": true}]}),
                ),
                Truth::No,
            ),
            (
                "another project's",
                World::new().org_policy("projects/q", DOMAINS, allow(&["C0other"])),
                Truth::Yes,
            ),
            (
                "by the project's number",
                World::new().org_policy("projects/10", DOMAINS, allow(&["C0other"])),
                Truth::No,
            ),
        ],
    );
}

#[test]
fn denied_values_beat_allowed_ones_and_alone_leave_the_rest_allowed() {
    let deny = |values: &[&str]| json!({"rules": [{"values": {"deniedValues": values}}]});
    table(
        SA,
        vec![
            (
                "denied below, allowed above",
                restricted(&["C0example", "C0other"]).org_policy(
                    "projects/p",
                    DOMAINS,
                    inheriting(deny(&["C0example"])),
                ),
                Truth::No,
            ),
            (
                "another denied",
                World::new().org_policy("folders/2", DOMAINS, deny(&["C0partner"])),
                Truth::Yes,
            ),
        ],
    );
}

#[test]
fn a_dry_run_is_never_enforced() {
    let policy = |spec: &str| json!({"name": format!("organizations/1/policies/{DOMAINS}"), spec: allow(&["C0other"])});
    table(
        SA,
        vec![
            (
                "dry run",
                World::new().with("orgPolicies", policy("dryRunSpec")),
                Truth::Yes,
            ),
            (
                "the same in force",
                World::new().with("orgPolicies", policy("spec")),
                Truth::No,
            ),
        ],
    );
}

#[test]
fn a_rule_with_a_condition_counts_where_the_tags_say_so() {
    let open = json!({"inheritFromParent": true, "rules": [
        {"allowAll": true, "condition": {"expression": "resource.matchTag('1/sharing', 'open')"}}]});
    let world = |tagged: Option<&str>| {
        let world = restricted(&["C0other"]).org_policy("folders/2", DOMAINS, open.clone());
        let tag =
            json!([{"namespacedTagKey": "1/sharing", "namespacedTagValue": "1/sharing/open"}]);
        match tagged {
            Some(at) => world.set("tags", &super::level(at), tag),
            None => world,
        }
    };
    table(
        SA,
        vec![
            ("no tag", world(None), Truth::No),
            ("on the project", world(Some("p")), Truth::Yes),
            ("on the account itself", world(Some("t")), Truth::Yes),
            ("on another project", world(Some("q")), Truth::No),
        ],
    );
    // Of boolean constraints the rule whose condition is true comes before the other.
    let spec = json!({"rules": [{"enforce": true},
        {"enforce": false, "condition": {"expression": "resource.matchTag('1/sharing', 'open')"}}]});
    for (tagged, expected) in [(None, Truth::Yes), (Some("t"), Truth::No)] {
        let mut world = World::new().org_policy("organizations/1", KEYS, spec.clone());
        if let Some(at) = tagged {
            let tag =
                json!([{"namespacedTagKey": "1/sharing", "namespacedTagValue": "1/sharing/open"}]);
            world = world.set("tags", &super::level(at), tag);
        }
        let estate = world.estate();
        assert_eq!(keys_disabled(&estate, &target(&estate)), expected);
    }
}

#[test]
fn of_boolean_constraints_the_nearest_policy_counts() {
    let enforce = |on: bool| json!({"rules": [{"enforce": on}]});
    for (what, world, expected) in [
        ("default", World::new(), Truth::No),
        (
            "above",
            World::new().org_policy("organizations/1", KEYS, enforce(true)),
            Truth::Yes,
        ),
        (
            "off below",
            World::new()
                .org_policy("organizations/1", KEYS, enforce(true))
                .org_policy("projects/p", KEYS, enforce(false)),
            Truth::No,
        ),
        (
            "reset below",
            World::new()
                .org_policy("organizations/1", KEYS, enforce(true))
                .org_policy("projects/p", KEYS, json!({"reset": true})),
            Truth::No,
        ),
        (
            "not readable",
            World::new().unreadable("organizations/1/policies"),
            Truth::UnknownInfo,
        ),
        (
            "not readable, and hidden by a nearer one",
            World::new()
                .unreadable("organizations/1/policies")
                .org_policy("projects/p", KEYS, enforce(true)),
            Truth::Yes,
        ),
    ] {
        let estate = world.estate();
        assert_eq!(keys_disabled(&estate, &target(&estate)), expected, "{what}");
    }
}

#[test]
fn a_customer_id_lets_in_its_domains_and_the_accounts_of_its_organization() {
    let estate = with_partner(restricted(&["is:C0example"])).estate();
    for (member, expected) in [
        ("user:ana@example.com", Truth::Yes),
        ("group:devs@EXAMPLE.com", Truth::Yes),
        ("domain:example.com", Truth::Yes),
        ("user:bob@partner.com", Truth::No),
        ("group:all@partner.com", Truth::No),
        ("domain:partner.com", Truth::No),
        ("user:me@gmail.com", Truth::No),
        (SA, Truth::Yes),
        ("serviceAccount:x@r.iam.gserviceaccount.com", Truth::No),
        (
            "serviceAccount:y@nowhere.iam.gserviceaccount.com",
            Truth::No,
        ),
        ("serviceAccount:z@alone.iam.gserviceaccount.com", Truth::No),
        // Default accounts and service agents, by the project in their addresses.
        (
            "serviceAccount:20-compute@developer.gserviceaccount.com",
            Truth::Yes,
        ),
        (
            "serviceAccount:90-compute@developer.gserviceaccount.com",
            Truth::No,
        ),
        ("serviceAccount:q@appspot.gserviceaccount.com", Truth::Yes),
        (
            "serviceAccount:service-20@gcp-sa-pubsub.iam.gserviceaccount.com",
            Truth::Yes,
        ),
        (
            "serviceAccount:service-90@gcp-sa-pubsub.iam.gserviceaccount.com",
            Truth::No,
        ),
        (
            "serviceAccount:gmail-api-push@system.gserviceaccount.com",
            Truth::No,
        ),
        ("allUsers", Truth::No),
        ("allAuthenticatedUsers", Truth::No),
        (
            "principalSet://cloudresourcemanager.googleapis.com/folders/3/type/ServiceAccount",
            Truth::Yes,
        ),
        (
            "principalSet://cloudresourcemanager.googleapis.com/organizations/9/type/ServiceAccount",
            Truth::No,
        ),
        // Whether a customer id lets pools in is not known; one of another organization it does not.
        (
            "principalSet://iam.googleapis.com/projects/20/locations/global/workloadIdentityPools/gh/*",
            Truth::UnknownInfo,
        ),
        (
            "principalSet://iam.googleapis.com/projects/90/locations/global/workloadIdentityPools/gh/*",
            Truth::No,
        ),
        (
            "principal://iam.googleapis.com/locations/global/workforcePools/w/subject/s",
            Truth::UnknownInfo,
        ),
        ("something:else", Truth::UnknownInfo),
    ] {
        assert_eq!(lets_in(&estate, member), expected, "{member}");
    }
}

#[test]
fn an_organizations_principal_set_lets_its_identity_pools_in_too() {
    let set = "is:principalSet://iam.googleapis.com/organizations/1";
    let estate = with_partner(restricted(&[set])).estate();
    for (member, expected) in [
        ("user:ana@example.com", Truth::Yes),
        (SA, Truth::Yes),
        ("serviceAccount:x@r.iam.gserviceaccount.com", Truth::No),
        (
            "principal://iam.googleapis.com/projects/20/locations/global/workloadIdentityPools/gh/subject/s",
            Truth::Yes,
        ),
        ("serviceAccount:q.svc.id.goog[ns/ksa]", Truth::Yes),
        ("serviceAccount:r.svc.id.goog[ns/ksa]", Truth::No),
        (
            "principal://iam.googleapis.com/projects/90/locations/global/workloadIdentityPools/gh/subject/s",
            Truth::No,
        ),
        (
            "principal://iam.googleapis.com/locations/global/workforcePools/w/subject/s",
            Truth::UnknownInfo,
        ),
        ("allUsers", Truth::No),
    ] {
        assert_eq!(lets_in(&estate, member), expected, "{member}");
    }
}

#[test]
fn the_managed_constraint_names_members_and_organizations() {
    let enforced = |parameters: Value| {
        with_partner(World::new()).org_policy(
            "organizations/1",
            MEMBERS,
            json!({"rules": [{"enforce": true, "parameters": parameters}]}),
        )
    };
    let world = enforced(json!({
        "allowedPrincipalSets": ["//cloudresourcemanager.googleapis.com/organizations/1"],
        "allowedMemberSubjects": ["user:Bob@partner.com"],
    }));
    let estate = world.estate();
    for (member, expected) in [
        (SA, Truth::Yes),
        ("user:bob@partner.com", Truth::Yes),
        ("user:eve@partner.com", Truth::No),
        ("serviceAccount:x@r.iam.gserviceaccount.com", Truth::No),
        ("allUsers", Truth::No),
    ] {
        assert_eq!(lets_in(&estate, member), expected, "{member}");
    }
    table(
        "user:eve@partner.com",
        vec![
            (
                "not enforced",
                World::new().org_policy(
                    "organizations/1",
                    MEMBERS,
                    json!({"rules": [{"enforce": false}]}),
                ),
                Truth::Yes,
            ),
            (
                "its parameters were not told",
                World::new().org_policy(
                    "organizations/1",
                    MEMBERS,
                    json!({"rules": [{"enforce": true}]}),
                ),
                Truth::UnknownInfo,
            ),
        ],
    );
    // Both constraints have to let it in.
    let both = world.org_policy("folders/2", DOMAINS, allow(&["C0partner"]));
    assert_eq!(lets_in(&both.estate(), SA), Truth::No);
}

#[test]
fn what_google_says_comes_of_them_counts_where_not_all_above_was_read() {
    let file = restricted(&["C0other"]);
    let said = |rule: Value| -> OrgPolicy {
        serde_json::from_value(json!({"name": "x", "spec": {"rules": [rule]}})).unwrap()
    };
    for (what, rule, expected) in [
        ("all", json!({"allowAll": true}), Truth::Yes),
        (
            "its own",
            json!({"values": {"allowedValues": ["C0example"]}}),
            Truth::Yes,
        ),
        (
            "another",
            json!({"values": {"allowedValues": ["C0partner"]}}),
            Truth::No,
        ),
    ] {
        let mut estate = from_value(&file.0, Coverage::Partial);
        // The managed constraint was looked for as well.
        let on = Resource::project("p");
        estate.put_effective_org_policy(on.clone(), MEMBERS, said(json!({"enforce": false})));
        estate.put_effective_org_policy(on, DOMAINS, said(rule));
        assert_eq!(lets_in(&estate, SA), expected, "{what}");
    }
    let nothing = from_value(&file.0, Coverage::Partial);
    assert_eq!(lets_in(&nothing, SA), Truth::UnknownInfo);
}

/// A member, the organization's customer and its domain may be out of sight: then nobody can tell.
#[test]
fn where_a_member_belongs_may_not_be_known() {
    let mut file = restricted(&["C0example"]).0;
    file["organizations"][0] = json!({"name": "organizations/1"});
    let estate = from_value(&file, Coverage::Whole);
    for member in [SA, "user:ana@example.com"] {
        assert_eq!(lets_in(&estate, member), Truth::UnknownInfo, "{member}");
    }
    let file = restricted(&["C0example"]).0;
    let mut live = from_value(&file, Coverage::Partial);
    let rule: OrgPolicy = serde_json::from_value(json!({"name": "x",
        "spec": {"rules": [{"values": {"allowedValues": ["C0example"]}}]}}))
    .unwrap();
    let off: OrgPolicy =
        serde_json::from_value(json!({"name": "x", "spec": {"rules": [{"enforce": false}]}}))
            .unwrap();
    live.put_effective_org_policy(Resource::project("p"), DOMAINS, rule);
    live.put_effective_org_policy(Resource::project("p"), MEMBERS, off);
    for (member, expected) in [
        ("user:ana@example.com", Truth::Yes),
        ("user:ana@example.org", Truth::UnknownInfo),
        ("user:ana@gmail.com", Truth::No),
        (SA, Truth::Yes),
        (
            "serviceAccount:y@nowhere.iam.gserviceaccount.com",
            Truth::UnknownInfo,
        ),
    ] {
        assert_eq!(lets_in(&live, member), expected, "{member}");
    }
}

#[test]
fn a_refusal_says_who_is_let_in_where_that_is_set_and_where_the_member_belongs() {
    let estate = with_partner(restricted(&["is:C0example"])).estate();
    let guards = Guards::of(&estate, &target(&estate));
    let judged = guards.judge(&PolicyMember::v1(
        "serviceAccount:x@r.iam.gserviceaccount.com",
    ));
    let [guard] = judged.as_slice() else {
        panic!("{judged:?}");
    };
    assert_eq!((guard.constraint, guard.lets_in), (DOMAINS, Truth::No));
    assert_eq!(guard.allowed, ["is:C0example"]);
    assert_eq!(guard.set_on, [Resource::parse("organizations/1").unwrap()]);
    assert_eq!(guard.why, "it belongs to partner.com (C0partner)");
}

#[test]
fn attaching_across_projects_is_named_where_it_matters() {
    let said = |world: World, caller: &str, permission: &str| {
        let mut question = question(caller);
        question.permission = Permission::parse(permission).unwrap();
        let estate = world.estate();
        notices(&estate, &crate::evaluate::explain(&estate, &question)).join(" ")
    };
    let act_as = "iam.serviceAccounts.actAs";
    let constraint = "iam.disableCrossProjectServiceAccountUsage";
    let off = json!({"rules": [{"enforce": false}]});
    let enforced = said(World::new(), C, act_as);
    assert!(enforced.contains("is enforced on p"), "{enforced}");
    let turned_off = World::new().org_policy("projects/p", constraint, off);
    assert_eq!(said(turned_off, C, act_as), "");
    let unread = said(World::new().unreadable("projects/p/policies"), C, act_as);
    assert!(
        unread.contains("could not be told (may not be read)"),
        "{unread}"
    );
    for (caller, permission) in [
        (C, "iam.serviceAccounts.getAccessToken"),
        ("user:ana@example.com", act_as),
        (super::N, act_as),
    ] {
        assert_eq!(
            said(World::new(), caller, permission),
            "",
            "{caller} {permission}"
        );
    }
}
