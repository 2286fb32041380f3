//! docs/semantics.md, "What people run into".

use serde_json::{Value, json};

use super::{C, POOL, T, TOKEN_CREATOR, World, question};
use crate::evaluate::{Cause, CauseKind, Outcome, Question, Verdict};

const WORKLOAD_IDENTITY_USER: &str = "roles/iam.workloadIdentityUser";

fn github() -> Question {
    question(&format!(
        "principal://{POOL}/subject/repo:o/billing:ref:refs/heads/main"
    ))
}

fn with(attributes: &[(&str, &str)]) -> Question {
    let mut question = github();
    question.attributes = attributes
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    question
}

fn claims(claims: Value) -> Question {
    let mut question = github();
    question.claims = Some(std::sync::Arc::new(claims));
    question
}

fn provider(mapping: Value, condition: Option<&str>) -> Value {
    json!({"name": "projects/20/locations/global/workloadIdentityPools/gh/providers/github",
        "attributeMapping": mapping, "attributeCondition": condition,
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"}})
}

fn only(world: &World, question: &Question, kind: CauseKind) -> Cause {
    assert_eq!(world.explain(question).outcome, Outcome::WouldFail);
    let causes = world.causes(question);
    let kinds: Vec<_> = causes.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [kind], "{causes:?}");
    causes.into_iter().next().unwrap()
}

#[test]
fn a_federated_principal_under_the_wrong_value_pool_or_subject_is_named() {
    for (member, question, words) in [
        (
            format!("principalSet://{POOL}/attribute.repository/o/billing-api"),
            with(&[("repository", "o/billing")]),
            "the caller's repository is o/billing",
        ),
        (
            format!("principalSet://{POOL}/group/admins"),
            with(&[("groups", "devs")]),
            "the caller's groups is devs",
        ),
        (
            format!("principalSet://{}/*", POOL.replace("gh", "gitlab")),
            github(),
            "the member names the pool projects/20/locations/global/workloadIdentityPools/gitlab",
        ),
        (
            format!("principalSet://{}/*", POOL.replace("/20/", "/10/")),
            github(),
            "the caller comes from the pool projects/20/",
        ),
        (
            format!("principal://{POOL}/subject/repo:o/other"),
            github(),
            "its subject is another one",
        ),
    ] {
        let world = World::new().grant("t", WORKLOAD_IDENTITY_USER, &member);
        let cause = only(&world, &question, CauseKind::FederatedMismatch);
        assert!(cause.message.contains(words), "{}", cause.message);
    }
}

#[test]
fn claims_go_through_the_providers_mapping_and_condition() {
    let mapping =
        json!({"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"});
    let token = json!({"iss": "https://token.actions.githubusercontent.com",
        "sub": "repo:o/billing:ref:refs/heads/main", "repository": "o/billing", "repository_owner": "o"});
    let member = format!("principalSet://{POOL}/attribute.repository/o/billing");
    let world = |condition| {
        World::new()
            .grant("t", WORKLOAD_IDENTITY_USER, &member)
            .with("providers", provider(mapping.clone(), condition))
    };
    assert_eq!(
        world(None).explain(&claims(token.clone())).verdict,
        Verdict::CanAccess
    );
    let met = "attribute.repository.startsWith('o/') && assertion.repository_owner == 'o'";
    assert_eq!(
        world(Some(met)).explain(&claims(token.clone())).verdict,
        Verdict::CanAccess
    );
    // The provider lets nobody in who does not meet its condition.
    let refusing = "assertion.repository_owner == 'GITHUB_ORG'";
    let cause = only(
        &world(Some(refusing)),
        &claims(token.clone()),
        CauseKind::ProviderRefuses,
    );
    assert!(
        cause.message.contains(
            "The attribute condition of the provider github of the pool gh refuses the token"
        ),
        "{}",
        cause.message
    );
    // IAM's answer is that of the policies.
    let refused = world(Some(refusing)).explain(&claims(token.clone()));
    assert_eq!(refused.verdict, Verdict::CanAccess);
    assert!(cause.message.contains(refusing), "{}", cause.message);
    // What the mapping leaves out is no attribute.
    let unmapped = World::new()
        .grant("t", WORKLOAD_IDENTITY_USER, &member)
        .with(
            "providers",
            provider(json!({"google.subject": "assertion.sub"}), None),
        );
    for question in [
        claims(token),
        github(),
        with(&[("repository", "o/billing")]),
    ] {
        let cause = only(&unmapped, &question, CauseKind::AttributeNotMapped);
        assert!(
            cause
                .message
                .contains("the provider github does not map attribute.repository"),
            "{}",
            cause.message
        );
    }
}

#[test]
fn token_creator_for_the_account_itself_where_the_federated_principal_was_meant() {
    let target = format!("serviceAccount:{T}");
    for (on, role) in [("p", TOKEN_CREATOR), ("t", WORKLOAD_IDENTITY_USER)] {
        let world = World::new().grant(on, role, &target);
        let cause = only(&world, &github(), CauseKind::FederatedMismatch);
        assert!(
            cause.remedy.contains(
                "Workload Identity User (roles/iam.workloadIdentityUser) on the account t itself"
            ),
            "{}",
            cause.remedy
        );
        assert!(
            cause
                .remedy
                .contains(&format!("principal://{POOL}/subject/repo:o/billing")),
            "{}",
            cause.remedy
        );
    }
    // For a service account that calls it is the other cause.
    let world = World::new().grant("p", TOKEN_CREATOR, &target);
    only(&world, &question(C), CauseKind::SelfGrant);
}

#[test]
fn members_that_no_identity_can_match_say_so() {
    for (member, words) in [
        (
            format!("principalSet://{POOL}/subject/repo:o/billing"),
            "one subject needs principal://",
        ),
        (
            format!("principalSet://{POOL}/attribute.repository/o/r/attribute.ref/main"),
            "two cannot be chained",
        ),
        (
            format!("principal://{POOL}/attribute.repository/o/r"),
            "needs principalSet://",
        ),
    ] {
        let world = World::new().grant("t", WORKLOAD_IDENTITY_USER, &member);
        let cause = only(&world, &github(), CauseKind::FederatedMismatch);
        assert!(cause.message.contains(words), "{}", cause.message);
    }
}

#[test]
fn a_disabled_provider_lets_nobody_in() {
    let mut off = provider(json!({"google.subject": "assertion.sub"}), None);
    off["disabled"] = json!(true);
    let world = World::new()
        .grant(
            "t",
            WORKLOAD_IDENTITY_USER,
            &format!("principalSet://{POOL}/*"),
        )
        .with("providers", off);
    for question in [
        claims(json!({"sub": "repo:o/billing:ref:refs/heads/main"})),
        github(),
    ] {
        let cause = only(&world, &question, CauseKind::PoolUnusable);
        assert!(
            cause
                .message
                .contains("The provider github of the pool gh is disabled"),
            "{}",
            cause.message
        );
    }
}

#[test]
fn a_user_where_a_service_account_calls_or_the_reverse() {
    for (member, caller) in [
        ("user:c@example.com", C),
        ("user:c@q.iam.gserviceaccount.com", C),
        (
            "serviceAccount:ana@q.iam.gserviceaccount.com",
            "user:ana@example.com",
        ),
    ] {
        let world = World::new().grant("t", TOKEN_CREATOR, member);
        only(&world, &question(caller), CauseKind::MemberKindMismatch);
    }
}

#[test]
fn owner_and_editor_are_taken_for_enough() {
    for role in ["roles/owner", "roles/editor"] {
        for on in ["p", "2", "1"] {
            let world = World::new().grant(on, role, "user:ana@example.com");
            only(
                &world,
                &question("user:ana@example.com"),
                CauseKind::BasicRoleNotEnough,
            );
        }
    }
    let viewer = World::new().grant("p", "roles/viewer", "user:ana@example.com");
    only(
        &viewer,
        &question("user:ana@example.com"),
        CauseKind::NoGrant,
    );
}

#[test]
fn a_grant_on_the_wrong_project_or_account() {
    for (on, kind) in [
        ("q", CauseKind::GrantOnCallersProject),
        ("c", CauseKind::GrantElsewhere),
        ("3", CauseKind::GrantElsewhere),
    ] {
        only(
            &World::new().grant(on, TOKEN_CREATOR, C),
            &question(C),
            kind,
        );
    }
    // The namesake of another project, and another account of the same one.
    for email in ["t@q.iam.gserviceaccount.com", "n@p.iam.gserviceaccount.com"] {
        let project = if email.starts_with('t') { "q" } else { "p" };
        let name = format!("projects/{project}/serviceAccounts/{email}");
        let mut world = World::new().set(
            "iamPolicies",
            &name,
            json!({"bindings": [{"role": TOKEN_CREATOR, "members": [C]}]}),
        );
        if project == "q" {
            world = world.with(
                "serviceAccounts",
                json!({"name": name, "email": email, "projectId": "q", "uniqueId": "109"}),
            );
        }
        only(&world, &question(C), CauseKind::GrantElsewhere);
    }
}

#[test]
fn a_deleted_and_recreated_account_is_told_by_its_unique_id() {
    let deleted = |uid: &str| {
        World::new().grant(
            "t",
            TOKEN_CREATOR,
            &format!("deleted:serviceAccount:c@q.iam.gserviceaccount.com?uid={uid}"),
        )
    };
    let cause = only(&deleted("200"), &question(C), CauseKind::MemberDeleted);
    assert!(
        cause
            .message
            .contains("(unique id 200). The c of today (unique id 201) is another identity"),
        "{}",
        cause.message
    );
    let cause = only(&deleted("201"), &question(C), CauseKind::MemberDeleted);
    assert!(
        cause.message.contains("has that very id"),
        "{}",
        cause.message
    );
}

#[test]
fn the_roles_that_hold_the_permission_are_named() {
    let world = World::new().grant("t", "roles/iam.serviceAccountUser", C);
    let cause = only(&world, &question(C), CauseKind::RoleLacksPermission);
    assert!(
        cause
            .message
            .contains("does not hold iam.serviceAccounts.getAccessToken"),
        "{}",
        cause.message
    );
    assert!(
        cause
            .remedy
            .contains("Service Account Token Creator (roles/iam.serviceAccountTokenCreator)"),
        "{}",
        cause.remedy
    );
}
