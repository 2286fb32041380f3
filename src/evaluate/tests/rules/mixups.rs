//! Targets and grants as people get them wrong (docs/semantics.md, "What people run into").

use serde_json::json;

use super::super::{account, who};
use super::{C, T, TOKEN_CREATOR, World, question};
use crate::evaluate::{CauseKind as K, Outcome, Question, diagnose, explain};
use crate::iam::Permission;

const ACT_AS: &str = "iam.serviceAccounts.actAs";
const USER: &str = "roles/iam.serviceAccountUser";

fn about(target: &str) -> Question {
    Question {
        target: account(target),
        ..question(C)
    }
}

fn acting(caller: &str, target: &str) -> Question {
    Question {
        permission: Permission::parse(ACT_AS).unwrap(),
        caller: who(caller),
        target: account(target),
        ..question(C)
    }
}

#[test]
fn a_person_or_a_group_is_no_service_account() {
    let world = World::new()
        .with(
            "groups",
            json!({"email": "devs@example.com", "members": []}),
        )
        .grant("p", "roles/viewer", "user:ana@example.com");
    for (target, what) in [
        ("ana@example.com", "but a person's address"),
        ("devs@example.com", "but a group's address"),
        (
            "who@elsewhere.example",
            "the address of a person or a group",
        ),
    ] {
        let question = about(target);
        let answer = explain(&world.estate(), &question);
        assert_eq!(answer.outcome, Outcome::WouldFail, "{target}");
        let causes = world.causes(&question);
        assert_eq!(
            world.kinds(&question),
            [K::TargetIsNoServiceAccount],
            "{target}"
        );
        assert!(causes[0].message.contains(what), "{}", causes[0].message);
        assert!(causes[0].remedy.contains("domain-wide delegation"));
        assert!(causes[0].remedy.contains("iam.serviceAccounts.signJwt"));
    }
    let meant = about("t@example.com");
    assert!(
        world.causes(&meant)[0].remedy.contains(T),
        "{:?}",
        world.causes(&meant)
    );
}

#[test]
fn a_default_account_that_is_not_there_says_why() {
    let world = World::new();
    for (target, message, remedy) in [
        (
            "p@appspot.gserviceaccount.com",
            "The project p has no App Engine default account",
            "App Engine is in use",
        ),
        (
            "10-compute@developer.gserviceaccount.com",
            "The project p has no Compute Engine default account",
            "Compute Engine is in use",
        ),
        // By the id for the number, and the reverse.
        (
            "p-compute@developer.gserviceaccount.com",
            "goes by another name",
            "10-compute@developer.gserviceaccount.com",
        ),
        (
            "10@appspot.gserviceaccount.com",
            "goes by another name",
            "p@appspot.gserviceaccount.com",
        ),
    ] {
        for question in [about(target), acting(C, target)] {
            let causes = world.causes(&question);
            assert_eq!(world.kinds(&question), [K::TargetNotFound], "{target}");
            assert!(causes[0].message.contains(message), "{}", causes[0].message);
            assert!(causes[0].remedy.contains(remedy), "{}", causes[0].remedy);
        }
    }
}

/// Default accounts have Editor on their own project, service agents what they need there.
#[test]
fn broad_roles_on_the_own_project_are_no_mix_up() {
    let target = "p@appspot.gserviceaccount.com";
    let compute = "20-compute@developer.gserviceaccount.com";
    let place = |email: &str, project: &str, id: &str| {
        json!({"name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id})
    };
    let world = World::new()
        .with("serviceAccounts", place(target, "p", "7"))
        .with("serviceAccounts", place(compute, "q", "8"))
        .grant("p", "roles/editor", &format!("serviceAccount:{target}"))
        .grant("q", "roles/editor", &format!("serviceAccount:{compute}"))
        .grant("q", "roles/cloudbuild.builds.builder", C);
    for caller in [C.to_owned(), format!("serviceAccount:{compute}")] {
        let kinds = world.kinds(&acting(&caller, target));
        assert_eq!(kinds, [K::NoGrant], "{caller}");
    }
    let deployer = world.grant("c", USER, C);
    assert_eq!(deployer.kinds(&acting(C, target)), [K::GrantElsewhere]);
}

#[test]
fn a_grant_on_another_account_comes_before_roles_that_do_not_do() {
    let n = "n@p.iam.gserviceaccount.com";
    let other = format!("//iam.googleapis.com/projects/p/serviceAccounts/{n}");
    let world = World::new()
        .set(
            "iamPolicies",
            &other,
            json!({"bindings": [{"role": TOKEN_CREATOR, "members": [C]}]}),
        )
        .grant("p", USER, C)
        .grant("2", "roles/owner", C);
    assert_eq!(
        world.kinds(&question(C)),
        [
            K::GrantElsewhere,
            K::BasicRoleNotEnough,
            K::RoleLacksPermission
        ]
    );
}

#[test]
fn a_binding_is_told_once() {
    // The caller, and a letter away from it, in one binding of a role that does not do.
    let world = World::new().binding(
        "t",
        json!({"role": "roles/editor", "members": [C, "serviceAccount:cc@q.iam.gserviceaccount.com"]}),
    );
    assert_eq!(world.kinds(&question(C)), [K::BasicRoleNotEnough]);
    // One that misses twice: to the target itself, and to a misspelled caller.
    let world = World::new().binding(
        "t",
        json!({"role": TOKEN_CREATOR, "members": [format!("serviceAccount:{T}"), "serviceAccount:cc@q.iam.gserviceaccount.com"]}),
    );
    assert_eq!(world.kinds(&question(C)), [K::MemberMisspelled]);
}

#[test]
fn a_caller_of_a_kind_that_its_address_is_not_of() {
    let world = World::new();
    for (caller, write) in [
        ("user:c@q.iam.gserviceaccount.com", C),
        ("serviceAccount:ana@example.com", "user:ana@example.com"),
    ] {
        let causes = world.causes(&question(caller));
        assert_eq!(
            world.kinds(&question(caller)),
            [K::CallerNotFound],
            "{caller}"
        );
        assert!(causes[0].remedy.contains(write), "{}", causes[0].remedy);
    }
}

#[test]
fn a_pod_that_runs_as_default_stands_for_its_namespace() {
    let world = World::new();
    for caller in [
        "serviceAccount:q.svc.id.goog[shop/default]",
        "principal://iam.googleapis.com/projects/20/locations/global/workloadIdentityPools/q.svc.id.goog/subject/ns/shop/sa/default",
    ] {
        let question = Question {
            caller: who(caller),
            ..question(C)
        };
        let answer = explain(&world.estate(), &question);
        let causes = diagnose(&world.estate(), &answer);
        let remedy = &causes[0].remedy;
        assert!(
            remedy.contains("every pod of the namespace shop"),
            "{remedy}"
        );
        assert!(remedy.contains("serviceAccountName"), "{remedy}");
    }
    let own = Question {
        caller: who("serviceAccount:q.svc.id.goog[shop/api]"),
        ..question(C)
    };
    let answer = explain(&world.estate(), &own);
    let causes = diagnose(&world.estate(), &answer);
    assert!(!causes[0].remedy.contains("serviceAccountName"));
}
