//! docs/semantics.md, "Roles".

use serde_json::json;

use super::{C, NO, NOW, T, TOKEN_CREATOR, UNREAD, World, YES, question, table};
use crate::evaluate::tests::{at, who};
use crate::evaluate::{Truth, Verdict, may};
use crate::iam::permission::{
    ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::iam::{Permission, Resource, predefined};

#[test]
fn a_binding_grants_what_its_role_includes() {
    for (role, holds, lacks) in [
        (
            TOKEN_CREATOR,
            vec![
                GET_ACCESS_TOKEN,
                GET_OPEN_ID_TOKEN,
                IMPLICIT_DELEGATION,
                SIGN_BLOB,
                SIGN_JWT,
            ],
            vec![ACT_AS],
        ),
        (
            "roles/iam.serviceAccountUser",
            vec![ACT_AS],
            vec![GET_ACCESS_TOKEN, IMPLICIT_DELEGATION],
        ),
        (
            "roles/iam.workloadIdentityUser",
            vec![GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN],
            vec![ACT_AS, SIGN_BLOB, IMPLICIT_DELEGATION],
        ),
        (
            "roles/iam.serviceAccountOpenIdTokenCreator",
            vec![GET_OPEN_ID_TOKEN],
            vec![GET_ACCESS_TOKEN],
        ),
        (
            "roles/owner",
            vec![ACT_AS],
            vec![GET_ACCESS_TOKEN, SIGN_BLOB],
        ),
        ("roles/editor", vec![ACT_AS], vec![GET_ACCESS_TOKEN]),
    ] {
        let world = World::new().grant("t", role, C);
        let mut question = question(C);
        for (permissions, expected) in [(holds, Verdict::CanAccess), (lacks, Verdict::CannotAccess)]
        {
            for permission in permissions {
                question.permission = Permission::parse(permission).unwrap();
                assert_eq!(
                    world.explain(&question).verdict,
                    expected,
                    "{role}: {permission}"
                );
            }
        }
    }
}

fn custom(role: serde_json::Value) -> World {
    let name = role["name"].as_str().unwrap().to_owned();
    World::new().with("roles", role).grant("t", &name, C)
}

#[test]
fn custom_roles_grant_unless_disabled_or_deleted() {
    let mint = [GET_ACCESS_TOKEN];
    table(vec![
        (
            "of the organization",
            custom(
                json!({"name": "organizations/1/roles/r", "stage": "GA", "includedPermissions": mint}),
            ),
            YES,
        ),
        (
            "of the project",
            custom(
                json!({"name": "projects/p/roles/r", "stage": "ALPHA", "includedPermissions": mint}),
            ),
            YES,
        ),
        (
            "deprecated",
            custom(
                json!({"name": "projects/p/roles/r", "stage": "DEPRECATED", "includedPermissions": mint}),
            ),
            YES,
        ),
        (
            "without it",
            custom(
                json!({"name": "projects/p/roles/r", "stage": "GA", "includedPermissions": [ACT_AS]}),
            ),
            NO,
        ),
        (
            "disabled",
            custom(
                json!({"name": "projects/p/roles/r", "stage": "DISABLED", "includedPermissions": mint}),
            ),
            NO,
        ),
        (
            "deleted",
            custom(
                json!({"name": "projects/p/roles/r", "stage": "GA", "deleted": true, "includedPermissions": mint}),
            ),
            NO,
        ),
    ]);
}

#[test]
fn a_role_that_cannot_be_read_is_unknown() {
    table(vec![
        ("unreadable", custom(json!({"name": "organizations/1/roles/r", "stage": "GA", "includedPermissions": [ACT_AS]})).unreadable("organizations/1/roles/r"), UNREAD),
        ("custom and not known", World::new().grant("t", "organizations/1/roles/nobody-knows", C), UNREAD),
        ("predefined and newer than the table", World::new().grant("t", "roles/nova.minter", C), UNREAD),
        ("of somebody else", World::new().grant("t", "organizations/1/roles/nobody-knows", "user:a@b.c"), NO),
    ]);
}

#[test]
fn an_estate_may_override_a_predefined_role() {
    let world = World::new()
        .with(
            "roles",
            json!({"name": TOKEN_CREATOR, "stage": "GA", "includedPermissions": [SIGN_BLOB]}),
        )
        .grant("t", TOKEN_CREATOR, C);
    assert_eq!(world.verdict(C), NO);
}

/// Newer permissions stand in roles in their second form, `iam.googleapis.com/workloadIdentityPools.get`
/// (predefined roles as IAM v1 shows them); it is the same permission.
#[test]
fn a_permission_is_the_same_in_both_of_its_forms() {
    let permission = "iam.workloadIdentityPools.get";
    let custom = json!({"name": "organizations/1/roles/pools", "stage": "GA",
        "includedPermissions": ["iam.googleapis.com/workloadIdentityPools.get"]});
    for role in [
        "roles/iam.workloadIdentityPoolViewer",
        "organizations/1/roles/pools",
    ] {
        let estate = World::new()
            .with("roles", custom.clone())
            .grant("p", role, C)
            .estate();
        let on = Resource::account("p", T);
        for form in [permission, "iam.googleapis.com/workloadIdentityPools.get"] {
            let asked = Permission::parse(form).unwrap();
            let answer = may(&estate, &who(C), asked.as_str(), &on, at(NOW));
            assert_eq!(answer, Truth::Yes, "{role} {form}");
        }
    }
    let names: Vec<_> = predefined::roles_with(permission)
        .iter()
        .map(|r| r.name)
        .collect();
    assert!(names.contains(&"roles/iam.workloadIdentityPoolViewer"));
    assert!(predefined::permission_exists(permission));
}
