//! docs/semantics.md, "Members of deny policies and their kin".

use serde_json::{Value, json};

use super::super::{at, who};
use super::{C, N, NO, NOW, OPEN, POOL, T, TOKEN_CREATOR, UNREAD, World, YES, level, question};
use crate::evaluate::{Question, Truth, Verdict, explain, may, troubleshoot};
use crate::iam::{Permission, Resource};

const MINT: &str = "iam.googleapis.com/serviceAccounts.getAccessToken";

/// Everybody may, but for one rule.
fn ruled(rule: Value) -> World {
    World::new()
        .grant("t", TOKEN_CREATOR, "allUsers")
        .deny("folders/2", rule)
}

fn denied(principal: &str) -> World {
    ruled(json!({"deniedPrincipals": [principal], "deniedPermissions": [MINT]}))
}

#[test]
fn identities_of_v2_stand_for_those_of_v1() {
    for (principal, rows) in [
        (
            "principal://goog/subject/Ana@example.com",
            vec![
                ("user:ana@example.com", NO),
                ("user:ben@example.com", YES),
                (C, YES),
            ],
        ),
        (
            "principal://iam.googleapis.com/projects/-/serviceAccounts/c@q.iam.gserviceaccount.com",
            vec![(C, NO), (N, YES), ("user:ana@example.com", YES)],
        ),
        (
            "deleted:principal://iam.googleapis.com/projects/-/serviceAccounts/c@q.iam.gserviceaccount.com?uid=9",
            vec![(C, YES)],
        ),
        (
            "principalSet://cloudresourcemanager.googleapis.com/folders/3/type/ServiceAccount",
            vec![(C, NO), (N, YES)],
        ),
    ] {
        for (caller, expected) in rows {
            assert_eq!(
                denied(principal).verdict(caller),
                expected,
                "{caller} in {principal}"
            );
        }
    }
}

#[test]
fn groups_of_v2_are_groups() {
    let world = denied("principalSet://goog/group/devs@example.com");
    assert_eq!(world.verdict(C), UNREAD, "nobody knows the group");
    let known = world.with(
        "groups",
        json!({"email": "devs@example.com", "members": [C]}),
    );
    assert_eq!(known.verdict(C), NO);
    assert_eq!(known.verdict(N), YES);
}

#[test]
fn public_all_is_everybody() {
    let federated = format!("principal://{POOL}/subject/s");
    for caller in [
        C,
        "user:eve@gmail.com",
        &federated,
        "serviceAccount:q.svc.id.goog[ns/ksa]",
    ] {
        assert_eq!(
            denied("principalSet://goog/public:all").verdict(caller),
            NO,
            "{caller}"
        );
    }
}

#[test]
fn a_customer_is_the_users_of_its_organization() {
    for (id, caller, expected) in [
        ("C0example", "user:ana@example.com", NO),
        // One of the customer's further domains, perhaps.
        ("C0example", "user:ana@elsewhere.org", UNREAD),
        ("C0example", "user:ana@gmail.com", YES),
        ("C0example", C, YES),
        // Her domain is that of another customer.
        ("C0other", "user:ana@example.com", YES),
        ("C0other", "user:ana@elsewhere.org", UNREAD),
    ] {
        let set = format!("principalSet://goog/cloudIdentityCustomerId/{id}");
        assert_eq!(denied(&set).verdict(caller), expected, "{caller} in {set}");
    }
}

#[test]
fn federated_forms_are_those_of_v1() {
    let caller = format!("principal://{POOL}/subject/s");
    for (set, expected) in [
        (format!("principal://{POOL}/subject/s"), NO),
        (format!("principal://{POOL}/subject/other"), YES),
        (format!("principalSet://{POOL}/*"), NO),
        (
            format!("principalSet://{POOL}/attribute.repository/o/r"),
            UNREAD,
        ),
    ] {
        assert_eq!(denied(&set).verdict(&caller), expected, "{set}");
    }
}

#[test]
fn a_rule_needs_principal_permission_and_condition_and_no_exception() {
    let all = "principalSet://goog/public:all";
    let own =
        "principal://iam.googleapis.com/projects/-/serviceAccounts/c@q.iam.gserviceaccount.com";
    for (what, rule, expected) in [
        (
            "the rule",
            json!({"deniedPrincipals": [all], "deniedPermissions": [MINT]}),
            NO,
        ),
        (
            "another principal",
            json!({"deniedPrincipals": ["principal://goog/subject/a@b.c"], "deniedPermissions": [MINT]}),
            YES,
        ),
        (
            "an exception for the caller",
            json!({"deniedPrincipals": [all], "exceptionPrincipals": [own], "deniedPermissions": [MINT]}),
            YES,
        ),
        (
            "an exception for another",
            json!({"deniedPrincipals": [all], "exceptionPrincipals": ["principal://goog/subject/a@b.c"], "deniedPermissions": [MINT]}),
            NO,
        ),
        (
            "an exception nobody can tell",
            json!({"deniedPrincipals": [all], "exceptionPrincipals": ["principalSet://goog/group/z@b.c"], "deniedPermissions": [MINT]}),
            UNREAD,
        ),
        (
            "another permission",
            json!({"deniedPrincipals": [all], "deniedPermissions": ["iam.googleapis.com/serviceAccounts.signBlob"]}),
            YES,
        ),
        (
            "a permission excepted",
            json!({"deniedPrincipals": [all], "deniedPermissions": ["iam.googleapis.com/serviceAccounts.*"], "exceptionPermissions": [MINT]}),
            YES,
        ),
        (
            "a condition that is false",
            json!({"deniedPrincipals": [all], "deniedPermissions": [MINT], "denialCondition": {"expression": "resource.matchTag('1/env', 'prod')"}}),
            YES,
        ),
        (
            "a condition that is true",
            json!({"deniedPrincipals": [all], "deniedPermissions": [MINT], "denialCondition": {"expression": "!resource.matchTag('1/env', 'prod')"}}),
            NO,
        ),
    ] {
        assert_eq!(ruled(rule).verdict(C), expected, "{what}");
    }
}

#[test]
fn denied_permissions_may_be_groups_of_them() {
    for (pattern, expected) in [
        (MINT, NO),
        ("iam.googleapis.com/serviceAccounts.*", NO),
        ("iam.googleapis.com/*.getAccessToken", NO),
        ("iam.googleapis.com/*.*", NO),
        ("iam.googleapis.com/roles.*", YES),
        ("storage.googleapis.com/*.*", YES),
        ("*", YES),
        ("iam.serviceAccounts.getAccessToken", YES),
    ] {
        let rule = json!({"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": [pattern]});
        assert_eq!(ruled(rule).verdict(C), expected, "{pattern}");
    }
}

/// Doc "Permissions supported in deny policies" (`assets/permissions/deny.tsv`): what can be denied, by itself
/// or by a group of the table, and what cannot.
#[test]
fn a_rule_has_no_effect_on_a_permission_that_deny_does_not_support() {
    const CAN: Truth = Truth::No;
    const CANNOT: Truth = Truth::Yes;
    for (permission, service, answer) in [
        ("iam.serviceAccounts.setIamPolicy", "iam", CAN),
        ("iam.serviceAccounts.update", "iam", CAN),
        ("iam.serviceAccountKeys.create", "iam", CAN),
        ("iam.roles.update", "iam", CAN),
        ("iam.workloadIdentityPools.update", "iam", CAN),
        ("iam.serviceAccounts.createTagBinding", "iam", CANNOT),
        ("iam.serviceAccounts.listEffectiveTags", "iam", CANNOT),
        ("iam.denypolicies.delete", "iam", CANNOT),
        ("iam.serviceAccounts.somethingNewer", "iam", CANNOT),
        (
            "resourcemanager.projects.setIamPolicy",
            "cloudresourcemanager",
            CAN,
        ),
        ("resourcemanager.folders.get", "cloudresourcemanager", CAN),
        (
            "resourcemanager.projects.list",
            "cloudresourcemanager",
            CANNOT,
        ),
        (
            "resourcemanager.hierarchyNodes.createTagBinding",
            "cloudresourcemanager",
            CANNOT,
        ),
        ("serviceusage.services.use", "serviceusage", CAN),
        ("serviceusage.values.test", "serviceusage", CAN),
        ("serviceusage.apiKeys.regenerate", "apikeys", CAN),
        ("cloudasset.assets.searchAllIamPolicies", "cloudasset", CAN),
        ("orgpolicy.policy.set", "orgpolicy", CAN),
        // Its whole service is a group of the table, which holds what is newer too.
        ("orgpolicy.policy.somethingNewer", "orgpolicy", CAN),
        ("compute.instances.get", "compute", CAN),
        ("compute.instances.somethingNewer", "compute", CANNOT),
    ] {
        let role = json!({"name": "organizations/1/roles/all", "includedPermissions": [permission], "stage": "GA"});
        let all = json!({"deniedPrincipals": ["principalSet://goog/public:all"],
            "deniedPermissions": [format!("{service}.googleapis.com/*.*")]});
        let estate = World::new()
            .with("roles", role)
            .grant("p", "organizations/1/roles/all", C)
            .deny("organizations/1", all)
            .estate();
        let on = Resource::account("p", T);
        assert_eq!(
            may(&estate, &who(C), permission, &on, at(NOW)),
            answer,
            "{permission}"
        );
        let mut question = Question::new(who(C), on, at(NOW));
        question.permission = Permission::parse(permission).unwrap();
        let explanation = explain(&estate, &question);
        let response = troubleshoot(&estate, &explanation);
        if !permission.ends_with("Newer") {
            assert_eq!(
                response["denyPolicyExplanation"]["permissionDeniable"],
                answer == CAN,
                "{permission}"
            );
        }
        let rules: Vec<_> = explanation
            .deny
            .iter()
            .flat_map(|d| &d.policies)
            .flat_map(|p| &p.rules)
            .collect();
        assert!(
            rules.iter().all(|r| r.unsupported == (answer == CANNOT)),
            "{permission}: {rules:?}"
        );
    }
}

/// The service has another name in deny policies than in roles (doc "Permissions supported in deny
/// policies", the permissions whose two names differ).
#[test]
fn a_rule_meets_a_permission_whose_service_has_another_name_there() {
    for (permission, fqdn) in [
        (
            "resourcemanager.projects.get",
            "cloudresourcemanager.googleapis.com/projects.get",
        ),
        (
            "serviceusage.apiKeys.revert",
            "apikeys.googleapis.com/apiKeys.revert",
        ),
        (
            "bigquery.connections.use",
            "bigqueryconnection.googleapis.com/connections.use",
        ),
        (
            "bigquery.dataPolicies.get",
            "bigquerydatapolicy.googleapis.com/dataPolicies.get",
        ),
        (
            "bigquery.transfers.get",
            "bigquerydatatransfer.googleapis.com/transfers.get",
        ),
        (
            "datastore.locations.get",
            "firestore.googleapis.com/locations.get",
        ),
        (
            "lookerstudio.pro.manage",
            "datastudio.googleapis.com/pro.manage",
        ),
    ] {
        let v1 = Permission::parse(permission).unwrap();
        assert_eq!(v1.fqdn(), fqdn);
        assert_eq!(Permission::parse(fqdn), Ok(v1.clone()));
        let (service, _) = permission.split_once('.').unwrap();
        let (domain, rest) = fqdn.split_once('/').unwrap();
        assert!(
            v1.matches(fqdn) && v1.matches(&format!("{domain}/*.*")),
            "{permission}"
        );
        assert!(
            !v1.matches(&format!("{service}.googleapis.com/{rest}")),
            "{permission}"
        );
    }
    // Others of the same service keep its name.
    for permission in [
        "serviceusage.services.use",
        "apikeys.keys.get",
        "bigquery.jobs.create",
        "datastore.entities.get",
    ] {
        let (service, rest) = permission.split_once('.').unwrap();
        let fqdn = format!("{service}.googleapis.com/{rest}");
        assert_eq!(Permission::parse(permission).unwrap().fqdn(), fqdn);
    }
}

#[test]
fn every_permission_of_impersonation_can_be_denied() {
    for permission in [
        "getAccessToken",
        "getOpenIdToken",
        "implicitDelegation",
        "signBlob",
        "signJwt",
        "actAs",
        "setIamPolicy",
    ] {
        let fqdn = format!("iam.googleapis.com/serviceAccounts.{permission}");
        let estate = World::new()
            .grant("t", TOKEN_CREATOR, C)
            .grant("t", "roles/iam.serviceAccountAdmin", C)
            .grant("t", "roles/iam.serviceAccountUser", C)
            .deny("organizations/1", json!({"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": [fqdn]}))
            .estate();
        let v1 = format!("iam.serviceAccounts.{permission}");
        assert_eq!(
            may(&estate, &who(C), &v1, &Resource::account("p", T), at(NOW)),
            Truth::No,
            "{permission}"
        );
        assert_eq!(Permission::parse(&v1).unwrap().fqdn(), fqdn);
    }
}

#[test]
fn deny_conditions_see_the_targets_tags_only() {
    let rule = |expression: &str| {
        json!({"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": [MINT],
            "denialCondition": {"expression": expression}})
    };
    let tag = |value: &str| {
        json!([{"namespacedTagKey": "1/env", "namespacedTagValue": format!("1/env/{value}"),
        "tagKey": "tagKeys/1", "tagValue": format!("tagValues/{value}")}])
    };
    for (expression, on, expected) in [
        ("resource.matchTag('1/env', 'prod')", "p", NO),
        (
            "resource.matchTagId('tagKeys/1', 'tagValues/prod')",
            "t",
            NO,
        ),
        ("resource.matchTag('1/env', 'prod')", "q", YES),
        ("resource.matchTag('1/env', 'dev')", "p", YES),
        // What it cannot see, or cannot be evaluated, is unknown.
        (
            "request.time < timestamp('2030-01-01T00:00:00Z')",
            "p",
            OPEN,
        ),
        ("resource.name == 'x'", "p", OPEN),
        ("not a condition", "p", OPEN),
    ] {
        let world = ruled(rule(expression)).set("tags", &level(on), tag("prod"));
        assert_eq!(world.verdict(C), expected, "{expression}, tag on {on}");
    }
}

#[test]
fn a_rule_of_a_kind_that_is_not_known_may_deny() {
    let world = World::new().grant("t", TOKEN_CREATOR, C).with(
        "denyPolicies",
        json!({"name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2/denypolicies/x",
            "rules": [{"novelRule": {"a": 1}}]}),
    );
    assert_eq!(world.explain(&question(C)).verdict, Verdict::UnknownInfo);
}
